// Random small histories, most of them nearly right, so that both verdicts are common.

import type { HistoryEvent, HistoryValue } from "../../harness/record/history.js";

/** A small deterministic generator (mulberry32): equal seeds give equal histories. */
export function randomOf(seed: number): (below: number) => number {
  let state = seed >>> 0;
  return (below) => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) % below;
  };
}

export type Shape = {
  readonly operations: number;
  readonly processes: number;
  /** Values are drawn from this many, or never repeat if 0. */
  readonly values: number;
  /** Weights of get, put, cas, append, delete. */
  readonly weights: readonly [number, number, number, number, number];
  /** Percent of operations whose outcome is unknown; half of those never return at all. */
  readonly unknownPercent: number;
  /** Percent of answers that are replaced by another value. */
  readonly wrongPercent: number;
  /** Percent of steps that keep the time, so that instants hold several events. */
  readonly sameTimePercent: number;
  /** Percent of failed compare-and-sets that say what they saw. */
  readonly observedPercent: number;
  readonly keys: number;
};

const names = ["get", "put", "cas", "append", "delete"] as const;

type Open = {
  readonly f: string;
  readonly key: string;
  readonly value: HistoryValue;
  applied: boolean;
  result: HistoryValue;
  failed: boolean;
};

/** Runs clients against a real register whose operations take effect at a random moment between call and return. */
export function randomHistory(seed: number, shape: Shape): HistoryEvent[] {
  const random = randomOf(seed);
  const events: HistoryEvent[] = [];
  const state = new Map<string, HistoryValue>();
  const open: (Open | null)[] = Array.from({ length: shape.processes }, () => null);
  const processOf = Array.from({ length: shape.processes }, (_, p) => p);
  let fresh = 0;
  let time = 0;
  let started = 0;
  const value = (): string => (shape.values === 0 ? `v${++fresh}` : `v${random(shape.values)}`);
  const pick = (): (typeof names)[number] => {
    let at = random(shape.weights.reduce((x, y) => x + y, 0));
    for (const [n, weight] of shape.weights.entries()) {
      if (at < weight) return names[n] as (typeof names)[number];
      at -= weight;
    }
    return "get";
  };
  const inputOf = (f: string, key: string): HistoryValue => {
    if (f === "put" || f === "append") return value();
    if (f !== "cas") return null;
    const expected = random(4) === 0 ? value() : (state.get(key) ?? null);
    return [expected, value()];
  };
  const apply = (op: Open): void => {
    const now = state.get(op.key) ?? null;
    op.applied = true;
    op.result = now;
    if (op.f === "put") state.set(op.key, op.value);
    if (op.f === "delete") state.set(op.key, null);
    if (op.f === "append") state.set(op.key, `${(now as string | null) ?? ""}${op.value as string}`);
    if (op.f === "cas") {
      const [from, to] = op.value as readonly HistoryValue[];
      if (from === now) state.set(op.key, to as HistoryValue);
      else op.failed = true;
    }
  };
  const event = (p: number, type: HistoryEvent["type"], op: Open, more: Partial<HistoryEvent>): void => {
    const process = processOf[p] as number;
    events.push({ index: events.length, time, process, type, f: op.f, key: op.key, value: op.value, ...more });
  };
  const complete = (p: number, op: Open): void => {
    open[p] = null;
    if (random(100) < shape.unknownPercent) {
      if (random(2) === 0) event(p, "info", op, {});
      processOf[p] = (processOf[p] as number) + shape.processes;
      return;
    }
    if (!op.applied) apply(op);
    const wrong = random(100) < shape.wrongPercent;
    const others = [null, ...state.values(), ...events.flatMap((e) => (e.f === "put" ? [e.value] : []))];
    const seen = wrong ? (others[random(others.length)] as HistoryValue) : op.result;
    if (op.f === "get") event(p, "ok", op, { value: seen });
    else if (!op.failed) event(p, "ok", op, {});
    else event(p, "fail", op, random(100) < shape.observedPercent ? { observed: seen } : {});
  };
  while (started < shape.operations || open.some((op) => op !== null)) {
    if (random(100) >= shape.sameTimePercent) time += 10;
    const p = random(shape.processes);
    const op = open[p] as Open | null;
    if (op === null) {
      if (started >= shape.operations) continue;
      started += 1;
      const f = pick();
      const key = `k${random(shape.keys)}`;
      const next: Open = { f, key, value: inputOf(f, key), applied: false, result: null, failed: false };
      open[p] = next;
      event(p, "invoke", next, {});
    } else if (!op.applied && random(2) === 0) apply(op);
    else complete(p, op);
  }
  return events;
}

/** The history with up to three mistakes: an answer replaced, two answers swapped, a completion moved to its call. */
export function mutate(events: readonly HistoryEvent[], random: (below: number) => number): HistoryEvent[] {
  const changed = [...events];
  const written = events.flatMap((event) =>
    event.type !== "invoke" || event.value === null ? [] : Array.isArray(event.value) ? event.value : [event.value],
  ) as HistoryValue[];
  for (let n = 1 + random(3); n > 0; n--) {
    const answers = changed.flatMap((event, at) => (event.type === "ok" && event.f === "get" ? [at] : []));
    const kind = random(3);
    if (kind === 0) moveCompletion(changed, random);
    else if (answers.length > 0) {
      const at = answers[random(answers.length)] as number;
      const other = answers[random(answers.length)] as number;
      const event = changed[at] as HistoryEvent;
      const swapped = changed[other] as HistoryEvent;
      const fresh = random(6) === 0 ? null : (written[random(written.length)] ?? null);
      changed[at] = { ...event, value: kind === 1 ? fresh : swapped.value };
      if (kind === 2) changed[other] = { ...swapped, value: event.value };
    }
  }
  return changed.map((event, index) => ({ ...event, index }));
}

function moveCompletion(events: HistoryEvent[], random: (below: number) => number): void {
  const from = random(events.length);
  const event = events[from];
  if (event === undefined || event.type === "invoke") return;
  let to = from - 1;
  while (events[to]?.process !== event.process) to -= 1;
  events.splice(from, 1);
  events.splice(to + 1, 0, { ...event, time: (events[to] as HistoryEvent).time });
}
