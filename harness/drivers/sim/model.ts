/**
 * What the applied log says should have been answered: a second, plain implementation of machine and sessions, so that
 * an acknowledged write can be compared with what its entry really did.
 */
import { fail, type Index } from "../../../protocols/core/index.js";
import type { Result, WriteRequest } from "../../host/index.js";

interface Executed {
  seq: number;
  index: Index;
  /** Only for a compare-and-set; null otherwise. */
  cas: { readonly swapped: boolean; readonly observed: string | null } | null;
}

export class ModelMachine {
  private readonly values = new Map<string, string>();
  private readonly executed = new Map<number, Executed>();

  /** In index order: the first replica to apply an index has applied those before it, or holds a snapshot of them. */
  apply(index: Index, requests: readonly WriteRequest[]): void {
    for (const request of requests) this.execute(index, request);
  }

  private execute(index: Index, request: WriteRequest): void {
    const { client, seq, operation } = request;
    const before = this.executed.get(client);
    if (before !== undefined && before.seq >= seq) return;
    let cas: Executed["cas"] = null;
    switch (operation.f) {
      case "put":
        this.values.set(operation.key, operation.value);
        break;
      case "delete":
        this.values.delete(operation.key);
        break;
      case "append":
        this.values.set(operation.key, (this.values.get(operation.key) ?? "") + operation.value);
        break;
      case "cas": {
        const observed = this.values.get(operation.key) ?? null;
        cas = { swapped: observed === operation.expected, observed };
        if (cas.swapped) this.values.set(operation.key, operation.value);
        break;
      }
      case "txn":
        fail("a simulated client sends no transactions");
    }
    if (before === undefined) this.executed.set(client, { seq, index, cas });
    else {
      before.seq = seq;
      before.index = index;
      before.cas = cas;
    }
  }

  /** What is wrong with the answer, or null. */
  problem(client: number, seq: number, index: Index, result: Result): string | null {
    const executed = this.executed.get(client);
    if (executed === undefined || executed.seq < seq) return `seq ${seq} is acknowledged and was never applied`;
    if (executed.seq > seq) return null; // A late copy of an answer the client already has.
    if (executed.index !== index)
      return `seq ${seq} is said to be at ${index} and was first applied at ${executed.index}`;
    const { cas } = executed;
    if (cas === null) return result.type === "done" ? null : `seq ${seq} is answered with ${result.type}`;
    if (result.type !== "cas" || result.swapped !== cas.swapped || result.observed !== cas.observed) {
      return `the compare-and-set of seq ${seq} is answered wrongly`;
    }
    return null;
  }
}
