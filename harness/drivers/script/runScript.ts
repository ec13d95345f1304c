/**
 * Plays a script file and compares. A file is comments (`#`), and cases of one or more lines to play, a line `----`, and
 * the expected output up to a blank line (the output of a case is never blank in between):
 *
 *     # what the reader should notice
 *     deliver from=n1 to=n3
 *     ----
 *     n1->n3 RequestVote term=1 last=0/0
 */
import { type AnyModule, AssertionError } from "../../../protocols/core/index.js";
import { ScriptError } from "./scriptError.js";
import { type Played, playedText, ScriptSession } from "./session.js";

const SEPARATOR = "----";

export interface Mismatch {
  /** 1-based line of the separator. */
  readonly line: number;
  /** The lines that were played. */
  readonly command: string;
  readonly expected: string;
  readonly actual: string;
}

export interface ScriptResult {
  /** The whole file with the actual output in place of the expected one. */
  readonly output: string;
  readonly mismatches: readonly Mismatch[];
  /** Cases that were compared; a file without any proves nothing. */
  readonly cases: number;
}

export interface ScriptOptions {
  readonly module: AnyModule;
  /** For error messages. */
  readonly file: string;
}

/** Throws ScriptError with `file:line: what is wrong` if a line cannot be played. */
export function runScript(text: string, { module, file }: ScriptOptions): ScriptResult {
  const session = new ScriptSession([module]);
  const lines = text.replace(/\n+$/, "").split("\n");
  const output: string[] = [];
  const mismatches: Mismatch[] = [];
  let commands: string[] = [];
  let played: Played[] = [];
  let cases = 0;
  for (let at = 0; at < lines.length; at += 1) {
    const line = lines[at] as string;
    const place = `${file}:${at + 1}`;
    output.push(line);
    if (line !== SEPARATOR) {
      if (line.trim() === "" || line.startsWith("#")) continue;
      commands.push(line);
      played.push(play(session, line, place));
      continue;
    }
    if (commands.length === 0) throw new ScriptError(`${place}: "${SEPARATOR}" without a line to play before it`);
    const end = lines.indexOf("", at + 1);
    const expectedLines = lines.slice(at + 1, end < 0 ? lines.length : end);
    const expected = expectedLines.join("\n");
    const actual = playedText(played);
    if (actual !== expected) mismatches.push({ line: at + 1, command: commands.join("\n"), expected, actual });
    if (actual !== "") output.push(actual);
    cases += 1;
    at += expectedLines.length;
    commands = [];
    played = [];
  }
  if (commands.length > 0) throw new ScriptError(`${file}:${lines.length}: "${SEPARATOR}" and its output are missing`);
  return { output: `${output.join("\n")}\n`, mismatches, cases };
}

function play(session: ScriptSession, line: string, place: string): Played {
  try {
    return session.play(line);
  } catch (error) {
    if (error instanceof ScriptError) throw new ScriptError(`${place}: ${error.message}`);
    // A broken invariant of a core: the place in the script is what its author needs first.
    if (error instanceof AssertionError) throw new Error(`${place}: ${line}: ${error.message}`, { cause: error });
    throw error;
  }
}
