// All levels of one history, the whole of it: reads of every label count alike.

import type { History } from "../history.js";
import { checkLinearizable } from "../linearizable.js";
import { checkCausal } from "./causal.js";
import { checkEventual } from "./eventual.js";
import { checkGuarantee } from "./guarantees.js";
import { allLevels, implied, includes, type Level, type LevelResult } from "./levels.js";
import { checkRegular } from "./regular.js";
import { checkSequential } from "./sequential.js";
import { checkBoundedStaleness } from "./staleness.js";

/** Limits of the ladder's checks. */
export type LadderOptions = {
  /** For each level, milliseconds, > 0. @default 10000 */
  readonly deadlineMs?: number;
  /** For each level, bytes above the history, > 0. @default 1 GiB */
  readonly memoryBytesMax?: number;
  /** Decide every level by its own checker instead of by what other levels imply. @default false */
  readonly independent?: boolean;
};

/** Every level's verdict, and the strongest that hold. */
export type LadderResult = {
  readonly levels: readonly LevelResult[];
  /** Levels that hold, without those that follow from another level that holds. */
  readonly maximal: readonly Level[];
};

/** The history with every read counted, whatever level it was asked for at. */
export function withAllReads(h: History): History {
  return h.levels.length === 1 ? h : { ...h, level: new Uint8Array(h.count) };
}

/** Decides one level by its own checker. All reads count. */
export function checkLevel(h: History, level: Level, options: LadderOptions = {}): LevelResult {
  const deadlineMs = options.deadlineMs ?? 10_000;
  const memoryBytesMax = options.memoryBytesMax ?? 1 << 30;
  const whole = withAllReads(h);
  switch (level) {
    case "linearizable": {
      const { verdict, reason, witness } = checkLinearizable(whole, { deadlineMs, memoryBytesMax });
      return {
        level,
        verdict,
        ...(reason === undefined ? {} : { reason }),
        ...(witness === undefined ? {} : { witness }),
      };
    }
    case "regular":
      return checkRegular(whole);
    case "sequential":
      return checkSequential(h, deadlineMs, memoryBytesMax);
    case "causal":
    case "causal-memory":
    case "causal-convergence":
      return checkCausal(whole, level, deadlineMs, memoryBytesMax);
    case "read-your-writes":
    case "monotonic-reads":
    case "monotonic-writes":
    case "writes-follow-reads":
      return checkGuarantee(whole, level, deadlineMs, memoryBytesMax);
    case "bounded-staleness":
      return checkBoundedStaleness(whole, deadlineMs, memoryBytesMax);
    case "eventual":
      return checkEventual(whole);
  }
}

/** Every level of the ladder, strongest first, and the maximal ones that hold. */
export function checkLadder(h: History, options: LadderOptions = {}): LadderResult {
  const results = new Map<Level, LevelResult>();
  for (const level of allLevels) {
    const known = options.independent === true ? undefined : fromOthers(results, level);
    results.set(level, known ?? settled(results, checkLevel(h, level, options), options));
  }
  if (options.independent !== true) passOn(results);
  const levels = allLevels.map((level) => results.get(level) as LevelResult);
  const holding = levels.filter((result) => result.verdict === "ok").map((result) => result.level);
  const maximal = holding.filter((level) => !holding.some((other) => other !== level && includes(other, level)));
  return { levels, maximal };
}

/** A level that follows from one that holds needs no check; its bound and ages do. */
function fromOthers(results: ReadonlyMap<Level, LevelResult>, level: Level): LevelResult | undefined {
  if (level === "bounded-staleness") return undefined;
  for (const [stronger, result] of results) {
    if (result.verdict === "ok" && includes(stronger, level)) return { level, verdict: "ok", from: stronger };
  }
  return undefined;
}

/** A level whose own checker found no bound holds all the same where a stronger one does; only its bound stays unknown. */
function settled(results: ReadonlyMap<Level, LevelResult>, result: LevelResult, options: LadderOptions): LevelResult {
  if (result.verdict !== "unknown" || options.independent === true) return result;
  for (const [stronger, { verdict }] of results) {
    if (verdict === "ok" && includes(stronger, result.level))
      return { level: result.level, verdict: "ok", from: stronger };
  }
  return result;
}

/** What the checkers left open but the ladder decides: a violated level violates every level above it. */
function passOn(results: Map<Level, LevelResult>): void {
  for (const level of [...allLevels].reverse()) {
    const result = results.get(level) as LevelResult;
    if (result.verdict !== "violated") continue;
    for (const stronger of allLevels) {
      if (stronger === level || !implied[stronger].includes(level)) continue;
      if (results.get(stronger)?.verdict === "unknown")
        results.set(stronger, { ...result, level: stronger, from: level });
    }
  }
}
