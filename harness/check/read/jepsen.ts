// Jepsen histories (EDN maps), and the two formats of porcupine's test data.
//
// Operations of processes that are not numbers are the nemesis: they become bands, not operations. A value `[key value]`
// of a read or write, or `[key [expected new]]` of a cas, is an independent-key tuple and names the key.

import type { HistoryEvent, HistoryEventType, HistoryValue } from "../../record/history.js";
import type { HistoryBuilder } from "../builder.js";
import { addEvent } from "../events.js";
import { EdnMap, EdnReader, type EdnValue, jsonOfEdn, Keyword } from "./edn.js";

const types = new Set(["invoke", "ok", "fail", "info"]);

/** Reads EDN, piece by piece: one collection of maps, or maps one after the other. @throws {HistoryFormatError} */
export function readEdn(pieces: Iterable<string>, builder: HistoryBuilder): void {
  const reader = new EdnReader(pieces, builder.file);
  try {
    readElements(reader, builder);
  } finally {
    reader.close();
  }
}

function readElements(reader: EdnReader, builder: HistoryBuilder): void {
  const faults = new Map<string, { readonly fromTime: number; readonly text: string }>();
  let index = 0;
  for (const element of reader.elements()) {
    if (!(element instanceof EdnMap)) return reader.bad("a map with :process, :type, :f and :value");
    const type = nameOf(element.get("type"));
    const f = nameOf(element.get("f"));
    const process = element.get("process");
    if (type === null || !types.has(type)) return reader.bad(":type to be :invoke, :ok, :fail or :info", element.line);
    if (f === null) return reader.bad(":f to be a keyword", element.line);
    const time = element.get("time");
    if (time !== undefined && !(typeof time === "number" && time >= 0))
      reader.bad(":time to be a number of nanoseconds, 0 or more", element.line);
    if (typeof process !== "number") {
      if (process === undefined) reader.bad(":process to be a number or a keyword", element.line);
      addFault(builder, faults, f, jsonOfEdn(element.get("value") ?? null), time ?? index);
      continue;
    }
    addEvent(builder, eventOf(element, index++, process, type as HistoryEventType, f), element.line);
  }
  for (const { fromTime, text: what } of faults.values())
    builder.addBand({ fromTime, toTime: Number.POSITIVE_INFINITY, text: what });
}

function nameOf(value: EdnValue | undefined): string | null {
  if (value instanceof Keyword) return value.name;
  return typeof value === "string" ? value : null;
}

/** `start…` opens a band, `stop…` closes it; anything else is an instant. */
function addFault(
  builder: HistoryBuilder,
  faults: Map<string, { readonly fromTime: number; readonly text: string }>,
  f: string,
  value: HistoryValue,
  time: number,
): void {
  const [, verb, what] = /^(start|stop)?-?(.*)$/.exec(f) as unknown as [string, string | undefined, string];
  const open = faults.get(what);
  const text = value === null ? f : `${f} ${typeof value === "string" ? value : JSON.stringify(value)}`;
  if (verb === "start") {
    if (open === undefined) faults.set(what, { fromTime: time, text });
  } else if (verb === "stop") {
    if (open === undefined) return;
    faults.delete(what);
    builder.addBand({ fromTime: open.fromTime, toTime: time, text: open.text });
  } else builder.addBand({ fromTime: time, toTime: time, text });
}

function eventOf(element: EdnMap, index: number, process: number, type: HistoryEventType, f: string): HistoryEvent {
  const time = element.get("time") as number | undefined;
  let value = jsonOfEdn(element.get("value") ?? null);
  let key = jsonOfEdn(element.get("key") ?? null);
  if (element.get("key") === undefined && isTuple(f, value)) {
    const tuple = value as readonly HistoryValue[];
    key = tuple[0] as HistoryValue;
    value = tuple[1] as HistoryValue;
  }
  const observed = element.get("observed");
  return {
    index,
    process,
    type,
    f,
    key: typeof key === "string" || typeof key === "number" || key === null ? key : JSON.stringify(key),
    value,
    ...(time === undefined ? {} : { time }),
    ...(observed === undefined ? {} : { observed: jsonOfEdn(observed) }),
  } as HistoryEvent;
}

function isTuple(f: string, value: HistoryValue): boolean {
  if (!Array.isArray(value) || value.length !== 2) return false;
  if (f === "read" || f === "write") return true;
  return f === "cas" && Array.isArray(value[1]);
}

/** `INFO  jepsen.util - PROCESS :TYPE :F VALUE`, separated by tabs or blanks. @throws {HistoryFormatError} */
export function readEtcdLogLine(text: string, line: number, builder: HistoryBuilder): void {
  if (text.trim() === "") return;
  const expected = '"INFO  jepsen.util - PROCESS :TYPE :F VALUE"';
  const parts = /^INFO\s+jepsen\.util\s+-\s+(\S+)\s+:(\S+)\s+:(\S+)(?:\s+(.*?))?\s*$/.exec(text);
  if (parts === null) return builder.bad(line, expected);
  const [, process, type, f, rest] = parts as unknown as [string, string, string, string, string | undefined];
  if (!/^\d+$/.test(process)) return; // The nemesis: these logs give its events no time.
  if (!types.has(type)) builder.bad(line, ":invoke, :ok, :fail or :info as the type");
  let value: HistoryValue = null;
  if (rest !== undefined && !rest.startsWith(":")) {
    for (const element of new EdnReader([`[${rest}]`], builder.file).elements()) value = jsonOfEdn(element);
  }
  const event = { index: line - 1, process: Number(process), type: type as HistoryEventType, f, key: null, value };
  addEvent(builder, event as unknown as HistoryEvent, line);
}
