/** TLA+ values as TLC prints them, read into data. */

/**
 * - integer, string, boolean: themselves;
 * - tuple or sequence: array;
 * - record: `{ record }`; set: `{ set }` in TLC's order; function: `{ function }` as pairs; model value: `{ model }`;
 * - what this parser does not know (a lazily printed function, for example): `{ text }`, as printed.
 */
export type TlaValue =
  | number
  | string
  | boolean
  | readonly TlaValue[]
  | { readonly record: { readonly [name: string]: TlaValue } }
  | { readonly set: readonly TlaValue[] }
  | { readonly function: readonly (readonly [TlaValue, TlaValue])[] }
  | { readonly model: string }
  | { readonly text: string };

/** Never throws: text that is not understood comes back as `{ text }`. */
export function parseValue(text: string): TlaValue {
  const parser: Parser = { text, at: 0 };
  try {
    const value = readValue(parser);
    skipSpace(parser);
    if (parser.at === text.length) return value;
  } catch (error) {
    if (!(error instanceof NotUnderstood)) throw error;
  }
  return { text: text.trim() };
}

class NotUnderstood extends Error {}

interface Parser {
  readonly text: string;
  at: number;
}

function skipSpace(p: Parser): void {
  while (p.at < p.text.length && /\s/.test(p.text.charAt(p.at))) p.at += 1;
}

function takeIf(p: Parser, token: string): boolean {
  skipSpace(p);
  if (!p.text.startsWith(token, p.at)) return false;
  p.at += token.length;
  return true;
}

function take(p: Parser, token: string): void {
  if (!takeIf(p, token)) throw new NotUnderstood(`${token} expected at ${p.at}`);
}

function readMembers(p: Parser, end: string): TlaValue[] {
  const members: TlaValue[] = [];
  if (takeIf(p, end)) return members;
  do members.push(readValue(p));
  while (takeIf(p, ","));
  take(p, end);
  return members;
}

function readValue(p: Parser): TlaValue {
  if (takeIf(p, "<<")) return readMembers(p, ">>");
  if (takeIf(p, "{")) return { set: readMembers(p, "}") };
  if (takeIf(p, "[")) return readRecord(p);
  if (takeIf(p, "(")) return readFunction(p);
  if (takeIf(p, '"')) return readString(p);
  return readWord(p);
}

function readRecord(p: Parser): TlaValue {
  const record: { [name: string]: TlaValue } = {};
  do {
    skipSpace(p);
    const name = /[A-Za-z_]\w*/y;
    name.lastIndex = p.at;
    const match = name.exec(p.text);
    if (match === null) throw new NotUnderstood("field name expected");
    p.at += match[0].length;
    take(p, "|->");
    record[match[0]] = readValue(p);
  } while (takeIf(p, ","));
  take(p, "]");
  return { record };
}

function readFunction(p: Parser): TlaValue {
  const pairs: (readonly [TlaValue, TlaValue])[] = [];
  do {
    const key = readValue(p);
    take(p, ":>");
    pairs.push([key, readValue(p)]);
  } while (takeIf(p, "@@"));
  take(p, ")");
  return { function: pairs };
}

function readString(p: Parser): string {
  let value = "";
  for (;;) {
    const c = p.text.charAt(p.at);
    if (c === "") throw new NotUnderstood("string without an end");
    p.at += 1;
    if (c === '"') return value;
    if (c !== "\\") value += c;
    else {
      const escaped = p.text.charAt(p.at);
      value += escaped === "n" ? "\n" : escaped === "t" ? "\t" : escaped;
      p.at += 1;
    }
  }
}

function readWord(p: Parser): TlaValue {
  skipSpace(p);
  const number = /-?\d+/y;
  number.lastIndex = p.at;
  const digits = number.exec(p.text);
  if (digits !== null) {
    p.at += digits[0].length;
    return takeIf(p, "..") ? readInterval(p, Number(digits[0])) : Number(digits[0]);
  }
  const word = /[A-Za-z_]\w*/y;
  word.lastIndex = p.at;
  const match = word.exec(p.text);
  if (match === null) throw new NotUnderstood(`value expected at ${p.at}`);
  p.at += match[0].length;
  if (match[0] === "TRUE") return true;
  if (match[0] === "FALSE") return false;
  return { model: match[0] };
}

const INTERVAL_MAX = 10_000;

function readInterval(p: Parser, from: number): TlaValue {
  const to = readWord(p);
  if (typeof to !== "number" || to - from > INTERVAL_MAX) throw new NotUnderstood("interval");
  return { set: Array.from({ length: Math.max(0, to - from + 1) }, (_, i) => from + i) };
}
