// The oracle: tries every order of a small history by the definition, with none of the checkers' code.

import type { HistoryEvent, HistoryValue } from "../../harness/record/history.js";

type Operation = {
  readonly f: string;
  readonly value: HistoryValue;
  readonly result: HistoryValue;
  readonly outcome: "ok" | "fail" | "info";
  readonly observed: HistoryValue | undefined;
  readonly process: number | string;
  readonly call: number;
  readonly ret: number;
  /** Places of the two events in the file. */
  readonly callPlace: number;
  readonly retPlace: number;
};

/** Pairs the events of a history with one key. Events must be in time order; equal times are one instant. */
export function pairOperations(events: readonly HistoryEvent[]): Operation[] {
  const operations: Operation[] = [];
  const open = new Map<number | string, number>();
  for (const [place, event] of events.entries()) {
    if (event.type === "invoke") {
      open.set(event.process, operations.length);
      operations.push({
        f: event.f,
        value: event.value,
        result: null,
        outcome: "info",
        observed: undefined,
        process: event.process,
        call: event.time,
        ret: Number.POSITIVE_INFINITY,
        callPlace: place,
        retPlace: Number.POSITIVE_INFINITY,
      });
      continue;
    }
    const i = open.get(event.process) as number;
    open.delete(event.process);
    const ret = event.type === "info" ? Number.POSITIVE_INFINITY : event.time;
    operations[i] = {
      ...(operations[i] as Operation),
      outcome: event.type,
      result: event.value,
      observed: event.observed,
      ret,
      retPlace: event.type === "info" ? Number.POSITIVE_INFINITY : place,
    };
  }
  return operations;
}

const impossible = Symbol("impossible");

function apply(state: HistoryValue, op: Operation): HistoryValue | typeof impossible {
  const known = op.outcome === "ok";
  switch (op.f) {
    case "get":
      return !known || JSON.stringify(op.result) === JSON.stringify(state) ? state : impossible;
    case "put":
      return op.value;
    case "delete":
      return null;
    case "append":
      return `${(state as string | null) ?? ""}${op.value as string}`;
    case "cas": {
      const [from, to] = op.value as readonly HistoryValue[];
      if (op.outcome === "fail") return op.observed === undefined || op.observed === state ? state : impossible;
      return state === from ? (to as HistoryValue) : impossible;
    }
    default:
      throw new Error(op.f);
  }
}

/**
 * Real time: `a` returned before `b` was called. At one instant calls come first, unless the client of `b` had to return
 * at that instant before it could call: then the file's order decides about returns whose client calls again, too.
 */
export function realTime(all: readonly Operation[]): (a: Operation, b: Operation) => boolean {
  const againAt = (op: Operation): boolean =>
    all.some((later) => later.process === op.process && later.call === op.ret && later.callPlace > op.retPlace);
  return (a, b) => {
    if (a.ret !== b.call) return a.ret < b.call;
    const own = all.filter((op) => op.process === b.process && op.ret === b.call && op.retPlace < b.callPlace);
    return againAt(a) && own.some((op) => a.retPlace <= op.retPlace);
  };
}

/** Is there an order that is legal and keeps real time? */
export function isLinearizable(events: readonly HistoryEvent[], initial: HistoryValue = null): boolean {
  const operations = pairOperations(events);
  return hasOrder(operations, initial, realTime(operations));
}

/** Is there an order that is legal and keeps `before`? Unknown operations may be left out. */
export function hasOrder(
  operations: readonly Operation[],
  initial: HistoryValue,
  before: (a: Operation, b: Operation) => boolean,
): boolean {
  const relevant = operations.filter((op) => op.outcome !== "fail" || op.observed !== undefined);
  const visit = (left: readonly Operation[], state: HistoryValue): boolean => {
    if (left.every((op) => op.outcome === "info")) return true;
    for (const op of left) {
      if (left.some((other) => other !== op && before(other, op))) continue;
      const next = apply(state, op);
      if (next === impossible) continue;
      if (
        visit(
          left.filter((other) => other !== op),
          next,
        )
      )
        return true;
    }
    return false;
  };
  return visit(relevant, initial);
}
