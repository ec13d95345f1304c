// A reader of EDN, the notation that Jepsen writes: one top-level form at a time, with the line it starts in.

import { HistoryFormatError, type HistoryValue } from "../../record/history.js";

/** A keyword or symbol; everything else becomes the JSON value it resembles. Sets and lists become lists. */
export type EdnValue = HistoryValue | Keyword | readonly EdnValue[] | EdnMap;

/** `:name`, or a symbol. */
export class Keyword {
  readonly name: string;
  constructor(name: string) {
    this.name = name;
  }
}

/** A map, its entries in the order of the text; `line` is where it opens. */
export class EdnMap {
  readonly line: number;
  readonly entries: readonly (readonly [EdnValue, EdnValue])[];
  constructor(line: number, entries: readonly (readonly [EdnValue, EdnValue])[]) {
    this.line = line;
    this.entries = entries;
  }

  /** The value under a keyword, or undefined. */
  get(name: string): EdnValue | undefined {
    for (const [key, value] of this.entries) if (key instanceof Keyword && key.name === name) return value;
    return undefined;
  }
}

const delimiters = new Set([" ", "\t", "\n", "\r", ",", "(", ")", "[", "]", "{", "}", '"', ";"]);
const escapes: { readonly [letter: string]: string } = {
  n: "\n",
  t: "\t",
  r: "\r",
  '"': '"',
  "\\": "\\",
  b: "\b",
  f: "\f",
};

/** Pulls forms out of a text that comes in pieces; no more of it is held than a form needs and a piece. */
export class EdnReader {
  private readonly pieces: Iterator<string>;
  private readonly file: string;
  private text = "";
  private at = 0;
  private line = 1;

  constructor(pieces: Iterable<string>, file: string) {
    this.pieces = pieces[Symbol.iterator]();
    this.file = file;
  }

  /** The elements of the text: those of one outer list or vector, or the top-level forms themselves. @throws {HistoryFormatError} */
  *elements(): Generator<EdnValue> {
    const close = this.whole(() => {
      this.skip();
      const open = this.text[this.at];
      if (open !== "[" && open !== "(") return null;
      this.at += 1;
      return open === "[" ? "]" : ")";
    });
    for (;;) {
      const element = this.whole(() => this.element(close));
      if (element === undefined) return;
      yield element;
    }
  }

  /** Reads no further; lets go of where the pieces come from. */
  close(): void {
    this.pieces.return?.();
  }

  /** The next element, or undefined. */
  private element(close: string | null): EdnValue | undefined {
    this.skip();
    if (this.at >= this.text.length) {
      if (close !== null) this.bad(`"${close}" at the end of the history`);
      return undefined;
    }
    if (this.text[this.at] !== close) return this.form();
    this.at += 1;
    this.skip();
    if (this.at < this.text.length) this.bad("nothing after the end of the history");
    return undefined;
  }

  /** What `read` reads. If that came to the end of what is here of the text, it reads again with more of it. */
  private whole<T>(read: () => T): T {
    for (;;) {
      const { at, line } = this;
      let problem: unknown = null;
      let result: T | undefined;
      try {
        result = read();
      } catch (error) {
        problem = error;
      }
      if (this.at < this.text.length || !this.refill(at, line)) {
        if (problem !== null) throw problem;
        return result as T;
      }
    }
  }

  /** Goes back to `at` with at least as much text again behind it. False: there is no more. */
  private refill(at: number, line: number): boolean {
    const kept = this.text.slice(at);
    let more = "";
    while (more.length <= kept.length) {
      const next = this.pieces.next();
      if (next.done === true) break;
      more += next.value;
    }
    if (more === "") return false;
    this.text = kept + more;
    this.at = 0;
    this.line = line;
    return true;
  }

  bad(expected: string, line = this.line): never {
    throw new HistoryFormatError(this.file, line, expected);
  }

  private skip(): void {
    for (; this.at < this.text.length; this.at++) {
      const c = this.text[this.at] as string;
      if (c === "\n") this.line += 1;
      else if (c === ";") {
        while (this.at + 1 < this.text.length && this.text[this.at + 1] !== "\n") this.at += 1;
      } else if (c === "#" && this.text[this.at + 1] === "_") {
        this.at += 2;
        this.skip();
        this.form();
        this.at -= 1;
      } else if (c !== " " && c !== "\t" && c !== "\r" && c !== ",") return;
    }
  }

  private form(): EdnValue {
    const c = this.text[this.at];
    switch (c) {
      case "{":
        return this.map();
      case "[":
        return this.sequence("]");
      case "(":
        return this.sequence(")");
      case '"':
        return this.string();
      case "#":
        return this.dispatch();
      case undefined:
        return this.bad("a value before the end of the file");
      case "}":
      case "]":
      case ")":
        return this.bad(`a value instead of "${c}"`);
      default:
        return this.atom();
    }
  }

  private sequence(close: string): readonly EdnValue[] {
    const from = this.line;
    this.at += 1;
    const items: EdnValue[] = [];
    for (;;) {
      this.skip();
      if (this.at >= this.text.length) this.bad(`"${close}" for what opens here`, from);
      if (this.text[this.at] === close) {
        this.at += 1;
        return items;
      }
      items.push(this.form());
    }
  }

  private map(): EdnMap {
    const line = this.line;
    const items = this.sequence("}");
    if (items.length % 2 === 1) this.bad("a value for every key of the map", line);
    const entries: [EdnValue, EdnValue][] = [];
    for (let i = 0; i < items.length; i += 2) entries.push([items[i] as EdnValue, items[i + 1] as EdnValue]);
    return new EdnMap(line, entries);
  }

  /** `#{set}` is a list; `#tag form` is the form; `#"regex"` is its text. */
  private dispatch(): EdnValue {
    this.at += 1;
    const c = this.text[this.at];
    if (c === "{") return this.sequence("}");
    if (c === '"') return this.string();
    this.token();
    this.skip();
    return this.form();
  }

  private string(): string {
    const from = this.line;
    let result = "";
    for (this.at += 1; this.at < this.text.length; this.at++) {
      const c = this.text[this.at] as string;
      if (c === '"') {
        this.at += 1;
        return result;
      }
      if (c === "\n") this.line += 1;
      if (c !== "\\") result += c;
      else {
        this.at += 1;
        const letter = this.text[this.at] ?? "";
        if (letter === "u") {
          result += String.fromCharCode(Number.parseInt(this.text.slice(this.at + 1, this.at + 5), 16));
          this.at += 4;
        } else result += escapes[letter] ?? letter;
      }
    }
    return this.bad("the end of the string that opens here", from);
  }

  private token(): string {
    const from = this.at;
    while (this.at < this.text.length && !delimiters.has(this.text[this.at] as string)) this.at += 1;
    if (this.at === from) this.bad(`a value instead of "${this.text[this.at]}"`);
    return this.text.slice(from, this.at);
  }

  private atom(): EdnValue {
    if (this.text[this.at] === "\\") {
      this.at += 1;
      const from = this.at;
      this.at += 1;
      while (this.at < this.text.length && !delimiters.has(this.text[this.at] as string)) this.at += 1;
      return this.text.slice(from, this.at);
    }
    const token = this.token();
    if (token === "nil") return null;
    if (token === "true") return true;
    if (token === "false") return false;
    if (token.startsWith(":")) return new Keyword(token.slice(1));
    const number = /^[+-]?\d+N?$/.test(token) || /^[+-]?\d+(\.\d*)?([eE][+-]?\d+)?M?$/.test(token);
    if (number) return Number(token.replace(/[NM]$/, ""));
    return new Keyword(token);
  }
}

/** EDN as JSON: keywords become their names, map keys their texts. */
export function jsonOfEdn(value: EdnValue): HistoryValue {
  if (value instanceof Keyword) return value.name;
  if (value instanceof EdnMap) {
    return Object.fromEntries(
      value.entries.map(([key, entry]) => {
        const name = jsonOfEdn(key);
        return [typeof name === "string" ? name : JSON.stringify(name), jsonOfEdn(entry)];
      }),
    );
  }
  if (Array.isArray(value)) return (value as readonly EdnValue[]).map(jsonOfEdn);
  return value as HistoryValue;
}
