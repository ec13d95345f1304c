// The longest legal beginning of a history, for people who ask how far it went well.

import { Budget, BudgetExceeded } from "./budget.js";
import type { History } from "./history.js";
import { type Part, partUpTo, rowOf, splitByKey, withoutNothing } from "./parts.js";
import { Loan } from "./pool.js";
import { rangeGroups } from "./ranges.js";
import { Search } from "./search.js";
import { machineOf, TierZero } from "./tierZero.js";
import { zoneOrder } from "./zoneOrder.js";

const turnSteps = 256;

/**
 * The longest beginning of the history, cut at some moment, whose operations on the key of `row` still have an order: its
 * rows in such an order. Beginnings of a linearizable history are linearizable, so it is found by halving. Empty if that
 * takes more than `ms` milliseconds, and for keys that ranges tie together.
 */
export function longestLegalPrefix(h: History, row: number, ms: number): number[] {
  const budget = new Budget(ms, 1 << 28);
  const loan = new Loan();
  try {
    return prefixOfKey(h, h.key[row] as number, budget, loan);
  } catch (error) {
    if (error instanceof BudgetExceeded) return [];
    throw error;
  } finally {
    loan.release();
  }
}

function prefixOfKey(h: History, key: number, budget: Budget, loan: Loan): number[] {
  const part = splitByKey(h, loan, budget).find((p) => p.key === key);
  if (part === undefined || (rangeGroups(h) ?? []).flat().includes(key)) return [];
  const tierZero = new TierZero(h, loan);
  let best = new Int32Array(0);
  for (let low = 0, high = part.rankCount; low < high; ) {
    const middle = (low + high + 1) >> 1;
    const order = orderOf(h, partUpTo(part, middle), tierZero, budget);
    if (order === null) high = middle - 1;
    else {
      low = middle;
      best = Int32Array.from(order);
    }
  }
  return [...best].map((i) => rowOf(part, i));
}

/** One order of a part, null: there is none. */
function orderOf(h: History, part: Part, tierZero: TierZero, budget: Budget): Int32Array | null {
  const loan = new Loan();
  const held = budget.bytes;
  let search: Search | null = null;
  try {
    const { result, zonePart } = tierZero.decide(part, budget, loan);
    if (result.verdict === "violated") return null;
    if (result.verdict === "ok") return zoneOrder(zonePart, result.zones);
    const compact = withoutNothing(part, loan, budget);
    search = new Search(compact, machineOf(h, compact, budget, loan), budget, loan);
    let state = search.run(turnSteps);
    while (state === "running") state = search.run(turnSteps);
    const place = new Map(Array.from({ length: part.count }, (_, i) => [rowOf(part, i), i]));
    return state === "violated" ? null : search.linearization().map((i) => place.get(rowOf(compact, i)) as number);
  } finally {
    search?.release();
    budget.give(budget.bytes - held);
    loan.release();
  }
}
