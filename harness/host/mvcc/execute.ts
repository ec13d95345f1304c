/**
 * Runs a transaction as etcd does: all comparisons first, on the state before it, those of nested transactions on the
 * way included; then what its steps on that way ask is checked; then they run, each seeing the ones before it.
 */
import type { Store } from "./store.js";
import { range } from "./range.js";
import { keysOf } from "./keys.js";
import type {
  Answer,
  Compaction,
  Compare,
  DeleteOperation,
  KeyValue,
  PutOperation,
  Refusal,
  Request,
  Step,
  StepAnswer,
  Transaction,
  TransactionAnswer,
} from "./types.js";

/** What a transaction does here and now: the branch it took, and its nested transactions with theirs. */
interface Plan {
  readonly succeeded: boolean;
  readonly steps: readonly (Exclude<Step, Transaction> | Plan)[];
}

/** `writes` false: a request that would change anything is refused. */
export function execute(store: Store, request: Request, writes: boolean): Answer {
  if (!writes && mayWrite(request)) return { type: "refused", refusal: "readOnly" };
  if (request.type === "compact") return compact(store, request);
  const plan = planOf(store, request);
  const refusal = problem(store, plan);
  if (refusal !== null) return { type: "refused", refusal };
  const run = new Run(store);
  const answer = run.transaction(plan);
  if (run.changed) store.finish(store.revision + 1);
  return answer;
}

function mayWrite(request: Request): boolean {
  if (request.type === "compact") return true;
  return [...request.success, ...request.failure].some(
    (step) => step.type !== "range" && (step.type !== "txn" || mayWrite(step)),
  );
}

function compact(store: Store, { revision }: Compaction): Answer {
  if (revision <= store.compacted || revision < store.floor) return { type: "refused", refusal: "compacted" };
  if (revision > store.revision) return { type: "refused", refusal: "futureRevision" };
  store.compact(revision);
  return { type: "compact", revision: store.revision };
}

function planOf(store: Store, { compares, success, failure }: Transaction): Plan {
  const succeeded = compares.every((compare) => holds(store, compare));
  const steps = (succeeded ? success : failure).map((step) => (step.type === "txn" ? planOf(store, step) : step));
  return { succeeded, steps };
}

function holds(store: Store, compare: Compare): boolean {
  const kvs: KeyValue[] = [];
  for (const key of keysOf(store, compare.key, compare.end)) {
    const kv = store.at(key, null);
    if (kv !== null) kvs.push(kv);
  }
  if (kvs.length > 0) return kvs.every((kv) => matches(compare, kv));
  // A value that is not there compares with nothing, not even as unequal.
  return compare.target !== "value" && matches(compare, { key: "", value: "", create: 0, mod: 0, version: 0 });
}

function matches(compare: Compare, kv: KeyValue): boolean {
  switch (compare.target) {
    case "value":
      return isResult(compare.result, kv.value, compare.value);
    case "lease":
      return isResult(compare.result, 0, compare.number);
    case "version":
    case "create":
    case "mod":
      return isResult(compare.result, kv[compare.target], compare.number);
  }
}

function isResult<T extends string | number>(result: Compare["result"], found: T, wanted: T): boolean {
  switch (result) {
    case "equal":
      return found === wanted;
    case "notEqual":
      return found !== wanted;
    case "greater":
      return found > wanted;
    case "less":
      return found < wanted;
  }
}

/** Puts before ranges, as etcd looks: it decides which of two problems is told. */
function problem(store: Store, plan: Plan): Refusal | null {
  const found = putProblem(store, plan) ?? rangeProblem(store, plan);
  if (found !== null || store.historyMax > 0 || isAlone(plan)) return found;
  // Without a history an earlier step may have changed in place what a later one asks for by revision.
  return namesRevision(plan) ? "compacted" : null;
}

function isAlone({ steps: [first, second] }: Plan): boolean {
  return second === undefined && first !== undefined && !("steps" in first);
}

function namesRevision({ steps }: Plan): boolean {
  return steps.some((step) => ("steps" in step ? namesRevision(step) : step.type === "range" && step.revision > 0));
}

function putProblem(store: Store, plan: Plan): Refusal | null {
  for (const step of plan.steps) {
    if ("steps" in step) {
      const found = putProblem(store, step);
      if (found !== null) return found;
    } else if (step.type === "put") {
      if ((step.keepValue || step.keepLease) && store.get(step.key) === null) return "keyNotFound";
      if (step.leased) return "leaseNotFound";
    }
  }
  return null;
}

function rangeProblem(store: Store, plan: Plan): Refusal | null {
  for (const step of plan.steps) {
    if ("steps" in step) {
      const found = rangeProblem(store, step);
      if (found !== null) return found;
    } else if (step.type === "range" && step.revision > 0) {
      if (step.revision > store.revision) return "futureRevision";
      if (step.revision < store.floor) return "compacted";
    }
  }
  return null;
}

class Run {
  /** Whether anything was changed; then `revision` is that of the changes. */
  changed = false;
  private readonly store: Store;
  private readonly next: number;

  constructor(store: Store) {
    this.store = store;
    this.next = store.revision + 1;
  }

  transaction(plan: Plan): TransactionAnswer {
    const steps = plan.steps.map((step) => ("steps" in step ? this.transaction(step) : this.step(step)));
    return { type: "txn", revision: this.revision, succeeded: plan.succeeded, steps };
  }

  private get revision(): number {
    return this.changed ? this.next : this.store.revision;
  }

  private step(step: Exclude<Step, Transaction>): StepAnswer {
    switch (step.type) {
      case "range":
        return range(this.store, step, this.revision);
      case "put":
        return this.put(step);
      case "delete":
        return this.delete(step);
    }
  }

  private put({ key, value, previous: wanted, keepValue }: PutOperation): StepAnswer {
    const before = wanted || keepValue ? this.store.at(key, null) : null;
    // A copy: without a history the store changes in place.
    const previous = wanted && before !== null ? copy(before) : null;
    this.store.put(key, keepValue && before !== null ? before.value : value, this.next);
    this.changed = true;
    return { type: "put", revision: this.next, previous };
  }

  private delete({ key, end, previous: wanted }: DeleteOperation): StepAnswer {
    const previous: KeyValue[] = [];
    let deleted = 0;
    // A list first, because deleting changes the order that would be walked.
    const names = Array.from(keysOf(this.store, key, end));
    for (const name of names) {
      const before = this.store.at(name, null);
      if (before === null) continue;
      if (wanted) previous.push(copy(before));
      this.store.delete(name, this.next);
      deleted += 1;
    }
    if (deleted > 0) this.changed = true;
    return { type: "delete", revision: this.revision, deleted, previous };
  }
}

function copy({ key, value, create, mod, version }: KeyValue): KeyValue {
  return { key, value, create, mod, version };
}
