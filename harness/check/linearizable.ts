// Linearizability (Herlihy & Wing 1990), tier by tier: cut by key, decide by zones what has unique values, search the
// rest key by key in turns.

import { Budget, BudgetExceeded, type UnknownReason } from "./budget.js";
import { APPEND, type History, NOTHING, type OperationView, viewOperation } from "./history.js";
import type { Machine } from "./machine.js";
import { type Part, rowOf, splitByKey } from "./parts.js";
import { RegisterMachine } from "./registerMachine.js";
import { Search } from "./search.js";
import { TextMachine } from "./textMachine.js";
import { checkZones, zoneOrder } from "./zones.js";

export type Verdict = "ok" | "violated" | "unknown";

export type LinearizableOptions = {
  /** @default "kv" */
  readonly model?: "kv";
  /** Milliseconds from the call until the verdict is given up, > 0. @default 60000 */
  readonly deadlineMs?: number;
  /** Bytes the check may hold above the history, > 0. @default 1 GiB */
  readonly memoryBytesMax?: number;
  /** Write down a linearization when the verdict is ok. @default false */
  readonly order?: boolean;
};

export type LinearizableResult = {
  readonly verdict: Verdict;
  /** Violated: the rule that is broken. Unknown: which limit was reached. In words. */
  readonly reason?: string;
  /** Operations that no order can satisfy together. */
  readonly witness?: readonly OperationView[];
  /** Rows of the history in the order of a linearization, without what constrains nothing. */
  readonly order?: Int32Array;
  /** Operations looked at. */
  readonly operations: number;
  /** Milliseconds of the check alone. */
  readonly wallMs: number;
};

const turnSteps = 256;

/** Checks writes and linearizable reads; reads of weaker levels are left out (see {@link staleReads}). */
export function checkLinearizable(h: History, options: LinearizableOptions = {}): LinearizableResult {
  const budget = new Budget(options.deadlineMs ?? 60_000, options.memoryBytesMax ?? 1 << 30);
  let operations = 0;
  const done = (result: Omit<LinearizableResult, "operations" | "wallMs">): LinearizableResult => ({
    ...result,
    operations,
    wallMs: budget.elapsedMs(),
  });
  try {
    const parts = splitByKey(h);
    for (const part of parts) operations += part.count;
    return done(checkParts(h, parts, budget, options.order === true));
  } catch (error) {
    if (error instanceof BudgetExceeded)
      return done({ verdict: "unknown", reason: reasonInWords(error.reason, budget) });
    throw error;
  }
}

function reasonInWords(reason: UnknownReason, budget: Budget): string {
  return reason === "time"
    ? `no verdict within ${budget.deadlineMs} ms`
    : `no verdict within ${budget.memoryBytesMax} bytes of memory`;
}

type Finding = Omit<LinearizableResult, "operations" | "wallMs">;

function checkParts(h: History, parts: readonly Part[], budget: Budget, wantOrder: boolean): Finding {
  const orders: Int32Array[] = [];
  const searches: { readonly part: Part; readonly search: Search }[] = [];
  for (const part of parts) {
    budget.checkTime();
    const zones = checkZones(part, budget);
    if (zones.verdict === "violated") {
      const witness = zones.suspects.map((i) => viewOperation(h, rowOf(part, i)));
      return { verdict: "violated", reason: zones.rule, witness };
    }
    if (zones.verdict === "ok") {
      if (wantOrder) orders.push(zoneOrder(part, zones.zones).map((i) => rowOf(part, i)));
      continue;
    }
    const compact = withoutNothing(part);
    searches.push({ part: compact, search: new Search(compact, machineOf(h, compact), budget) });
  }
  const finding = takeTurns(h, searches, wantOrder ? orders : null);
  for (const { search } of searches) search.release();
  if (finding !== null) return finding;
  return wantOrder ? { verdict: "ok", order: mergeOrders(h, orders) } : { verdict: "ok" };
}

function takeTurns(
  h: History,
  searches: readonly { readonly part: Part; readonly search: Search }[],
  orders: Int32Array[] | null,
): Finding | null {
  let running = searches;
  for (let steps = turnSteps; running.length > 0; steps *= 2) {
    const still: (typeof running)[number][] = [];
    for (const entry of running) {
      const state = entry.search.run(steps);
      if (state === "violated") {
        const prefix = entry.search.longestPrefix();
        return { verdict: "violated", reason: "noOrder", witness: frontier(h, entry.part, prefix) };
      }
      if (state === "running") still.push(entry);
      else if (orders !== null) orders.push(entry.search.linearization().map((i) => rowOf(entry.part, i)));
    }
    running = still;
  }
  return null;
}

/** The operations that were open where the longest prefix ends. */
function frontier(h: History, part: Part, prefix: Int32Array): OperationView[] {
  const inPrefix = new Uint8Array(part.count);
  for (const i of prefix) inPrefix[i] = 1;
  let firstReturn = part.rankCount;
  for (let i = 0; i < part.count; i++) {
    if (inPrefix[i] === 0 && (part.ret[i] as number) < firstReturn) firstReturn = part.ret[i] as number;
  }
  const views: OperationView[] = [];
  for (let i = 0; i < part.count; i++) {
    if (inPrefix[i] === 0 && (part.call[i] as number) < firstReturn) views.push(viewOperation(h, rowOf(part, i)));
  }
  return views;
}

function machineOf(h: History, part: Part): Machine {
  for (let i = 0; i < part.count; i++) {
    if (part.kind[i] !== APPEND) continue;
    return new TextMachine(part, (v) => h.values.value(part.valueIds === null ? v : (part.valueIds[v] as number)));
  }
  return new RegisterMachine(part);
}

/** Only the part that is the whole history can hold operations without meaning. */
function withoutNothing(part: Part): Part {
  const rows: number[] = [];
  for (let i = 0; i < part.count; i++) if (part.kind[i] !== NOTHING) rows.push(i);
  if (rows.length === part.count) return part;
  const pick = (column: Int32Array): Int32Array => Int32Array.from(rows, (i) => column[i] as number);
  return {
    ...part,
    count: rows.length,
    row: Int32Array.from(rows, (i) => rowOf(part, i)),
    kind: Uint8Array.from(rows, (i) => part.kind[i] as number),
    a: pick(part.a),
    b: pick(part.b),
    call: pick(part.call),
    ret: pick(part.ret),
  };
}

/**
 * One order of all keys: every operation takes effect at the greatest call so far in its key's order, which lies inside
 * its own interval; sorting by that point keeps every key's order and real time.
 */
function mergeOrders(h: History, orders: readonly Int32Array[]): Int32Array {
  if (orders.length === 1) return orders[0] as Int32Array;
  const firstAt = new Int32Array(h.eventAt.length).fill(-1);
  const following = new Int32Array(h.count).fill(-1);
  let total = 0;
  for (const order of orders) {
    let point = -1;
    let before = -1;
    for (const i of order) {
      total += 1;
      if ((h.call[i] as number) > point) {
        point = h.call[i] as number;
        firstAt[point] = i;
      } else following[before] = i;
      before = i;
    }
  }
  const merged = new Int32Array(total);
  let length = 0;
  for (const first of firstAt) {
    for (let i = first; i >= 0; i = following[i] as number) merged[length++] = i;
  }
  return merged;
}
