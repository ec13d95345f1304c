// Any history file -> columns. The format is recognised by its first characters unless it is given.

import { closeSync, openSync, readSync } from "node:fs";
import { HistoryBuilder, type InputOptions } from "../builder.js";
import type { History } from "../history.js";
import { readEdn, readEtcdLogLine } from "./jepsen.js";
import { JsonlReader } from "./jsonl.js";
import { forEachLinesOfFile, forEachLinesOfText, lineByLine, type OnLines, piecesOfFile, textOf } from "./lines.js";

/**
 * `jsonl`: one JSON event a line. `edn`: a Jepsen history. `etcd-log`: porcupine's copy of the Jepsen etcd logs, one
 * register, a failed compare-and-set saw another value. `kv-log`: porcupine's key-value logs, one EDN map a line, every
 * key starts as "".
 */
export type HistoryFormat = "jsonl" | "edn" | "etcd-log" | "kv-log";

/** All of them. */
export const historyFormats: readonly HistoryFormat[] = ["jsonl", "edn", "etcd-log", "kv-log"];

/** How to read a file; the format is recognised if it is not given. */
export type ReadOptions = InputOptions & { readonly format?: HistoryFormat };

const formatDefaults: { readonly [format in HistoryFormat]: InputOptions } = {
  jsonl: {},
  edn: { order: "line" },
  "etcd-log": { failedCas: "notEqual" },
  "kv-log": { initial: "" },
};

/** Reads a file. @throws {HistoryFormatError} naming file, line and what was expected; file system errors as they are. */
export function readHistoryFile(path: string, options: ReadOptions = {}): History {
  const format = options.format ?? formatOf(firstBytes(path));
  if (format === "edn" || format === "kv-log") return readPieces(piecesOfFile(path), path, format, options);
  return readLines((onLines) => forEachLinesOfFile(path, onLines), path, format, options);
}

/** The same for a history in memory. */
export function readHistoryText(text: string, options: ReadOptions = {}, file = "history"): History {
  const format = options.format ?? formatOf(text.slice(0, 512));
  if (format === "edn" || format === "kv-log") return readPieces([text.replace(/^\uFEFF/, "")], file, format, options);
  return readLines((onLines) => forEachLinesOfText(text, onLines), file, format, options);
}

function readPieces(pieces: Iterable<string>, file: string, format: HistoryFormat, options: ReadOptions): History {
  const builder = new HistoryBuilder(file, { ...formatDefaults[format], ...inputOptions(options) });
  readEdn(pieces, builder);
  return builder.finish();
}

function readLines(
  lines: (onLines: OnLines) => void,
  file: string,
  format: HistoryFormat,
  options: ReadOptions,
): History {
  const builder = new HistoryBuilder(file, { ...formatDefaults[format], ...inputOptions(options) });
  if (format === "etcd-log") {
    lines(lineByLine((bytes, from, to, line) => readEtcdLogLine(textOf(bytes, from, to), line, builder)));
  } else {
    const reader = new JsonlReader(builder);
    lines((bytes, from, to, shareLeft) => reader.lines(bytes, from, to, shareLeft));
  }
  return builder.finish();
}

function inputOptions(options: ReadOptions): InputOptions {
  const { format: _format, ...input } = options;
  return input;
}

function firstBytes(path: string): string {
  const file = openSync(path, "r");
  try {
    const bytes = new Uint8Array(512);
    const got = readSync(file, bytes, 0, bytes.length, 0);
    return textOf(bytes, 0, got);
  } finally {
    closeSync(file);
  }
}

function formatOf(start: string): HistoryFormat {
  const text = start.trimStart();
  if (text.startsWith("INFO")) return "etcd-log";
  if (/^\{\s*"/.test(text) || text === "") return "jsonl";
  if (/^\{:process\s+\d+,?\s+:type\s+:\w+,?\s+:f\s+:(get|put|append),?\s+:key\s/.test(text)) return "kv-log";
  if (/^[[({;#]/.test(text)) return "edn";
  return "jsonl";
}
