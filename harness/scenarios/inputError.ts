/** Something that was read from outside is not what it must be. One line says where and what was expected. */
export interface InputErrorDetail {
  /** As the caller named it. */
  readonly file: string;
  /** JSON pointer (RFC 6901) into the file, "/" for the whole of it; "" where `file` is an option, which has no inside. */
  readonly path: string;
  readonly expected: string;
  readonly found: string;
}

/** One line for whoever wrote the file or gave the option. The command line ends with 64 for it. */
export class InputError extends Error {
  override readonly name = "InputError";
  readonly detail: InputErrorDetail;

  constructor(detail: InputErrorDetail) {
    const place = detail.path === "" ? detail.file : `${detail.file}: ${detail.path}`;
    super(`${place}: expected ${detail.expected}, found ${detail.found}`);
    this.detail = detail;
  }
}

/** A value as one short piece of text. */
export function shown(value: unknown): string {
  if (value === undefined) return "nothing";
  const text = JSON.stringify(value);
  return text.length <= 60 ? text : `${text.slice(0, 57)}...`;
}
