/** Where text stops being JSON. The engine's own message names no place for most mistakes. */

const SPACE = /[ \t\r\n]*/y;
// JSON strings may not hold control characters as they are.
// oxlint-disable-next-line no-control-regex
const STRING = /"(?:[^"\\\u0000-\u001f]|\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4}))*"/y;
const PLAIN = /-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?|true|false|null/y;

/** Of brackets in brackets; the stack holds more. */
const DEPTH_MAX = 1000;

/** Where a text stops being JSON, and what could stand there. */
export interface JsonPlace {
  /** From 1. */
  readonly line: number;
  /** From 1, in UTF-16 units. */
  readonly column: number;
  /** What may stand there. */
  readonly expected: string;
}

/** The first place that cannot be JSON, or null if all of it is. */
export function findJsonError(text: string): JsonPlace | null {
  const scan = new Scan(text);
  try {
    scan.value();
    scan.end();
    return null;
  } catch (error) {
    if (!(error instanceof Stop)) throw error;
    const before = text.slice(0, scan.at).split("\n");
    return { line: before.length, column: (before.at(-1) ?? "").length + 1, expected: error.message };
  }
}

class Stop extends Error {}

class Scan {
  at = 0;
  private depth = 0;
  private readonly text: string;
  constructor(text: string) {
    this.text = text;
  }

  value(): void {
    this.take(SPACE);
    if (this.text[this.at] === "{") this.members("}", true);
    else if (this.text[this.at] === "[") this.members("]", false);
    else if (!this.take(STRING) && !this.take(PLAIN)) throw new Stop("a value");
    this.take(SPACE);
  }

  end(): void {
    if (this.at < this.text.length) throw new Stop("the end");
  }

  /** An object or a list, from its opening bracket on. */
  private members(close: string, named: boolean): void {
    if (this.depth === DEPTH_MAX) throw new Stop(`at most ${DEPTH_MAX} levels`);
    this.depth += 1;
    this.at += 1;
    this.take(SPACE);
    if (!this.skip(close)) this.list(close, named);
    this.depth -= 1;
  }

  private list(close: string, named: boolean): void {
    do {
      this.take(SPACE);
      if (named && !this.take(STRING)) throw new Stop("a property's name in double quotes");
      this.take(SPACE);
      if (named && !this.skip(":")) throw new Stop('":"');
      this.value();
    } while (this.skip(","));
    if (!this.skip(close)) throw new Stop(`"," or "${close}"`);
  }

  private take(pattern: RegExp): boolean {
    pattern.lastIndex = this.at;
    const found = pattern.exec(this.text)?.[0];
    this.at += found?.length ?? 0;
    return found !== undefined && found !== "";
  }

  private skip(character: string): boolean {
    if (this.text[this.at] !== character) return false;
    this.at += 1;
    return true;
  }
}
