// Tier 0 for any part: the zone test, on texts after they have been cut into pieces.

import type { HistoryValue } from "../record/history.js";
import type { Budget } from "./budget.js";
import * as H from "./history.js";
import type { History } from "./history.js";
import type { Machine } from "./machine.js";
import type { Part } from "./parts.js";
import type { Loan } from "./pool.js";
import { RegisterMachine } from "./registerMachine.js";
import { TextMachine } from "./textMachine.js";
import { textsAsRegister, type TextRule } from "./texts.js";
import { checkClusters, checkZones, type ZoneResult, type ZoneRule } from "./zones.js";

// Constants of this module: see read/fields.ts.
const { APPEND } = H;

const ruleInWords: { readonly [rule in ZoneRule]: string } = {
  thinAir: "a value was seen that nobody wrote",
  twoCas: "two compare-and-sets replaced the same value, which was written only once",
  casCycle: "compare-and-sets that found each other's values form a circle",
  blockOrder: "an operation had returned before one was called that must come before it",
  zonesOverlap: "two values would each have to be overwritten before the other",
};
const textRuleInWords: { readonly [rule in ZoneRule | TextRule]: string } = {
  ...ruleInWords,
  thinAir: "a text was seen that nobody's pieces make up",
  twoCas: "texts were seen that go on with different pieces after the same beginning",
  torn: "texts were seen that have the same piece behind different beginnings",
  twins: "a text was seen with a piece that nobody put there in time",
};

/** See {@link TierZero.decide}. */
export type TierZeroResult = { readonly result: TierZeroVerdict; readonly reason: string; readonly zonePart: Part };

type TierZeroVerdict =
  | Exclude<ZoneResult, { readonly verdict: "violated" }>
  | { readonly verdict: "violated"; readonly suspects: readonly number[] };

const notUnique: TierZeroVerdict = { verdict: "notUnique" };

/** Decides parts of one history by zones. */
export class TierZero {
  private readonly h: History;
  private readonly loan: Loan;
  /** Room for a number by value id, if some part has appends. */
  private placeOf: Int32Array | null = null;

  /** `loan` is released by the caller, after the last use. */
  constructor(h: History, loan: Loan) {
    this.h = h;
    this.loan = loan;
  }

  /**
   * Tier 0; texts on many keys at once, other parts key by key. `zonePart` has the operations of `part` under the same
   * numbers. `reason`: in words, if violated.
   */
  decide(part: Part, budget: Budget, loan: Loan): TierZeroResult {
    if (!hasAppend(part)) {
      const result = checkZones(part, budget, loan);
      return { result, reason: result.verdict === "violated" ? ruleInWords[result.rule] : "", zonePart: part };
    }
    const { values } = this.h;
    if (this.placeOf === null) {
      budget.take(4 * values.count);
      this.placeOf = this.loan.any(values.count);
    }
    const texts = textsAsRegister(part, values, this.placeOf, this.h.keys.count, budget, loan);
    if (texts.verdict === "notUnique") return { result: texts, reason: "", zonePart: part };
    if (texts.verdict === "violated") return { result: texts, reason: textRuleInWords[texts.rule], zonePart: part };
    const result = checkClusters(texts.part, texts.clusters, budget, loan);
    if (result.verdict !== "violated") return { result, reason: "", zonePart: texts.part };
    if (!texts.certain) return { result: notUnique, reason: "", zonePart: part };
    // Where a piece belongs is known from a read only.
    const suspects = new Set(result.suspects);
    for (const i of result.suspects) if (texts.seenBy(i) >= 0) suspects.add(texts.seenBy(i));
    const reason = textRuleInWords[result.rule];
    return { result: { verdict: "violated", suspects: [...suspects] }, reason, zonePart: texts.part };
  }
}

/** The value of a part's value number. */
export function valuesOf(h: History, part: Part): (value: number) => HistoryValue {
  const { values } = h;
  const { valueIds } = part;
  return valueIds === null ? (v) => values.value(v) : (v) => values.value(valueIds[v] as number);
}

/** Are there appends? */
export function hasAppend(part: Part): boolean {
  for (let i = 0; i < part.count; i++) if (part.kind[i] === APPEND) return true;
  return false;
}

/** What the search runs for a part that zones do not decide. */
export function machineOf(h: History, part: Part, budget: Budget, loan: Loan): Machine {
  return hasAppend(part) ? new TextMachine(part, valuesOf(h, part), budget) : new RegisterMachine(part, budget, loan);
}
