// Linearizability (Herlihy & Wing 1990), tier by tier: cut by key, decide by zones what has unique values, search the
// rest key by key in turns, shrink what is violated to a witness.

import { Budget, BudgetExceeded, type UnknownReason } from "./budget.js";
import { type History, NOTHING, type OperationView, viewOperation } from "./history.js";
import { holdsInTurn } from "./inTurn.js";
import { type BuiltinModel, rejectForeignOperations } from "./builtin.js";
import { type Model, ModelMachine, modelOperation, modelPart } from "./model.js";
import { isChecked, type Part, rowOf, splitByKey, wholeHistory, withoutNothing } from "./parts.js";
import { Loan } from "./pool.js";
import { rangeGroups, rangePart } from "./ranges.js";
import { Search } from "./search.js";
import { shrinkWitness } from "./witness.js";
import { zoneOrder } from "./zoneOrder.js";
import { hasAppend, machineOf, TierZero, valuesOf } from "./tierZero.js";

/** `unknown`: a limit was reached first. */
export type Verdict = "ok" | "violated" | "unknown";

/** Model, limits and what to write down. */
export type LinearizableOptions = {
  /** @default "kv" */
  readonly model?: BuiltinModel | Model<unknown>;
  /** Milliseconds from the call until the verdict is given up, > 0. @default 60000 */
  readonly deadlineMs?: number;
  /** Bytes the check may hold above the history, > 0. @default 1 GiB */
  readonly memoryBytesMax?: number;
  /** Write down a linearization when the verdict is ok. @default false */
  readonly order?: boolean;
  /** Milliseconds to spend on a smaller witness after the verdict, within the deadline; 0 = none. @default 1000 */
  readonly shrinkMs?: number;
};

/** The verdict and what shows it. */
export type LinearizableResult = {
  readonly verdict: Verdict;
  /** Violated: what is wrong. Unknown: which limit was reached. In words. */
  readonly reason?: string;
  /** Operations that no order can satisfy together. */
  readonly witness?: readonly OperationView[];
  /** Rows of the witness. */
  readonly witnessRows?: readonly number[];
  /** Rows of the longest prefix of an order that the search found, if it searched. */
  readonly prefix?: readonly number[];
  /** Rows of the history in the order of a linearization, without what constrains nothing. */
  readonly order?: Int32Array;
  /** Operations looked at. */
  readonly operations: number;
  /** Milliseconds of the check alone. */
  readonly wallMs: number;
  /** The most bytes of arrays that the check held at once, above the history. */
  readonly memoryBytes: number;
};

type Finding = Omit<LinearizableResult, "operations" | "wallMs" | "memoryBytes">;

const turnSteps = 256;

const noOrder = "no order of these operations is legal and keeps real time";

/**
 * Checks writes and linearizable reads; reads of weaker levels are left out (see staleReads).
 * @throws {HistoryFormatError} if an operation is not one of the model's.
 */
export function checkLinearizable(h: History, options: LinearizableOptions = {}): LinearizableResult {
  const budget = new Budget(options.deadlineMs ?? 60_000, options.memoryBytesMax ?? 1 << 30);
  const model = options.model ?? "kv";
  if (typeof model === "string") rejectForeignOperations(h, model);
  const check = new Check(h, budget, options);
  let finding: Finding;
  try {
    finding = typeof model === "string" ? check.builtin() : check.model(model);
  } catch (error) {
    if (!(error instanceof BudgetExceeded)) throw error;
    finding = { verdict: "unknown", reason: reasonInWords(error.reason, budget) };
  }
  check.release();
  // No copy of the finding: its witness is made when somebody looks at it.
  const { operations } = check;
  return Object.assign(finding, { operations, wallMs: budget.elapsedMs(), memoryBytes: budget.bytesHighest });
}

function reasonInWords(reason: UnknownReason, budget: Budget): string {
  return reason === "time"
    ? `time: no verdict within ${budget.deadlineMs} ms`
    : `memory: no verdict within ${budget.memoryBytesMax} bytes`;
}

/** `opaque`: operations that only a model understands, so that none can be left out with certainty. */

type Running = { readonly part: Part; readonly search: Search; readonly opaque: boolean };

class Check {
  operations = 0;
  private readonly h: History;
  private readonly budget: Budget;
  private readonly wantOrder: boolean;
  private readonly shrinkMs: number;
  private readonly orders: Int32Array[] = [];
  private readonly searches: Running[] = [];
  private readonly loan = new Loan();
  /** For one part at a time. */
  private readonly zoneLoan = new Loan();
  private readonly tierZero: TierZero;

  constructor(h: History, budget: Budget, options: LinearizableOptions) {
    this.h = h;
    this.tierZero = new TierZero(h, this.loan);
    this.budget = budget;
    this.wantOrder = options.order === true;
    this.shrinkMs = options.shrinkMs ?? 1000;
  }

  builtin(): Finding {
    const { h } = this;
    const groups = rangeGroups(h);
    const grouped = new Set((groups ?? []).flat());
    for (const keys of groups ?? []) {
      const { part, machine } = rangePart(h, keys, this.budget);
      this.operations += part.count;
      this.searches.push({ part, search: new Search(part, machine, this.budget, this.loan), opaque: true });
    }
    const whole = this.wantOrder ? null : this.textsOfAllKeys();
    if (whole !== null) return whole;
    for (const part of splitByKey(h, this.loan, this.budget)) {
      if (grouped.has(part.key)) continue;
      this.operations += part.count;
      const violated = this.zones(part);
      if (violated !== null) return violated;
    }
    return this.takeTurns();
  }

  /** An object of the caller's own: no zones, no witness smaller than where the search got stuck. */
  model(model: Model<unknown>): Finding {
    const { h } = this;
    const groups = new Map<number, number[]>();
    for (let i = 0; i < h.count; i++) {
      if (!isChecked(h, i)) continue;
      const key = model.perKey ? (h.key[i] as number) : 0;
      const rows = groups.get(key);
      if (rows === undefined) groups.set(key, [i]);
      else rows.push(i);
    }
    for (const [key, rows] of groups) {
      this.operations += rows.length;
      const part = modelPart(h, rows, key);
      const machine = new ModelMachine(
        model,
        rows.map((i) => modelOperation(h, i)),
        this.budget,
      );
      this.searches.push({ part, search: new Search(part, machine, this.budget, this.loan), opaque: true });
    }
    return this.takeTurns();
  }

  release(): void {
    for (const { search } of this.searches) search.release();
    this.zoneLoan.release();
    this.loan.release();
  }

  /** Tier 0 for texts needs no parts: null if it cannot decide them all. */
  private textsOfAllKeys(): Finding | null {
    const { h, budget, zoneLoan } = this;
    const whole = wholeHistory(h);
    if (whole === null || whole.keyOf === null || !hasAppend(whole)) return null;
    const { result, reason } = this.tierZero.decide(whole, budget, zoneLoan);
    zoneLoan.release();
    if (result.verdict === "notUnique") return null;
    for (let i = 0; i < h.count; i++) if (h.kind[i] !== NOTHING) this.operations += 1;
    if (result.verdict === "ok") return { verdict: "ok" };
    const [row] = result.suspects;
    const key = h.key[row as number] as number;
    if (this.shrinkMs <= 0) return findingOf(h, result.suspects, reason, undefined);
    const part = splitByKey(h, this.loan, budget).find((p) => p.key === key) as Part;
    const suspects = new Set(result.suspects);
    const places = Array.from({ length: part.count }, (_, i) => i).filter((i) => suspects.has(rowOf(part, i)));
    return this.violated(part, places, reason, undefined);
  }

  /** Decides a part by zones, or queues it for the search. */
  private zones(part: Part): Finding | null {
    this.budget.checkTime();
    if (hasAppend(part) && holdsInTurn(part, valuesOf(this.h, part), this.budget)) {
      if (this.wantOrder) this.orders.push(Int32Array.from({ length: part.count }, (_, i) => rowOf(part, i)));
      return null;
    }
    const { result, reason, zonePart } = this.tierZero.decide(part, this.budget, this.zoneLoan);
    if (result.verdict === "violated") return this.violated(part, result.suspects, reason, undefined);
    if (result.verdict === "ok") {
      if (this.wantOrder) this.budget.take(16 * part.count);
      if (this.wantOrder) this.orders.push(zoneOrder(zonePart, result.zones).map((i) => rowOf(part, i)));
      this.zoneLoan.release();
      return null;
    }
    this.zoneLoan.release();
    const compact = withoutNothing(part, this.loan, this.budget);
    this.budget.checkTime();
    const search = new Search(compact, machineOf(this.h, compact, this.budget, this.loan), this.budget, this.loan);
    this.searches.push({ part: compact, search, opaque: false });
    return null;
  }

  private takeTurns(): Finding {
    let running: readonly Running[] = this.searches;
    for (let steps = turnSteps; running.length > 0; steps *= 2) {
      const still: Running[] = [];
      for (const entry of running) {
        const { part, search } = entry;
        const state = search.run(steps);
        if (state === "violated") return this.stuck(entry);
        if (state === "running") still.push(entry);
        else if (this.wantOrder) this.orders.push(search.linearization().map((i) => rowOf(part, i)));
      }
      running = still;
    }
    if (!this.wantOrder) return { verdict: "ok" };
    if (this.orders.length > 1) this.budget.take(4 * this.h.eventAt.length + 8 * this.h.count);
    return { verdict: "ok", order: mergeOrders(this.h, this.orders) };
  }

  private stuck({ part, search, opaque }: Running): Finding {
    const prefix = [...search.longestPrefix()].map((i) => rowOf(part, i));
    const before: number[] = [];
    for (let i = 0; i < part.count; i++) if ((part.call[i] as number) <= search.furthest) before.push(i);
    if (opaque) return this.unshrunk(part, before, prefix, search.furthest);
    return this.violated(part, before, noOrder, prefix);
  }

  /** For models of one's own: the operations open where no order gets past. */
  private unshrunk(part: Part, before: readonly number[], prefix: readonly number[], furthest: number): Finding {
    const open = before.filter((i) => (part.ret[i] as number) >= furthest || !prefix.includes(rowOf(part, i)));
    const rows = open.map((i) => rowOf(part, i));
    return findingOf(this.h, rows, noOrder, prefix);
  }

  private violated(
    part: Part,
    suspects: readonly number[],
    reason: string,
    prefix: readonly number[] | undefined,
  ): Finding {
    const ms = Math.min(this.shrinkMs, this.budget.deadlineMs - this.budget.elapsedMs());
    const small = ms <= 0 ? null : shrinkWitness(this.h, part, suspects, (p, b) => this.decide(p, b), ms);
    const rows = (small ?? suspects).map((i) => rowOf(part, i));
    return findingOf(this.h, rows, reason, prefix);
  }

  /** Is there no order for this small part? */
  private decide(part: Part, budget: Budget): boolean {
    const loan = new Loan();
    let search: Search | null = null;
    try {
      const { result } = this.tierZero.decide(part, budget, loan);
      if (result.verdict !== "notUnique") return result.verdict === "violated";
      search = new Search(part, machineOf(this.h, part, budget, loan), budget, loan);
      let state = search.run(1 << 16);
      while (state === "running") state = search.run(1 << 16);
      return state === "violated";
    } finally {
      search?.release();
      loan.release();
    }
  }
}

function findingOf(
  h: History,
  rows: readonly number[],
  reason: string,
  prefix: readonly number[] | undefined,
): Finding {
  let views: OperationView[] | null = null;
  const found = {
    verdict: "violated" as const,
    reason,
    witnessRows: rows,
    get witness(): readonly OperationView[] {
      views ??= rows.map((i) => viewOperation(h, i));
      return views;
    },
  };
  return prefix === undefined ? found : Object.assign(found, { prefix });
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
