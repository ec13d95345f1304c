// How old the values were that reads returned, and the smallest bound on it that explains the whole history:
// Delta-atomicity (Golab, Li, Shah, PODC 2011), which is linearizability after the calls of all reads have been moved
// Delta to the left. Calls of compare-and-sets that succeeded stay where they are: they write.

import { BudgetExceeded } from "../budget.js";
import { type History, NEVER, READ } from "../history.js";
import { checkLinearizable } from "../linearizable.js";
import { groupByKey, Overwrites, unsupported, writersByValue } from "./writers.js";
import type { LevelResult, StaleAges } from "./levels.js";

/** Decides whether some finite bound holds, and finds the smallest by doubling and bisection. */
export function checkBoundedStaleness(h: History, deadlineMs: number, memoryBytesMax: number): LevelResult {
  const level = "bounded-staleness";
  const obstacle = unsupported(h);
  if (obstacle !== null) return { level, verdict: "unknown", reason: obstacle };
  const startedMs = performance.now();
  const ages = staleAges(h);
  const holds = (bound: number): boolean => {
    const left = deadlineMs - (performance.now() - startedMs);
    if (left <= 0) throw new BudgetExceeded("time");
    const result = checkLinearizable(withEarlierReads(h, bound), { deadlineMs: left, memoryBytesMax });
    if (result.verdict === "unknown") throw new BudgetExceeded("time");
    return result.verdict === "ok";
  };
  try {
    if (holds(0)) return { level, verdict: "ok", bound: 0, ages };
    const widest = Math.max(1, Math.ceil(timeOf(h, h.eventAt.length - 1) - timeOf(h, 0)) + 1);
    if (!holds(widest)) {
      const result = checkLinearizable(withEarlierReads(h, widest), { deadlineMs, memoryBytesMax });
      const witness = result.witness === undefined ? {} : { witness: result.witness };
      return { level, verdict: "violated", reason: "no bound on the age of reads explains it", ages, ...witness };
    }
    let low = Math.max(0, Math.floor(ages.max) - 1);
    let step = 1;
    let high = low + step;
    while (high < widest && !holds(high)) {
      low = high;
      step *= 2;
      high = low + step;
    }
    high = Math.min(high, widest);
    while (high - low > 1) {
      const middle = Math.floor((low + high) / 2);
      if (holds(middle)) high = middle;
      else low = middle;
    }
    return { level, verdict: "ok", bound: high, ages };
  } catch (error) {
    if (error instanceof BudgetExceeded)
      return { level, verdict: "unknown", reason: `no verdict within ${deadlineMs} ms`, ages };
    throw error;
  }
}

function timeOf(h: History, rank: number): number {
  if (!h.timed || rank < 0) return Math.max(rank, 0);
  const code = h.eventAt[rank] as number;
  return ((code & 1) === 0 ? h.callTime[code >> 1] : h.retTime[code >> 1]) as number;
}

/** The same history with every read called `bound` earlier. */
export function withEarlierReads(h: History, bound: number): History {
  if (bound === 0) return h;
  const events = Array.from(h.eventAt, (code, rank) => {
    const isReadCall = (code & 1) === 0 && h.kind[code >> 1] === READ;
    return {
      code,
      time: isReadCall ? Math.max(timeOf(h, rank) - bound, -1) : timeOf(h, rank),
      rank,
      first: isReadCall,
    };
  });
  events.sort((x, y) => x.time - y.time || Number(y.first) - Number(x.first) || x.rank - y.rank);
  const call = new Int32Array(h.count);
  const ret = new Int32Array(h.count).fill(NEVER);
  for (const [rank, { code }] of events.entries()) {
    if ((code & 1) === 0) call[code >> 1] = rank;
    else ret[code >> 1] = rank;
  }
  return sortedByCall(
    h,
    call,
    ret,
    Int32Array.from(events, ({ code }) => code),
  );
}

function sortedByCall(h: History, call: Int32Array, ret: Int32Array, eventAt: Int32Array): History {
  const order: number[] = [];
  for (const code of eventAt) if ((code & 1) === 0) order.push(code >> 1);
  const place = new Int32Array(h.count);
  for (const [n, i] of order.entries()) place[i] = n;
  const pick = <T extends Int32Array | Uint8Array | Float64Array>(column: T): T => {
    const copy = column.slice() as T;
    for (const [n, i] of order.entries()) copy[n] = column[i] as number;
    return copy;
  };
  return {
    ...h,
    kind: pick(h.kind),
    name: pick(h.name),
    key: pick(h.key),
    a: pick(h.a),
    b: pick(h.b),
    call: pick(call),
    ret: pick(ret),
    callTime: pick(h.callTime),
    retTime: pick(h.retTime),
    process: pick(h.process),
    level: pick(h.level),
    outcome: pick(h.outcome),
    line: pick(h.line),
    eventAt: eventAt.map((code) => 2 * (place[code >> 1] as number) + (code & 1)),
  };
}

/** The age of every read's value by its certain overwrites. */
export function staleAges(h: History): StaleAges {
  const ages: number[] = [];
  for (const group of groupByKey(h)) {
    const writers = writersByValue(h, group);
    const overwrites = new Overwrites(h, group);
    for (const read of group.reads) {
      if (h.kind[read] !== READ) continue;
      const returns = (writers.get(h.a[read] as number) ?? []).map((w) => h.ret[w] as number);
      if (h.a[read] === h.initial) returns.push(-1);
      const latest = Math.max(-2, ...returns);
      const newest = overwrites.newestBefore(h.call[read] as number);
      if (latest === -2 || newest < 0 || (h.call[newest] as number) < latest) {
        ages.push(0);
        continue;
      }
      const first = overwrites.earliestAfter(latest);
      ages.push(Math.max(0, timeOf(h, h.call[read] as number) - timeOf(h, h.ret[first] as number)));
    }
  }
  ages.sort((x, y) => x - y);
  const at = (share: number): number => ages[Math.min(ages.length - 1, Math.floor(share * ages.length))] ?? 0;
  const stale = ages.reduce((n, age) => n + (age > 0 ? 1 : 0), 0);
  return { reads: ages.length, stale, p50: at(0.5), p90: at(0.9), p99: at(0.99), max: ages[ages.length - 1] ?? 0 };
}
