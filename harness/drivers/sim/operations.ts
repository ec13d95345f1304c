/** What clients ask for: mixes of operations over keys, with unique written values. */
import type { ReadLevel } from "../../../protocols/core/index.js";
import type { Operation } from "../../host/index.js";
import type { ClientGroup, Workload } from "../../scenarios/index.js";
import type { Client } from "./world.js";

/** What a workload mixes: transactions are not among it. */
type Mixed = Exclude<Operation["f"], "txn" | "query">;
type Mix = readonly { readonly f: Mixed; readonly upTo: number }[];

const RANGE_LIMIT = 10;
/** Appended texts are short, whatever the size of other values: the value grows with each. */
const DEFAULT_VALUE_BYTES = 64;

export class OperationSource {
  readonly level: ReadLevel;
  private readonly mix: Mix;
  private readonly total: number;
  private readonly keys: readonly string[];
  /** Cumulative weights of a Zipf distribution with exponent 1; null: uniform. */
  private readonly cumulative: Float64Array | null;
  private readonly valueBytes: number;

  constructor(group: ClientGroup, workload: Workload) {
    const mix: { f: Mixed; upTo: number }[] = [];
    let total = 0;
    for (const f of ["get", "put", "cas", "append", "delete", "range"] as const) {
      total += group.mix[f] ?? 0;
      if ((group.mix[f] ?? 0) > 0) mix.push({ f, upTo: total });
    }
    this.mix = mix;
    this.total = total;
    this.level = group.readLevel ?? "linearizable";
    const { count, distribution } = workload.keys;
    const width = String(count - 1).length;
    this.keys = Array.from({ length: count }, (_, i) => `k${String(i).padStart(width, "0")}`);
    this.cumulative = distribution === "zipfian" ? zipf(count) : null;
    this.valueBytes = workload.valueBytes ?? DEFAULT_VALUE_BYTES;
  }

  /** The client's next operation. */
  next(client: Client): Operation {
    const at = client.random.unit() * this.total;
    const f = (this.mix.find(({ upTo }) => at < upTo) ?? this.mix[0])?.f ?? "put";
    const key = this.key(client);
    const unique = `${client.session}.${client.seq + 1}`;
    switch (f) {
      case "get":
        return { f, key };
      case "put":
        return { f, key, value: unique.padEnd(this.valueBytes, " ") };
      case "delete":
        return { f, key };
      case "cas":
        return { f, key, expected: client.seen.get(key) ?? null, value: unique.padEnd(this.valueBytes, " ") };
      case "append":
        return { f, key, value: `${unique};` };
      case "range":
        return { f, from: key, to: "l", limit: RANGE_LIMIT };
    }
  }

  private key(client: Client): string {
    const at = client.random.unit();
    const { keys, cumulative } = this;
    if (cumulative === null) return keys[Math.floor(at * keys.length)] as string;
    const wanted = at * (cumulative[keys.length - 1] as number);
    let low = 0;
    let high = keys.length - 1;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((cumulative[middle] as number) <= wanted) low = middle + 1;
      else high = middle;
    }
    return keys[low] as string;
  }
}

function zipf(count: number): Float64Array {
  const cumulative = new Float64Array(count);
  let sum = 0;
  for (let rank = 1; rank <= count; rank += 1) {
    sum += 1 / rank;
    cumulative[rank - 1] = sum;
  }
  return cumulative;
}
