// Histories written by hand, one operation a line.

import type { HistoryEvent, HistoryValue } from "../../harness/record/history.js";

/** `[process, f, key, value, from, to, more]`: times in ns; `to` null = never answered, then `more` may say `info`. */
export type Row = readonly [
  process: number,
  f: string,
  key: string,
  value: HistoryValue,
  from: number,
  to: number | null,
  more?: {
    readonly type?: "fail" | "info";
    readonly observed?: HistoryValue;
    readonly level?: string;
    readonly input?: HistoryValue;
  },
];

/** Events of the rows, in time order; a read's value is its answer. */
export function historyOf(rows: readonly Row[]): HistoryEvent[] {
  const events: (Omit<HistoryEvent, "index"> & { readonly order: number })[] = [];
  for (const [n, [process, f, key, value, from, to, more = {}]] of rows.entries()) {
    const isRead = f === "get" || f === "read";
    const level = more.level === undefined ? {} : { level: more.level };
    const input = more.input !== undefined ? more.input : isRead ? null : value;
    events.push({ time: from, process, type: "invoke", f, key, value: input, ...level, order: n });
    if (to === null) continue;
    const observed = more.observed === undefined ? {} : { observed: more.observed };
    events.push({ time: to, process, type: more.type ?? "ok", f, key, value, ...observed, order: n });
  }
  events.sort((x, y) => x.time - y.time || x.order - y.order);
  return events.map(({ order: _order, ...event }, index) => ({ index, ...event }));
}
