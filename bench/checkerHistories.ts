// Histories for the checker benchmark: clients against a correct object, optionally with one stale read at the end.

import { type History, HistoryBuilder } from "../harness/check/index.js";

export type Workload = {
  readonly name: string;
  readonly operations: number;
  readonly clients: number;
  readonly keys: number;
  /** `unique`: writes, compare-and-sets and reads, every written value new. `small`: values 0 to 4, as in the etcd logs. `append`: get, put, append of texts. */
  readonly kind: "unique" | "small" | "append";
  readonly bad: boolean;
  /** Percent of operations that end without an answer. */
  readonly unknownPercent: number;
  readonly seed: number;
};

type Open = {
  readonly f: string;
  readonly key: number;
  readonly a: number;
  readonly b: number;
  row: number;
  seen: number;
  done: boolean;
  failed: boolean;
};

/** Builds the history in memory; times are event numbers. */
export function generate(w: Workload): History {
  const random = generator(w.seed);
  const builder = new HistoryBuilder(w.name, { initial: w.kind === "append" ? "" : null, failedCas: "notEqual" });
  const names = {
    get: builder.nameId("get"),
    put: builder.nameId("put"),
    cas: builder.nameId("cas"),
    append: builder.nameId("append"),
  };
  const empty = builder.values.id(w.kind === "append" ? "" : null);
  const state = new Array<number>(w.keys).fill(empty);
  const old = new Map<number, number>();
  const open = new Array<Open | null>(w.clients).fill(null);
  const process = Array.from({ length: w.clients }, (_, c) => c);
  let fresh = 0;
  let time = 0;
  let started = 0;
  let badLeft = w.bad;
  const value = (): number =>
    builder.values.id(w.kind === "small" ? random(5) : w.kind === "unique" ? ++fresh : `x${++fresh} `);
  const start = (c: number): void => {
    const key = random(w.keys);
    const dice = random(10);
    const f =
      w.kind === "append"
        ? dice < 5
          ? "get"
          : dice < 6
            ? "put"
            : "append"
        : dice < 4
          ? "put"
          : dice < 6
            ? "cas"
            : "get";
    const from = random(3) > 0 ? (state[key] as number) : value();
    const op: Open = {
      f,
      key,
      a: f === "cas" ? from : f === "get" ? -1 : value(),
      b: f === "cas" ? value() : -1,
      row: 0,
      seen: empty,
      done: false,
      failed: false,
    };
    const id = builder.processes.id(process[c] as number);
    builder.invoke(id, names[f as "get"], builder.keys.id(`k${key}`), op.a, op.b, ++time, started + 1);
    op.row = builder.last();
    open[c] = op;
    started += 1;
  };
  const take = (op: Open): void => {
    const now = state[op.key] as number;
    op.done = true;
    op.seen = now;
    if (!old.has(op.key)) old.set(op.key, now);
    if (op.f === "put") state[op.key] = op.a;
    else if (op.f === "append")
      state[op.key] = builder.values.id(`${String(builder.values.value(now))}${String(builder.values.value(op.a))}`);
    else if (op.f === "cas") {
      if (now === op.a) state[op.key] = op.b;
      else op.failed = true;
    }
  };
  const finish = (c: number, op: Open): void => {
    open[c] = null;
    if (random(100) < w.unknownPercent) {
      builder.info(op.row, ++time);
      process[c] = (process[c] as number) + w.clients;
      return;
    }
    if (!op.done) take(op);
    const stale = badLeft && op.f === "get" && started > w.operations * 0.9 && old.get(op.key) !== op.seen;
    if (stale) badLeft = false;
    if (op.failed) builder.fail(op.row, w.kind === "unique" ? op.seen : -1, ++time);
    else builder.ok(op.row, stale ? (old.get(op.key) as number) : op.seen, ++time);
  };
  while (started < w.operations || open.some((op) => op !== null)) {
    const c = random(w.clients);
    const op = open[c] as Open | null;
    if (op === null) {
      if (started < w.operations) start(c);
    } else if (!op.done && random(2) === 0) take(op);
    else finish(c, op);
  }
  return builder.finish();
}

function generator(seed: number): (below: number) => number {
  let state = seed >>> 0;
  return (below) => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) % below;
  };
}
