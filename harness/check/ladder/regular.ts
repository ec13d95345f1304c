// Regular registers: every read by itself fits into some order of the writes.

import { type History, type OperationView, viewOperation } from "../history.js";
import { groupByKey, type KeyGroup, Overwrites, unsupported, writersByValue } from "./writers.js";
import type { LevelResult } from "./levels.js";

/** Decides the level exactly; values may repeat. */
export function checkRegular(h: History): LevelResult {
  const obstacle = unsupported(h);
  if (obstacle !== null) return { level: "regular", verdict: "unknown", reason: obstacle };
  for (const group of groupByKey(h)) {
    const bad = firstIrregular(h, group);
    if (bad !== null) return { level: "regular", verdict: "violated", ...bad };
  }
  return { level: "regular", verdict: "ok" };
}

type Bad = { readonly reason: string; readonly witness: readonly OperationView[] };

function firstIrregular(h: History, group: KeyGroup): Bad | null {
  const writers = writersByValue(h, group);
  const overwrites = new Overwrites(h, group);
  for (const read of group.reads) {
    const candidates = (writers.get(h.a[read] as number) ?? []).filter((w) => w !== read);
    const fromInitial = h.a[read] === h.initial;
    const started = candidates.filter((w) => (h.call[w] as number) < (h.ret[read] as number));
    const newest = overwrites.newestBefore(h.call[read] as number);
    if (started.length === 0 && !fromInitial) {
      const witness = [read, ...candidates].map((i) => viewOperation(h, i));
      return {
        reason:
          candidates.length === 0
            ? "a read of a value that nobody wrote"
            : "a read of a value before anyone began to write it",
        witness,
      };
    }
    if (newest < 0) continue;
    const isFresh = (w: number): boolean => (h.ret[w] as number) > (h.call[newest] as number);
    if (started.some(isFresh)) continue;
    const witness = [...started, newest, read].map((i) => viewOperation(h, i));
    return { reason: "a read of a value that had been overwritten before the read was called", witness };
  }
  return null;
}
