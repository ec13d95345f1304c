/** Why TLC could not be asked. Branch on `code`; the message is for people and is one line per attempt. */
export type ToolErrorCode = "no-java" | "old-java" | "no-jar" | "bad-checksum" | "bad-input";

export class ToolError extends Error {
  override readonly name = "ToolError";
  readonly code: ToolErrorCode;
  constructor(code: ToolErrorCode, message: string) {
    super(message);
    this.code = code;
  }
}
