// The door for people and scripts: check a file, check a manifest of files.

import { readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { HistoryFormatError, type HistoryValue } from "../record/history.js";
import { type BuiltinModel, builtinModels } from "./builtin.js";
import { historyPage } from "./explain/page.js";
import { labelOf, operationLine, timeInWords, witnessInWords } from "./explain/words.js";
import type { History, OperationView } from "./history.js";
import { checkLadder, checkLevel, type LadderResult, withAllReads } from "./ladder/all.js";
import type { Level, LevelResult } from "./ladder/levels.js";
import { checkLinearizable, type LinearizableResult, type Verdict } from "./linearizable.js";
import { longestLegalPrefix } from "./prefix.js";
import { type HistoryFormat, readHistoryFile } from "./read/index.js";
import { staleReads } from "./stale.js";
import { verifyOrder, verifyWitness } from "./verify/verifier.js";

/** What to check a file for, how to read it, and the limits. */
export type CheckFileOptions = {
  /** @default "linearizable", over writes and the reads that were asked for at that level */
  readonly level?: Level | "all";
  /** @default "kv" */
  readonly model?: BuiltinModel;
  /** Recognised by the first characters if not given. */
  readonly format?: HistoryFormat;
  /** What every key holds at the start. @default as the model and format say */
  readonly initial?: HistoryValue;
  readonly failedCas?: "dropped" | "notEqual";
  readonly nullRead?: "value" | "unconstrained";
  /** Milliseconds after reading, > 0; for `all`, per level. @default 60000 */
  readonly deadlineMs?: number;
  /** Bytes above the history, > 0. @default 1 GiB */
  readonly memoryBytesMax?: number;
};

/** What proves the verdict, and whether the separate verifier accepts it. */
export type Certificate = {
  readonly kind: "order" | "witness";
  /** Confirmed by the separate verifier. */
  readonly confirmed: boolean;
  readonly problem?: string;
};

/** Verdict, proof and words for one file. */
export type CheckFileResult = {
  readonly verdict: Verdict;
  readonly level: Level | "all";
  readonly model: BuiltinModel;
  readonly operations: number;
  readonly parseMs: number;
  /** The check alone. */
  readonly wallMs: number;
  readonly reason?: string;
  readonly witness?: readonly OperationView[];
  readonly certificate?: Certificate;
  readonly levels?: readonly LevelResult[];
  readonly maximal?: readonly Level[];
  /** Reads older than real time permits, by the level they were asked for at. */
  readonly staleReads: { readonly [level: string]: number };
  /** The verdict and its reason for people, several lines. */
  readonly text: string;
  /** The HTML page, made when asked for. */
  page(): string;
};

/** Milliseconds that a page takes to look for the longest legal beginning. */
const prefixMs = 1000;

/** Checks one file. @throws {HistoryFormatError} for bad input; file system errors as they are. */
export function checkFile(path: string, options: CheckFileOptions = {}): CheckFileResult {
  const startedMs = performance.now();
  const h = readHistoryFile(path, readOptions(options));
  const parseMs = performance.now() - startedMs;
  return checkHistory(h, options, parseMs);
}

/** The same for a history in memory. */
export function checkHistory(h: History, options: CheckFileOptions = {}, parseMs = 0): CheckFileResult {
  const level = options.level ?? "linearizable";
  const model = options.model ?? "kv";
  const common = { level, model, parseMs, staleReads: staleReads(h) };
  if (level === "all") return { ...common, ...ladderFields(h, options) };
  if (level !== "linearizable") return { ...common, ...levelFields(h, level, options) };
  const limits = limitsOf(options);
  const result = checkLinearizable(h, { ...limits, model, order: true });
  const certificate = certify(h, result);
  const { verdict, operations, wallMs } = result;
  const rows = result.witnessRows ?? [];
  const text = linearizableInWords(h, result);
  return {
    ...common,
    verdict,
    operations,
    wallMs,
    ...(result.reason === undefined ? {} : { reason: result.reason }),
    ...(result.witness === undefined ? {} : { witness: result.witness }),
    ...(certificate === undefined ? {} : { certificate }),
    text,
    page: () =>
      historyPage(h, {
        title: `${h.file}: ${level}`,
        verdict: text.split("\n")[0] as string,
        witness: rows,
        prefix: prefixOf(h, result),
        explanation: rows.length === 0 ? [] : text.split("\n").slice(1 + rows.length),
      }),
  };
}

/** What the page numbers; else what the search had reached when it found no way on. */
function prefixOf(h: History, result: LinearizableResult): readonly number[] {
  const first = result.witnessRows?.[0];
  const prefix = first === undefined ? [] : longestLegalPrefix(h, first, prefixMs);
  return prefix.length > 0 ? prefix : (result.prefix ?? []);
}

function readOptions(options: CheckFileOptions): Parameters<typeof readHistoryFile>[1] {
  const { format, initial, failedCas, nullRead, model } = options;
  return {
    ...(model === "kv-append" ? { initial: "" } : {}),
    ...(format === undefined ? {} : { format }),
    ...(initial === undefined ? {} : { initial }),
    ...(failedCas === undefined ? {} : { failedCas }),
    ...(nullRead === undefined ? {} : { nullRead }),
  };
}

function limitsOf(options: CheckFileOptions): { deadlineMs?: number; memoryBytesMax?: number } {
  return {
    ...(options.deadlineMs === undefined ? {} : { deadlineMs: options.deadlineMs }),
    ...(options.memoryBytesMax === undefined ? {} : { memoryBytesMax: options.memoryBytesMax }),
  };
}

function certify(h: History, result: LinearizableResult): Certificate | undefined {
  if (result.order !== undefined) return { kind: "order", ...verifyOrder(h, result.order) };
  if (result.witnessRows !== undefined) return { kind: "witness", ...verifyWitness(h, result.witnessRows) };
  return undefined;
}

function linearizableInWords(h: History, result: LinearizableResult): string {
  const n = `${result.operations} operations`;
  if (result.verdict === "ok" && result.operations === 0) return "Linearizable, but empty: there was nothing to check.";
  if (result.verdict === "ok") return `Linearizable: ${n} have an order that is legal and keeps real time.`;
  if (result.verdict === "unknown") return `Unknown: ${result.reason}.`;
  const head = `Not linearizable: ${result.reason}.`;
  return `${head}\n${witnessInWords(h, result.witnessRows ?? [], result.witness ?? [])}`;
}

type Fields = Omit<CheckFileResult, "level" | "model" | "parseMs" | "staleReads">;

function levelFields(h: History, level: Level, options: CheckFileOptions): Fields {
  const startedMs = performance.now();
  const result = checkLevel(h, level, limitsOf(options));
  const { verdict, reason, witness } = result;
  const text = levelInWords(h, result);
  return {
    verdict,
    operations: h.count,
    wallMs: performance.now() - startedMs,
    ...(reason === undefined ? {} : { reason }),
    ...(witness === undefined ? {} : { witness }),
    levels: [result],
    text,
    page: () => pageOf(h, [result], text),
  };
}

function ladderFields(h: History, options: CheckFileOptions): Fields {
  const startedMs = performance.now();
  const ladder = checkLadder(h, limitsOf(options));
  const text = ladderInWords(h, ladder);
  const broken = ladder.levels.find((result) => result.verdict === "violated");
  const open = ladder.levels.find((result) => result.verdict === "unknown");
  return {
    verdict: broken !== undefined ? "violated" : open !== undefined ? "unknown" : "ok",
    operations: h.count,
    wallMs: performance.now() - startedMs,
    ...(broken?.reason === undefined ? {} : { reason: `${broken.level}: ${broken.reason}` }),
    ...(broken?.witness === undefined ? {} : { witness: broken.witness }),
    levels: ladder.levels,
    maximal: ladder.maximal,
    text,
    page: () => pageOf(h, ladder.levels, text),
  };
}

function pageOf(h: History, levels: readonly LevelResult[], text: string): string {
  const broken = levels.find((result) => result.verdict === "violated");
  const witness = (broken?.witness ?? []).map((view) => view.operation);
  const [verdict = "", ...details] = text.split("\n");
  const explanation = broken === undefined ? [] : [`The drawing shows what breaks ${broken.level}.`];
  return historyPage(withAllReads(h), { title: h.file, verdict, witness, prefix: [], explanation, details });
}

function levelInWords(h: History, result: LevelResult): string {
  const lines = [`${result.level}: ${result.verdict}${result.reason === undefined ? "" : `, ${result.reason}`}`];
  if (result.from !== undefined) lines[0] += ` (follows from ${result.from})`;
  if (result.bound !== undefined)
    lines.push(`  smallest bound: ${h.timed ? timeInWords(result.bound) : `${result.bound} events`}`);
  const { ages } = result;
  if (ages !== undefined && ages.stale > 0) {
    const say = (ns: number): string => (h.timed ? timeInWords(ns) : `${ns} events`);
    lines.push(
      `  ${ages.stale} of ${ages.reads} reads stale; age p50 ${say(ages.p50)}, p90 ${say(ages.p90)}, p99 ${say(ages.p99)}, max ${say(ages.max)}`,
    );
  }
  for (const [n, view] of (result.witness ?? []).entries()) lines.push(`  ${operationLine(labelOf(n), view, h.timed)}`);
  return lines.join("\n");
}

function ladderInWords(h: History, ladder: LadderResult): string {
  const head =
    ladder.maximal.length === 0
      ? "No level is known to hold."
      : `Strongest levels that hold: ${ladder.maximal.join(", ")}.`;
  return [head, ...ladder.levels.map((result) => levelInWords(h, result))].join("\n");
}

/** One line of a manifest and what came of it. */
export type ManifestRow = {
  readonly file: string;
  readonly expected: string;
  readonly verdict: Verdict;
  readonly operations: number;
  readonly agrees: boolean;
  readonly wallMs: number;
};

/** What came of all lines of a manifest. */
export type ManifestResult = {
  /** ok: all agree. violated: some verdict is another. unknown: none is another, but some are unknown. */
  readonly verdict: Verdict;
  readonly rows: readonly ManifestRow[];
  readonly agreeing: number;
  readonly operations: number;
  readonly wallMs: number;
  readonly text: string;
};

const manifestHeader = ["file", "model", "ops", "expected"];
const expectations = ["linearizable", "not-linearizable", "none"];

/**
 * Checks every history that a manifest lists: tab-separated lines `file model ops expected` under that header; files are
 * relative to the manifest; expected is linearizable, not-linearizable or none (only that it can be read).
 * @throws {HistoryFormatError} for a bad manifest or history.
 */
export function checkManifest(path: string, options: Omit<CheckFileOptions, "level" | "model"> = {}): ManifestResult {
  const lines = readFileSync(path, "utf8")
    .replace(/^\uFEFF/, "")
    .split(/\r?\n/);
  if ((lines[0] ?? "").split("\t").join() !== manifestHeader.join()) {
    throw new HistoryFormatError(path, 1, `the header ${manifestHeader.join(" ")}, separated by tabs`);
  }
  const rows: ManifestRow[] = [];
  for (const [n, line] of lines.entries()) {
    if (n === 0 || line.trim() === "") continue;
    rows.push(checkManifestLine(path, n + 1, line, options));
  }
  const wrong = rows.filter((row) => !row.agrees && row.verdict !== "unknown");
  const unknown = rows.filter((row) => !row.agrees && row.verdict === "unknown");
  const agreeing = rows.length - wrong.length - unknown.length;
  const sum = (of: (row: ManifestRow) => number): number => rows.reduce((total, row) => total + of(row), 0);
  const say = (row: ManifestRow): string => `  ${row.file}: expected ${row.expected}, got ${row.verdict}`;
  const text = [
    `${agreeing} of ${rows.length} histories agree with the manifest.`,
    ...[...wrong, ...unknown].map(say),
  ].join("\n");
  const verdict = wrong.length > 0 ? "violated" : unknown.length > 0 ? "unknown" : "ok";
  return { verdict, rows, agreeing, operations: sum((row) => row.operations), wallMs: sum((row) => row.wallMs), text };
}

function checkManifestLine(path: string, line: number, text: string, options: CheckFileOptions): ManifestRow {
  const fields = text.split("\t");
  const [file, model, ops, expected] = fields as [string, string, string, string];
  if (fields.length !== 4) throw new HistoryFormatError(path, line, "four fields separated by tabs");
  if (!(builtinModels as readonly string[]).includes(model))
    throw new HistoryFormatError(path, line, `a model: ${builtinModels.join(", ")}`);
  if (!expectations.includes(expected))
    throw new HistoryFormatError(path, line, `an expectation: ${expectations.join(", ")}`);
  const h = readHistoryFile(join(dirname(path), file), readOptions({ ...options, model: model as BuiltinModel }));
  if (h.count !== Number(ops))
    throw new HistoryFormatError(path, line, `${h.count} operations, as the history has, instead of ${ops}`);
  const { verdict, wallMs, operations } = checkLinearizable(h, {
    ...limitsOf(options),
    model: model as BuiltinModel,
    shrinkMs: 0,
  });
  const agrees = expected === "none" || verdict === (expected === "linearizable" ? "ok" : "violated");
  return { file, expected, verdict, operations, agrees, wallMs };
}
