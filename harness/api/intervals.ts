/** A transaction may change a key once only; etcd refuses one in which a branch could change it twice. */
import type { Mvcc } from "../host/index.js";
import { etcdError } from "./errors.js";

/**
 * [from, to) of what is deleted. The end "\0", every key from `from` on, is not looked through here, as it is not in etcd:
 * the range is empty then.
 */
interface Deleted {
  readonly from: string;
  readonly to: string;
}

interface Changes {
  readonly puts: Set<string>;
  readonly deletes: Deleted[];
}

/** Throws EtcdError. Deletions may overlap each other: the second finds nothing. */
export function checkDuplicates(steps: readonly Mvcc.Step[]): void {
  changesOf(steps);
}

function changesOf(steps: readonly Mvcc.Step[]): Changes {
  const deletes: Deleted[] = [];
  for (const step of steps) if (step.type === "delete") deletes.push(deletedBy(step));
  const puts = new Set<string>();
  for (const step of steps) {
    if (step.type !== "txn") continue;
    const success = changesOf(step.success);
    const failure = changesOf(step.failure);
    for (const key of success.puts) add(key, puts, deletes);
    // The same key in both branches is one change: only one of them is taken.
    for (const key of failure.puts) if (!success.puts.has(key)) add(key, puts, deletes);
    deletes.push(...success.deletes, ...failure.deletes);
  }
  for (const step of steps) if (step.type === "put") add(step.key, puts, deletes);
  return { puts, deletes };
}

function add(key: string, puts: Set<string>, deletes: readonly Deleted[]): void {
  if (puts.has(key) || deletes.some(({ from, to }) => key >= from && key < to)) throw etcdError("duplicateKey");
  puts.add(key);
}

function deletedBy({ key, end }: Mvcc.DeleteOperation): Deleted {
  return { from: key, to: end === "" ? `${key}\0` : end };
}
