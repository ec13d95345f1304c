// Events in, columns out: the input rules that every format shares.
//
// 1. A process has one operation open at a time. A second invoke, or a completion without an invoke, is bad input.
// 2. `info`, and an invoke without a completion, mean unknown: the operation may take effect at any time after its call
//    or never. After that the process may go on under the same number.
// 3. `fail` means that nothing changed. A failed compare-and-set counts as a read if the event says what it saw
//    (`observed`); otherwise the option `failedCas` decides. One that succeeded and says that it saw something else than
//    it expected contradicts itself: bad input.
// 4. A read without an answer constrains nothing. A read of null saw an absent key, unless the option `nullRead` says
//    that it constrains nothing either.
// 5. Intervals are closed: at one instant, calls come before returns, so that operations which touch are concurrent.
//    One exception: a process calls again after its own return. Where that puts a return before a call at the same
//    instant, the file's order decides between the others.

import { HistoryFormatError, type HistoryValue } from "../record/history.js";
import * as H from "./history.js";
import { Interner } from "./interner.js";
import { type EventLog, orderEvents } from "./order.js";

/** How to read what a file leaves open; the formats have defaults of their own. */
export type InputOptions = {
  /** What every key holds at the start. @default null */
  readonly initial?: HistoryValue;
  /** A failed compare-and-set that does not say what it saw. `dropped`: no information. `notEqual`: it saw a value other than the expected one. @default "dropped" */
  readonly failedCas?: "dropped" | "notEqual";
  /** @default "value" */
  readonly nullRead?: "value" | "unconstrained";
  /** `time`: events are sorted by their time, equal times by rule 5. `line`: the file's order is the order. @default "time" */
  readonly order?: "time" | "line";
};

// Constants of this module: see read/fields.ts.
const { APPEND, CAS, NEVER, NOTHING, NOT_EQUAL, NO_VALUE, OTHER, RANGE, READ, WRITE } = H;

const kindOfName: { readonly [name: string]: number } = {
  get: READ,
  read: READ,
  put: WRITE,
  write: WRITE,
  delete: WRITE,
  cas: CAS,
  append: APPEND,
  range: RANGE,
};

const startCapacity = 256;
/** Names and levels are numbered in bytes. */
const namesMax = 256;

/** Builds a history event by event. Ids come from the interners that it owns. */
export class HistoryBuilder {
  readonly file: string;
  readonly values = new Interner();
  readonly keys = new Interner();
  readonly processes = new Interner();
  readonly nullKey: number;
  private readonly options: Required<InputOptions>;
  private readonly names: string[] = [];
  private readonly nameKinds: number[] = [];
  private deleteName = -1;
  private readonly levels: string[] = ["linearizable"];
  private readonly bands: H.Band[] = [];
  private readonly open: number[] = [];
  private columns = emptyColumns(startCapacity);
  private count = 0;
  private log: EventLog = {
    code: new Int32Array(startCapacity * 2),
    count: 0,
  };
  private timed = true;
  private lastTime = Number.NEGATIVE_INFINITY;
  /** Every event so far came later than the one before it. */
  private ascending = true;

  constructor(file: string, options: InputOptions = {}) {
    this.file = file;
    this.options = { initial: null, failedCas: "dropped", nullRead: "value", order: "time", ...options };
    this.values.id(null);
    this.nullKey = this.keys.id(null);
  }

  /** Number of the name of an operation; -1 = there are 256 others. */
  nameId(name: string): number {
    let id = this.names.indexOf(name);
    if (id < 0) {
      if (this.names.length === namesMax) return -1;
      id = this.names.push(name) - 1;
      this.nameKinds.push(kindOfName[name] ?? OTHER);
      if (name === "delete") this.deleteName = id;
    }
    return id;
  }

  kindOf(nameId: number): number {
    return this.nameKinds[nameId] as number;
  }

  /** Number of a read level; -1 = there are 256 others. */
  levelId(level: string): number {
    const id = this.levels.indexOf(level);
    if (id >= 0) return id;
    return this.levels.length === namesMax ? -1 : this.levels.push(level) - 1;
  }

  /** Number of a key that is a string, a number or null, from its JSON; -1: it is something else. */
  keyId(json: string): number {
    const key = JSON.parse(json) as HistoryValue;
    return typeof key === "string" || typeof key === "number" || key === null ? this.keys.id(key) : -1;
  }

  /** Makes room for a number of operations that is known or guessed. */
  reserve(operations: number): void {
    if (operations <= this.columns.kind.length) return;
    this.columns = grownColumns(this.columns, operations);
    this.log = grownLog(this.log, 2 * operations);
  }

  /** `time` NaN = the event has none. `a`, `b` as in {@link H.Columns}; a read has none yet. */
  invoke(process: number, nameId: number, key: number, a: number, b: number, time: number, line: number): void {
    const before = this.open[process];
    if (before !== undefined && before >= 0) {
      const since = this.columns.line[before] as number;
      this.bad(
        line,
        `process ${this.processes.text(process)} to end its operation of line ${since} before it calls again`,
      );
    }
    if (this.count === this.columns.kind.length) this.columns = grownColumns(this.columns, this.count * 2);
    const i = this.count++;
    const c = this.columns;
    const kind = this.nameKinds[nameId] as number;
    c.kind[i] = kind;
    c.name[i] = nameId;
    c.key[i] = key;
    // A delete writes null, whatever its event holds as a value.
    c.a[i] = kind === READ ? NO_VALUE : nameId === this.deleteName ? 0 : a;
    c.b[i] = kind === CAS ? b : NO_VALUE;
    c.ret[i] = NEVER;
    c.callTime[i] = time;
    c.retTime[i] = Number.POSITIVE_INFINITY;
    c.process[i] = process;
    c.outcome[i] = 2;
    c.line[i] = line;
    c.level[i] = 0;
    this.open[process] = i;
    this.event(2 * i, time);
  }

  /** The operation that `process` has open. @throws {HistoryFormatError} if there is none, or it has another name. */
  opened(process: number, nameId: number, line: number): number {
    const i = this.open[process];
    if (i === undefined || i < 0) {
      return this.bad(line, `an invoke of process ${this.processes.text(process)} before this completion`);
    }
    if (this.columns.name[i] !== nameId) {
      const name = this.names[this.columns.name[i] as number] as string;
      this.bad(
        line,
        `a completion of "${name}", which process ${this.processes.text(process)} called in line ${this.columns.line[i]}`,
      );
    }
    return i;
  }

  /** `result`: the value read, the pairs of a range, the output of an operation of another kind; `NO_VALUE` if none. */
  ok(i: number, result: number, time: number): void {
    const c = this.columns;
    const kind = c.kind[i] as number;
    if (kind === READ) {
      c.a[i] = result;
      const unconstrained = result === NO_VALUE || (result === 0 && this.options.nullRead === "unconstrained");
      if (unconstrained) c.kind[i] = NOTHING;
    } else if (kind === RANGE || kind === OTHER) {
      c.b[i] = result;
    }
    this.finishOperation(i, 0, time);
  }

  /** A compare-and-set that succeeded saw what it expected. @throws {HistoryFormatError} if it says something else. */
  succeededOn(i: number, observed: number, line: number): void {
    const expected = this.columns.a[i] as number;
    if (this.columns.kind[i] !== CAS || observed === expected) return;
    const [saw, wanted] = [this.values.text(observed), this.values.text(expected)];
    this.bad(line, `"observed" of a cas that succeeded to be the value it expected, ${wanted}, not ${saw}`);
  }

  /** `observed`: what a failed compare-and-set saw, or `NO_VALUE`. */
  fail(i: number, observed: number, time: number): void {
    const c = this.columns;
    if (c.kind[i] === CAS && observed !== NO_VALUE) {
      c.kind[i] = READ;
      c.b[i] = c.a[i] as number;
      c.a[i] = observed;
    } else if (c.kind[i] === CAS && this.options.failedCas === "notEqual") {
      c.kind[i] = NOT_EQUAL;
    } else {
      c.kind[i] = NOTHING;
    }
    this.finishOperation(i, 1, time);
  }

  info(i: number, time: number): void {
    this.columns.retTime[i] = Number.isNaN(time) ? Number.POSITIVE_INFINITY : time;
    this.open[this.columns.process[i] as number] = -1;
  }

  /** The level of operation `i`; may be said at the invoke or at the completion. */
  setLevel(i: number, level: number): void {
    this.columns.level[i] = level;
  }

  /** The operation that an invoke has just opened. */
  last(): number {
    return this.count - 1;
  }

  addBand(band: H.Band): void {
    this.bands.push(band);
  }

  bad(line: number, expected: string): never {
    throw new HistoryFormatError(this.file, line, expected);
  }

  finish(): H.History {
    const c = trimmedColumns(this.columns, this.count);
    for (let i = 0; i < this.count; i++) {
      const isRead = c.kind[i] === READ || c.kind[i] === RANGE;
      if (c.outcome[i] === 2 && isRead) c.kind[i] = NOTHING;
    }
    const byTime = this.timed && !this.ascending && this.options.order === "time";
    const { columns, eventAt } = orderEvents(c, this.log, byTime, (line, expected) => this.bad(line, expected));
    // Field by field: the compiled checkers are fast while all histories have one shape as objects.
    return {
      kind: columns.kind,
      name: columns.name,
      key: columns.key,
      a: columns.a,
      b: columns.b,
      call: columns.call,
      ret: columns.ret,
      callTime: columns.callTime,
      retTime: columns.retTime,
      process: columns.process,
      level: columns.level,
      outcome: columns.outcome,
      line: columns.line,
      eventAt,
      count: this.count,
      file: this.file,
      values: this.values,
      keys: this.keys,
      processes: this.processes,
      names: this.names,
      levels: this.levels,
      initial: this.values.id(this.options.initial),
      timed: this.timed,
      bands: this.bands,
    };
  }

  private finishOperation(i: number, outcome: number, time: number): void {
    const c = this.columns;
    c.outcome[i] = outcome;
    c.ret[i] = 0;
    c.retTime[i] = time;
    this.open[c.process[i] as number] = -1;
    this.event(2 * i + 1, time);
  }

  private event(code: number, time: number): void {
    if (this.log.count === this.log.code.length) this.log = grownLog(this.log, this.log.count * 2);
    if (!(time > this.lastTime)) this.ascending = false;
    this.lastTime = time;
    const { log } = this;
    log.code[log.count] = code;
    log.count += 1;
    if (time !== time) this.timed = false;
  }
}

type MutableColumns = { -readonly [column in keyof H.Columns]: H.Columns[column] };

function emptyColumns(capacity: number): MutableColumns {
  return {
    kind: new Uint8Array(capacity),
    name: new Uint8Array(capacity),
    key: new Int32Array(capacity),
    a: new Int32Array(capacity),
    b: new Int32Array(capacity),
    call: new Int32Array(capacity),
    ret: new Int32Array(capacity),
    callTime: new Float64Array(capacity),
    retTime: new Float64Array(capacity),
    process: new Int32Array(capacity),
    level: new Uint8Array(capacity),
    outcome: new Uint8Array(capacity),
    line: new Int32Array(capacity),
  };
}

function grownLog(log: EventLog, capacity: number): EventLog {
  const code = new Int32Array(capacity);
  code.set(log.code);
  return { code, count: log.count };
}

function grownColumns(c: MutableColumns, capacity: number): MutableColumns {
  const larger = emptyColumns(capacity);
  for (const name of Object.keys(c) as (keyof H.Columns)[]) larger[name].set(c[name]);
  return larger;
}

function trimmedColumns(c: MutableColumns, count: number): MutableColumns {
  const trimmed = { ...c };
  for (const name of Object.keys(c) as (keyof H.Columns)[]) {
    (trimmed as Record<string, unknown>)[name] = c[name].subarray(0, count);
  }
  return trimmed;
}
