// The client history: what clients asked and what they saw, in Jepsen's terms, one JSON object a line.
//
// An operation is two events of one process: `invoke`, then `ok` (it happened), `fail` (it certainly did not change
// anything) or `info` (nobody knows). An `invoke` without a second event counts as `info`.

/** Anything JSON can say. Keys and values of the key-value machine are strings; other systems use numbers and lists. */
export type HistoryValue =
  | null
  | boolean
  | number
  | string
  | readonly HistoryValue[]
  | { readonly [field: string]: HistoryValue };

/** A call, or how it ended. */
export type HistoryEventType = "invoke" | "ok" | "fail" | "info";

/**
 * What a read promises. `linearizable`: through the log, a read index or a valid lease. `sync`: a local read after a
 * `sync` (ZAB). `local`: whatever the asked replica has applied.
 */
export type ReadLevel = "linearizable" | "sync" | "local";

/**
 * The operations of the key-value machine. What `value` holds:
 * `get` null, then the value read (null = absent) · `put`, `append` the new text · `delete` null ·
 * `cas` `[expected, new]` · `range` on invoke the end key (exclusive, null = no end; `key` is the first key), on ok the
 * list of `[key, value]` pairs found. Other names are allowed: a model of one's own gives them their meaning.
 */
export type HistoryOperation = "get" | "put" | "delete" | "cas" | "append" | "range";

/** One line of a history. */
export type HistoryEvent = {
  /** Position of the event in the history, from 0. */
  readonly index: number;
  /** Nanoseconds since the start of the run, >= 0; virtual or wall clock, one clock for the whole history. */
  readonly time: number;
  /** The client session. One operation at a time. */
  readonly process: number | string;
  readonly type: HistoryEventType;
  readonly f: HistoryOperation | (string & {});
  readonly key: string | number | null;
  readonly value: HistoryValue;
  /** Why it failed or is unknown, in words or as a code. */
  readonly error?: string;
  /** The replica that answered (its ordinal) or its name. */
  readonly node?: number | string;
  /** The value a failed compare-and-set saw. With it, the failure counts as a read of that value. */
  readonly observed?: HistoryValue;
  /** Level of a read. @default "linearizable" */
  readonly level?: ReadLevel | (string & {});
};

/** A line that is no history event. `line` counts from 1. */
export class HistoryFormatError extends Error {
  readonly file: string;
  readonly line: number;
  readonly expected: string;
  constructor(file: string, line: number, expected: string) {
    super(`${file}:${line}: expected ${expected}`);
    this.name = "HistoryFormatError";
    this.file = file;
    this.line = line;
    this.expected = expected;
  }
}

/** One event as a line of JSON without the line end. Fields always in the same order, so that equal runs give equal files. */
export function encodeHistoryEvent(event: HistoryEvent): string {
  let line = `{"index":${event.index},"time":${event.time},"process":${JSON.stringify(event.process)},"type":"${event.type}"`;
  line += `,"f":${JSON.stringify(event.f)},"key":${JSON.stringify(event.key)},"value":${JSON.stringify(event.value)}`;
  if (event.error !== undefined) line += `,"error":${JSON.stringify(event.error)}`;
  if (event.node !== undefined) line += `,"node":${JSON.stringify(event.node)}`;
  if (event.observed !== undefined) line += `,"observed":${JSON.stringify(event.observed)}`;
  if (event.level !== undefined) line += `,"level":${JSON.stringify(event.level)}`;
  return `${line}}`;
}

/** A whole history as JSONL text, with a line end after every event. */
export function encodeHistory(events: Iterable<HistoryEvent>): string {
  const lines: string[] = [];
  for (const event of events) lines.push(encodeHistoryEvent(event));
  return lines.length === 0 ? "" : `${lines.join("\n")}\n`;
}

/**
 * Collects events and hands them on as JSONL in pieces of about `pieceChars` characters, so that a long run never holds
 * its whole history as text. The caller owns the file: `sink` is called with each piece, and once more by `end`.
 */
export class HistoryWriter {
  private readonly sink: (piece: string) => void;
  private readonly pieceChars: number;
  private pending = "";
  /** Events written so far; also the index of the next event. */
  count = 0;

  constructor(sink: (piece: string) => void, pieceChars = 1 << 16) {
    this.sink = sink;
    this.pieceChars = pieceChars;
  }

  /** Writes one event. Its `index` is set by the writer. */
  write(event: Omit<HistoryEvent, "index">): void {
    this.pending += `${encodeHistoryEvent({ ...event, index: this.count })}\n`;
    this.count += 1;
    if (this.pending.length >= this.pieceChars) this.flush();
  }

  end(): void {
    this.flush();
  }

  private flush(): void {
    if (this.pending.length === 0) return;
    this.sink(this.pending);
    this.pending = "";
  }
}

const eventTypes = new Set<unknown>(["invoke", "ok", "fail", "info"]);

/**
 * Reads JSONL text, one event a line; blank lines are skipped. For convenience and small files: `harness/check` has a
 * faster reader of its own.
 * @throws {HistoryFormatError} naming the file, the line and what was expected.
 */
export function* decodeHistory(text: string, file = "history.jsonl"): Generator<HistoryEvent> {
  const lines = text.split("\n");
  for (const [i, line] of lines.entries()) {
    if (line.trim() === "") continue;
    yield decodeHistoryEvent(line, file, i + 1);
  }
}

/** One line of a history file. @throws {HistoryFormatError} */
export function decodeHistoryEvent(text: string, file: string, line: number): HistoryEvent {
  let event: Partial<Record<keyof HistoryEvent, unknown>>;
  try {
    event = JSON.parse(text) as typeof event;
  } catch {
    throw new HistoryFormatError(file, line, "one JSON object on the line");
  }
  const wrong = typeof event !== "object" || event === null ? "one JSON object on the line" : wrongField(event);
  if (wrong !== null) throw new HistoryFormatError(file, line, wrong);
  return event as HistoryEvent;
}

function wrongField(event: Partial<Record<keyof HistoryEvent, unknown>>): string | null {
  if (!eventTypes.has(event.type)) return '"type" to be "invoke", "ok", "fail" or "info"';
  if (typeof event.process !== "number" && typeof event.process !== "string")
    return '"process" to be a number or a name';
  if (typeof event.f !== "string") return '"f" to be the name of an operation';
  if (event.time !== undefined && (typeof event.time !== "number" || !Number.isFinite(event.time))) {
    return '"time" to be nanoseconds as a number';
  }
  if (event.key !== undefined && event.key !== null && typeof event.key !== "string" && typeof event.key !== "number") {
    return '"key" to be a string, a number or null';
  }
  if (event.level !== undefined && typeof event.level !== "string") return '"level" to be the name of a read level';
  return null;
}
