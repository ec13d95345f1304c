// History events as objects -> columns. The readers of the text formats do the same without the objects.

import type { HistoryEvent, HistoryValue } from "../record/history.js";
import { HistoryBuilder, type InputOptions } from "./builder.js";
import { CAS, type History, NO_VALUE, OTHER, RANGE, READ } from "./history.js";

/** The history of a list of events. @throws {HistoryFormatError} where an event contradicts the ones before it. */
export function historyFromEvents(
  events: Iterable<HistoryEvent>,
  options: InputOptions = {},
  file = "history",
): History {
  const builder = new HistoryBuilder(file, options);
  let line = 0;
  for (const event of events) {
    line += 1;
    addEvent(builder, event, line);
  }
  return builder.finish();
}

/** Adds one event. `line`: its place in the file, for messages. @throws {HistoryFormatError} */
export function addEvent(builder: HistoryBuilder, event: HistoryEvent, line: number): void {
  const process = builder.processes.id(event.process);
  const name = builder.nameId(event.f);
  if (name < 0) builder.bad(line, "no more than 256 different names of operations");
  const level = event.level === undefined ? -1 : builder.levelId(event.level);
  if (event.level !== undefined && level < 0) builder.bad(line, "no more than 256 different read levels");
  const time = event.time === undefined ? Number.NaN : event.time;
  if (time < 0) builder.bad(line, "a time of 0 or more nanoseconds");
  const value = event.value ?? null;
  if (event.type === "invoke") {
    const kind = builder.kindOf(name);
    const [a, b] = inputIds(builder, kind, value, line);
    builder.invoke(process, name, builder.keys.id(event.key ?? null), a, b, time, line);
    if (level >= 0) builder.setLevel(builder.last(), level);
    return;
  }
  const i = builder.opened(process, name, line);
  if (level >= 0) builder.setLevel(i, level);
  if (event.type === "ok" && event.observed !== undefined) {
    builder.succeededOn(i, builder.values.id(event.observed), line);
  }
  if (event.type === "ok") builder.ok(i, outputId(builder, builder.kindOf(name), value), time);
  else if (event.type === "fail") {
    builder.fail(i, event.observed === undefined ? NO_VALUE : builder.values.id(event.observed), time);
  } else builder.info(i, time);
}

function inputIds(builder: HistoryBuilder, kind: number, value: HistoryValue, line: number): readonly [number, number] {
  if (kind === READ) return [NO_VALUE, NO_VALUE];
  if (kind !== CAS) return [builder.values.id(value), NO_VALUE];
  if (!Array.isArray(value) || value.length !== 2) return builder.bad(line, '"value" of a cas to be [expected, new]');
  return [builder.values.id(value[0] as HistoryValue), builder.values.id(value[1] as HistoryValue)];
}

function outputId(builder: HistoryBuilder, kind: number, value: HistoryValue): number {
  return kind === READ || kind === RANGE || kind === OTHER ? builder.values.id(value) : NO_VALUE;
}
