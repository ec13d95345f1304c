// Operations that follow each other without overlap have one order only: walk along it.

import type { HistoryValue } from "../record/history.js";
import type { Budget } from "./budget.js";
import { APPEND, READ, WRITE } from "./history.js";
import type { Part } from "./parts.js";

/**
 * True if no two operations of the part overlap, all are certain reads, writes and appends of texts, and their only
 * order is legal. False says nothing: then the other tiers decide.
 */
export function holdsInTurn(part: Part, valueOf: (value: number) => HistoryValue, budget: Budget): boolean {
  const { kind, a, call, ret, count } = part;
  for (let i = 0; i < count; i++) if (ret[i] !== (call[i] as number) + 1) return false;
  let state = valueOf(part.initial);
  for (let i = 0; i < count; i++) {
    const value = valueOf(a[i] as number);
    if (value !== null && typeof value !== "string") return false;
    budget.spend(10 + ((value ?? "").length >> 3));
    if (kind[i] === WRITE) state = value;
    else if (kind[i] === APPEND) state = `${(state as string | null) ?? ""}${value ?? ""}`;
    else if (kind[i] !== READ || value !== state) return false;
  }
  return true;
}
