// JSONL events -> columns, byte by byte. Lines in plain form (no escapes, whole numbers, values that are scalars or a
// pair of scalars) never become strings or objects; every other line goes through JSON.parse, with the same result.

import { decodeHistoryEvent } from "../../record/history.js";
import type { HistoryBuilder } from "../builder.js";
import { addEvent } from "../events.js";
import { CAS, NO_VALUE, OTHER, RANGE, READ } from "../history.js";
import { textOf } from "./lines.js";

const QUOTE = 0x22;
const COMMA = 0x2c;
const COLON = 0x3a;
const OPEN_LIST = 0x5b;
const CLOSE_LIST = 0x5d;
const BACKSLASH = 0x5c;
const CLOSE_MAP = 0x7d;

/** Fields the reader keeps; the numbers index `starts` and `ends`. */
const TIME = 0;
const PROCESS = 1;
const TYPE = 2;
const F = 3;
const KEY = 4;
const VALUE = 5;
const OBSERVED = 6;
const LEVEL = 7;
const SKIPPED = 8;
const fieldCount = 9;
const planSize = 16;
const planBytes = 12;

/** Reads one line at a time into a builder. */
export class JsonlReader {
  private readonly builder: HistoryBuilder;
  private readonly starts = new Int32Array(fieldCount);
  private readonly ends = new Int32Array(fieldCount);
  private bytes: Uint8Array = new Uint8Array(0);
  private view: DataView = new DataView(new ArrayBuffer(0));
  /** The fields of the last line, in order: the next line most likely has the same. */
  private readonly plan = new FieldPlan();
  private readonly smallProcess: number[] = [];
  private lastKeyText = new Uint8Array(0);
  private lastKey = -1;
  /** Texts of names seen, with their quotes; a handful. */
  private readonly nameTexts: Uint8Array[] = [];
  private readonly nameIds: number[] = [];

  constructor(builder: HistoryBuilder) {
    this.builder = builder;
  }

  /** @throws {HistoryFormatError} */
  line(bytes: Uint8Array, from: number, to: number, line: number): void {
    let start = from;
    let end = to;
    while (start < end && isBlank(bytes[start] as number)) start += 1;
    while (end > start && isBlank(bytes[end - 1] as number)) end -= 1;
    if (start === end) return;
    if (bytes !== this.bytes) {
      this.bytes = bytes;
      this.view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    }
    if (this.split(start, end) && this.addFast(line)) return;
    const event = decodeHistoryEvent(textOf(bytes, start, end), this.builder.file, line);
    addEvent(this.builder, event, line);
  }

  /** Finds the fields of `{"name":value,…}`. False: not in plain form. */
  private split(from: number, to: number): boolean {
    const { bytes, starts, ends } = this;
    starts.fill(-1);
    if (bytes[from] !== 0x7b) return false;
    let at = from + 1;
    for (let n = 0; ; n++) {
      let field = this.plan.match(this.view, at, n);
      if (field >= 0) at += this.plan.lengths[n] as number;
      else {
        while (bytes[at] === 0x20) at += 1;
        if (bytes[at] !== QUOTE) return false;
        const quote = at;
        at += 1;
        while (at < to && bytes[at] !== QUOTE) at += 1;
        field = fieldOf(bytes, quote + 1, at);
        if (field < 0) return false;
        at += 1;
        if (bytes[at] === COLON) this.plan.set(this.view, n, quote, at + 1 - quote, field);
        while (bytes[at] === 0x20) at += 1;
        if (bytes[at] !== COLON) return false;
        at += 1;
      }
      while (bytes[at] === 0x20) at += 1;
      starts[field] = at;
      at = endOfValue(bytes, at, to);
      if (at < 0) return false;
      ends[field] = at;
      while (bytes[at] === 0x20) at += 1;
      if (bytes[at] === COMMA) at += 1;
      else return bytes[at] === CLOSE_MAP && at === to - 1;
    }
  }

  /** False: some field is not in plain form; nothing has been added then. */
  private addFast(line: number): boolean {
    const { builder, bytes, starts, ends } = this;
    const type = this.type();
    const process = this.process();
    const name = this.name();
    if (type < 0 || process < 0 || name < 0) return false;
    const time = starts[TIME] === -1 ? Number.NaN : wholeNumber(bytes, starts[TIME] as number, ends[TIME] as number);
    if (time !== time && starts[TIME] !== -1) return false;
    const level = this.level();
    if (level === -2) return false;
    const kind = builder.kindOf(name);
    const value = starts[VALUE] as number;
    if (type === 0) {
      const key = this.key();
      if (key < 0) return false;
      let a = NO_VALUE;
      let b = NO_VALUE;
      if (kind === CAS) {
        const middle = this.pair();
        if (middle < 0) return false;
        a = builder.values.idOfBytes(bytes, value + 1, middle);
        b = builder.values.idOfBytes(bytes, middle + 1, (ends[VALUE] as number) - 1);
      } else if (kind !== READ) {
        a = this.scalar(VALUE);
        if (a === -2) return false;
      }
      builder.invoke(process, name, key, a, b, time, line);
      if (level >= 0) builder.setLevel(builder.last(), level);
      return true;
    }
    let result = NO_VALUE;
    if (type === 1 && (kind === READ || kind === RANGE || kind === OTHER)) {
      result = this.scalar(VALUE);
      if (result === -2) return false;
    } else if (type === 2 && starts[OBSERVED] !== -1) {
      result = this.scalar(OBSERVED);
      if (result === -2) return false;
    }
    const i = builder.opened(process, name, line);
    if (level >= 0) builder.setLevel(i, level);
    if (type === 1) builder.ok(i, result, time);
    else if (type === 2) builder.fail(i, result, time);
    else builder.info(i, time);
    return true;
  }

  /** 0 invoke, 1 ok, 2 fail, 3 info, -1 something else. */
  private type(): number {
    const { bytes } = this;
    const from = this.starts[TYPE] as number;
    if (from < 0) return -1;
    const length = (this.ends[TYPE] as number) - from;
    if (length === 4 && same(bytes, from, '"ok"')) return 1;
    if (length === 8 && same(bytes, from, '"invoke"')) return 0;
    if (length === 6 && same(bytes, from, '"fail"')) return 2;
    if (length === 6 && same(bytes, from, '"info"')) return 3;
    return -1;
  }

  private process(): number {
    const from = this.starts[PROCESS] as number;
    if (from < 0) return -1;
    const to = this.ends[PROCESS] as number;
    const number = to - from < 7 ? wholeNumber(this.bytes, from, to) : Number.NaN;
    if (number >= 0) {
      let id = this.smallProcess[number];
      if (id === undefined) {
        id = this.builder.processes.idOfBytes(this.bytes, from, to);
        this.smallProcess[number] = id;
      }
      return id;
    }
    return isPlainScalar(this.bytes, from, to) ? this.builder.processes.idOfBytes(this.bytes, from, to) : -1;
  }

  private name(): number {
    const from = this.starts[F] as number;
    const to = this.ends[F] as number;
    if (from < 0 || this.bytes[from] !== QUOTE) return -1;
    for (let n = 0; n < this.nameTexts.length; n++) {
      if (sameBytes(this.bytes, from, to, this.nameTexts[n] as Uint8Array)) return this.nameIds[n] as number;
    }
    const name = this.builder.nameId(textOf(this.bytes, from + 1, to - 1));
    this.nameTexts.push(this.bytes.slice(from, to));
    this.nameIds.push(name);
    return name;
  }

  private key(): number {
    const from = this.starts[KEY] as number;
    if (from < 0) return this.builder.nullKey;
    const to = this.ends[KEY] as number;
    if (sameBytes(this.bytes, from, to, this.lastKeyText)) return this.lastKey;
    if (!isPlainScalar(this.bytes, from, to)) return -1;
    this.lastKey = this.builder.keys.idOfBytes(this.bytes, from, to);
    this.lastKeyText = this.bytes.slice(from, to);
    return this.lastKey;
  }

  /** -1 not given, -2 not plain. */
  private level(): number {
    const from = this.starts[LEVEL] as number;
    if (from < 0) return -1;
    const to = this.ends[LEVEL] as number;
    if (this.bytes[from] !== QUOTE) return -2;
    if (to - from === 14 && same(this.bytes, from, '"linearizable"')) return 0;
    return this.builder.levelId(textOf(this.bytes, from + 1, to - 1));
  }

  /** Value id of a field, null if it is not given, -2 if it is not plain. */
  private scalar(field: number): number {
    const from = this.starts[field] as number;
    if (from < 0) return 0;
    const to = this.ends[field] as number;
    return isPlainScalar(this.bytes, from, to) ? this.builder.values.idOfBytes(this.bytes, from, to) : -2;
  }

  /** Place of the comma in `[x,y]` with plain x and y and no blanks, else -1. */
  private pair(): number {
    const { bytes } = this;
    const from = this.starts[VALUE] as number;
    const to = this.ends[VALUE] as number;
    if (from < 0 || bytes[from] !== OPEN_LIST || bytes[to - 1] !== CLOSE_LIST) return -1;
    const middle = endOfValue(bytes, from + 1, to);
    if (middle < 0 || bytes[middle] !== COMMA || !isPlainScalar(bytes, from + 1, middle)) return -1;
    return isPlainScalar(bytes, middle + 1, to - 1) ? middle : -1;
  }
}

/** Names of fields with quotes and colon, `"time":`, as 4-byte words: the first, the second and the last. */
class FieldPlan {
  readonly lengths = new Int32Array(planSize);
  private readonly fields = new Int32Array(planSize).fill(-1);
  private readonly words = new Int32Array(3 * planSize);

  /** The field that stands at `at` if it is the one planned for place `n`, else -1. */
  match(view: DataView, at: number, n: number): number {
    if (n >= planSize || at + planBytes > view.byteLength) return -1;
    const length = this.lengths[n] as number;
    if (length < 4 || view.getInt32(at) !== this.words[3 * n]) return -1;
    if (view.getInt32(at + length - 4) !== this.words[3 * n + 2]) return -1;
    if (length > 8 && view.getInt32(at + 4) !== this.words[3 * n + 1]) return -1;
    return this.fields[n] as number;
  }

  set(view: DataView, n: number, at: number, length: number, field: number): void {
    if (n >= planSize || length < 4 || length > planBytes || at + planBytes > view.byteLength) return;
    this.lengths[n] = length;
    this.fields[n] = field;
    this.words[3 * n] = view.getInt32(at);
    this.words[3 * n + 1] = view.getInt32(at + 4);
    this.words[3 * n + 2] = view.getInt32(at + length - 4);
  }
}

function isBlank(byte: number): boolean {
  return byte === 0x20 || byte === 0x09 || byte === 0x0d;
}

/** Which field `bytes[from, to)` names: `SKIPPED` for one nobody needs, -1 if the name has an escape. */
function fieldOf(bytes: Uint8Array, from: number, to: number): number {
  const length = to - from;
  switch (bytes[from]) {
    case 0x74: // t
      if (length === 4 && bytes[from + 1] === 0x69) return same(bytes, from, "time") ? TIME : SKIPPED;
      return length === 4 && same(bytes, from, "type") ? TYPE : SKIPPED;
    case 0x70: // p
      return length === 7 && same(bytes, from, "process") ? PROCESS : SKIPPED;
    case 0x66: // f
      return length === 1 ? F : SKIPPED;
    case 0x6b: // k
      return length === 3 && same(bytes, from, "key") ? KEY : SKIPPED;
    case 0x76: // v
      return length === 5 && same(bytes, from, "value") ? VALUE : SKIPPED;
    case 0x6f: // o
      return length === 8 && same(bytes, from, "observed") ? OBSERVED : SKIPPED;
    case 0x6c: // l
      return length === 5 && same(bytes, from, "level") ? LEVEL : SKIPPED;
    default:
      for (let i = from; i < to; i++) if (bytes[i] === BACKSLASH) return -1;
      return SKIPPED;
  }
}

/** End of the JSON value at `at`; -1 if it holds escapes, maps or lists within lists. */
function endOfValue(bytes: Uint8Array, at: number, to: number): number {
  const first = bytes[at] as number;
  if (first === QUOTE) {
    for (let i = at + 1; i < to; i++) {
      const byte = bytes[i] as number;
      if (byte === QUOTE) return i + 1;
      if (byte === BACKSLASH || byte < 0x20) return -1;
    }
    return -1;
  }
  if (first === OPEN_LIST) {
    for (let i = at + 1; i < to; ) {
      const byte = bytes[i] as number;
      if (byte === CLOSE_LIST) return i + 1;
      if (byte === COMMA || byte === 0x20) i += 1;
      else if (byte === OPEN_LIST || byte === 0x7b) return -1;
      else i = endOfValue(bytes, i, to);
      if (i < 0) return -1;
    }
    return -1;
  }
  const isDigit = (first - 0x30) >>> 0 < 10 || first === 0x2d;
  if (!isDigit && first !== 0x6e && first !== 0x74 && first !== 0x66) return -1;
  let i = at + 1;
  while (((bytes[i] as number) - 0x30) >>> 0 < 10) i += 1;
  for (; i < to; i++) {
    const byte = bytes[i] as number;
    if (byte === COMMA || byte === CLOSE_MAP || byte === CLOSE_LIST || byte === 0x20) return i;
  }
  return -1;
}

/** A string without escapes, a whole number in canonical form, or null, true, false. */
function isPlainScalar(bytes: Uint8Array, from: number, to: number): boolean {
  const first = bytes[from] as number;
  if (first === QUOTE) return to - from >= 2 && bytes[to - 1] === QUOTE;
  if (first === 0x6e) return to - from === 4 && same(bytes, from, "null");
  if (first === 0x74) return to - from === 4 && same(bytes, from, "true");
  if (first === 0x66) return to - from === 5 && same(bytes, from, "false");
  const digits = first === 0x2d ? from + 1 : from;
  if (to - digits > 15 || to === digits) return false;
  if (bytes[digits] === 0x30 && (to - digits > 1 || digits > from)) return false;
  for (let i = digits; i < to; i++) {
    const byte = bytes[i] as number;
    if (byte < 0x30 || byte > 0x39) return false;
  }
  return true;
}

/** A number of at most 15 digits, else NaN. */
function wholeNumber(bytes: Uint8Array, from: number, to: number): number {
  if (to - from > 15 || to === from || (bytes[from] === 0x30 && to - from > 1)) return Number.NaN;
  let number = 0;
  for (let i = from; i < to; i++) {
    const byte = bytes[i] as number;
    if (byte < 0x30 || byte > 0x39) return Number.NaN;
    number = number * 10 + (byte - 0x30);
  }
  return number;
}

function same(bytes: Uint8Array, from: number, text: string): boolean {
  for (let i = 0; i < text.length; i++) if (bytes[from + i] !== text.charCodeAt(i)) return false;
  return true;
}

function sameBytes(bytes: Uint8Array, from: number, to: number, other: Uint8Array): boolean {
  if (to - from !== other.length) return false;
  for (let i = 0; i < other.length; i++) if (bytes[from + i] !== other[i]) return false;
  return true;
}
