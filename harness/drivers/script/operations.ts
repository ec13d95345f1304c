/** Reads the operation of a `propose` or `read` line. */
import type { ReadLevel } from "../../../protocols/core/index.js";
import type { Operation } from "../../host/index.js";
import { ScriptError } from "./scriptError.js";
import { wholeNumber } from "./words.js";

const WRITE_USAGE = "put KEY VALUE, delete KEY, cas KEY EXPECTED VALUE (nil: absent) or append KEY VALUE";
const READ_USAGE = "get KEY [LEVEL] or range FROM TO LIMIT [LEVEL]";
const LEVELS: readonly string[] = ["linearizable", "sync", "local"] satisfies readonly ReadLevel[];

export function readWrite(words: readonly string[]): Operation {
  const [f, key = "", first = "", second = ""] = words;
  const count = words.length;
  if (f === "put" && count === 3) return { f, key, value: first };
  if (f === "append" && count === 3) return { f, key, value: first };
  if (f === "delete" && count === 2) return { f, key };
  if (f === "cas" && count === 4) return { f, key, expected: first === "nil" ? null : first, value: second };
  throw new ScriptError(`${WRITE_USAGE} expected, found "${words.join(" ")}"`);
}

export function readRead(words: readonly string[]): { readonly operation: Operation; readonly level: ReadLevel } {
  const [f, from = "", to = "", limit = ""] = words;
  const taken = f === "get" ? 2 : 4;
  if ((f !== "get" && f !== "range") || words.length < taken || words.length > taken + 1) {
    throw new ScriptError(`${READ_USAGE} expected, found "${words.join(" ")}"`);
  }
  const level = words[taken] ?? "linearizable";
  if (!LEVELS.includes(level)) throw new ScriptError(`a level is ${LEVELS.join(", ")}, found "${level}"`);
  const operation: Operation = f === "get" ? { f, key: from } : { f, from, to, limit: wholeNumber(limit, "LIMIT", 1) };
  return { operation, level: level as ReadLevel };
}
