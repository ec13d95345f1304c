// The order of events: every call and every return gets a rank, its place in time.

import { type Columns, NEVER } from "./history.js";

/** Events as they came: `code` = 2 * operation + (0 = call, 1 = return). */
export type EventLog = { code: Int32Array; count: number };

type Bad = (line: number, expected: string) => never;

/**
 * Ranks all events and sorts the operations by call. `byTime`: sorted by time, ties by the rule of closed intervals
 * (see builder.ts, rule 5); else file order.
 */
export function orderEvents(
  columns: Columns,
  log: EventLog,
  byTime: boolean,
  bad: Bad,
): { columns: Columns; eventAt: Int32Array } {
  let eventAt = log.code.subarray(0, log.count);
  if (byTime) eventAt = sortedByTime(columns, eventAt, bad);
  // In the file's order the operations are numbered by their calls already.
  const renamed = byTime ? renameByCall(eventAt, columns.kind.length) : null;
  const sorted = renamed === null ? columns : permuted(columns, renamed);
  for (let rank = 0; rank < eventAt.length; rank++) {
    const code = eventAt[rank] as number;
    if ((code & 1) === 0) sorted.call[code >> 1] = rank;
    else sorted.ret[code >> 1] = rank;
  }
  return { columns: sorted, eventAt };
}

function timesOf(columns: Columns, codes: Int32Array): Float64Array {
  const times = new Float64Array(codes.length);
  for (let n = 0; n < codes.length; n++) {
    const code = codes[n] as number;
    times[n] = ((code & 1) === 0 ? columns.callTime[code >> 1] : columns.retTime[code >> 1]) as number;
  }
  return times;
}

function sortedByTime(columns: Columns, codes: Int32Array, bad: Bad): Int32Array {
  let eventAt = codes;
  let times = timesOf(columns, codes);
  let isSorted = true;
  let hasTies = false;
  for (let i = 1; i < times.length; i++) {
    if ((times[i] as number) < (times[i - 1] as number)) isSorted = false;
    else if (times[i] === times[i - 1]) hasTies = true;
  }
  if (!isSorted) {
    for (let i = 0; i < columns.kind.length; i++) {
      const ends = columns.ret[i] !== NEVER;
      if (ends && (columns.retTime[i] as number) < (columns.callTime[i] as number)) {
        bad(columns.line[i] as number, "a completion no earlier than its invoke");
      }
    }
    const unsorted = times;
    const places = Array.from(codes, (_, i) => i);
    places.sort((x, y) => (unsorted[x] as number) - (unsorted[y] as number) || x - y);
    eventAt = Int32Array.from(places, (place) => codes[place] as number);
    times = timesOf(columns, eventAt);
    hasTies = true;
  }
  if (hasTies) orderInstants(columns, eventAt, times);
  return eventAt;
}

function orderInstants(columns: Columns, eventAt: Int32Array, times: Float64Array): void {
  let start = 0;
  while (start < eventAt.length) {
    let end = start + 1;
    while (end < eventAt.length && times[end] === times[start]) end += 1;
    if (end - start > 1) eventAt.set(orderInstant(columns, eventAt.slice(start, end)), start);
    start = end;
  }
}

/** One instant: calls first; returns that their process needs in order to call again, in file order; then the rest. */
function orderInstant(columns: Columns, codes: Int32Array): Int32Array {
  const byProcess = new Map<number, number[]>();
  for (const code of codes) {
    const process = columns.process[code >> 1] as number;
    const queue = byProcess.get(process);
    if (queue === undefined) byProcess.set(process, [code]);
    else queue.push(code);
  }
  const result: number[] = [];
  // Calls that wait for nothing.
  for (const code of codes) {
    const queue = byProcess.get(columns.process[code >> 1] as number) as number[];
    if (queue[0] === code && (code & 1) === 0) result.push(queue.shift() as number);
  }
  // A return that another call of the same process waits for, then that call.
  for (const code of codes) {
    const queue = byProcess.get(columns.process[code >> 1] as number) as number[];
    if (queue[0] !== code || (code & 1) === 0 || queue.length === 1) continue;
    result.push(queue.shift() as number);
    if ((queue[0] & 1) === 0) result.push(queue.shift() as number);
  }
  for (const code of codes) {
    const queue = byProcess.get(columns.process[code >> 1] as number) as number[];
    if (queue[0] === code) result.push(queue.shift() as number);
  }
  return Int32Array.from(result);
}

/** New number of each operation, by call; null if they are in that order already. Renames the codes in `eventAt`. */
function renameByCall(eventAt: Int32Array, count: number): Int32Array | null {
  let next = 0;
  let inOrder = true;
  const renamed = new Int32Array(count);
  for (const code of eventAt) {
    if ((code & 1) === 1) continue;
    if (code >> 1 !== next) inOrder = false;
    renamed[code >> 1] = next++;
  }
  if (inOrder) return null;
  for (let i = 0; i < eventAt.length; i++) {
    const code = eventAt[i] as number;
    eventAt[i] = 2 * (renamed[code >> 1] as number) + (code & 1);
  }
  return renamed;
}

function permuted(columns: Columns, renamed: Int32Array): Columns {
  const result: Record<string, unknown> = {};
  for (const [name, column] of Object.entries(columns)) {
    const copy = column.slice();
    for (let i = 0; i < renamed.length; i++) copy[renamed[i] as number] = column[i] as number;
    result[name] = copy;
  }
  return result as unknown as Columns;
}
