// Eventual consistency, as far as a finite history can show it: after the last write to a key, the last reads of all
// clients agree. Values that an operation of unknown outcome may still bring are no disagreement.

import { type History, NEVER, NO_VALUE, READ, viewOperation } from "../history.js";
import type { LevelResult } from "./levels.js";
import { groupByKey, type KeyGroup, unsupported, writersByValue, writtenValue } from "./writers.js";

/** Do the last reads of all clients agree on every key, after its last write? */
export function checkEventual(h: History): LevelResult {
  const level = "eventual";
  const obstacle = unsupported(h);
  if (obstacle !== null) return { level, verdict: "unknown", reason: obstacle };
  for (const group of groupByKey(h)) {
    const bad = disagreement(h, group);
    if (bad === null) continue;
    const reason =
      bad.length === 1 ? "the last read saw a value that nobody wrote" : "clients end with different values";
    return { level, verdict: "violated", reason, witness: bad.map((i) => viewOperation(h, i)) };
  }
  return { level, verdict: "ok" };
}

function disagreement(h: History, group: KeyGroup): number[] | null {
  let quietFrom = -1;
  const open = new Set<number>();
  for (const w of group.writes) {
    if (h.ret[w] === NEVER) open.add(writtenValue(h, w));
    else quietFrom = Math.max(quietFrom, h.ret[w] as number);
  }
  const writers = writersByValue(h, group);
  const lastRead = new Map<number, number>();
  for (const read of group.reads) {
    if (h.kind[read] !== READ || (h.call[read] as number) < quietFrom) continue;
    lastRead.set(h.process[read] as number, read);
  }
  let settled = NO_VALUE;
  let settledBy = -1;
  for (const read of lastRead.values()) {
    const value = h.a[read] as number;
    if (value !== h.initial && !writers.has(value)) return [read];
    if (open.has(value)) continue;
    if (settled !== NO_VALUE && settled !== value) return [settledBy, read];
    settled = value;
    settledBy = read;
  }
  return null;
}
