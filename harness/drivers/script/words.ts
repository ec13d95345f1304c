/** How a script line is taken apart: words, and `name=value` settings among them. */
import { ScriptError } from "./scriptError.js";

export interface Line {
  readonly verb: string;
  /** Words without "=", in order. */
  readonly words: readonly string[];
  readonly settings: ReadonlyMap<string, string>;
}

export function parseLine(text: string): Line {
  const words: string[] = [];
  const settings = new Map<string, string>();
  for (const part of text.split(/\s+/).filter((word) => word.length > 0)) {
    const equals = part.indexOf("=");
    if (equals <= 0) words.push(part);
    else settings.set(part.slice(0, equals), part.slice(equals + 1));
  }
  const [verb = "", ...rest] = words;
  return { verb, words: rest, settings };
}

/** Fails on any setting that the verb does not have, so that a misspelt one is never ignored. */
export function allowSettings(line: Line, names: readonly string[]): void {
  for (const name of line.settings.keys()) {
    if (names.includes(name)) continue;
    const known = names.length === 0 ? "none" : names.join(", ");
    throw new ScriptError(`${line.verb} has no setting "${name}" (it has: ${known})`);
  }
}

/** Fails if there are more words than the verb takes. */
export function allowWords(line: Line, max: number, usage: string): void {
  if (line.words.length > max) throw new ScriptError(`unexpected "${line.words[max]}": ${usage}`);
}

export function wordAt(line: Line, at: number, usage: string): string {
  const word = line.words[at];
  if (word === undefined) throw new ScriptError(`too few words: ${usage}`);
  return word;
}

export function wholeNumber(text: string, what: string, min: number): number {
  const value = Number(text);
  if (!Number.isSafeInteger(value) || value < min) {
    throw new ScriptError(`${what} must be a whole number from ${min}, found "${text}"`);
  }
  return value;
}

export function numberSetting(line: Line, name: string, fallback: number, min: number): number {
  const text = line.settings.get(name);
  return text === undefined ? fallback : wholeNumber(text, name, min);
}
