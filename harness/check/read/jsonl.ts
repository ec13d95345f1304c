// JSONL events -> columns, byte by byte. Lines in plain form (see plain.ts) never become strings or objects; every other
// line goes through JSON.parse, with the same result.

import { isUtf8 } from "node:buffer";
import { decodeHistoryEvent } from "../../record/history.js";
import type { HistoryBuilder } from "../builder.js";
import { addEvent } from "../events.js";
import { CAS, NO_VALUE, OTHER, RANGE, READ } from "../history.js";
import { textOf } from "./lines.js";
import {
  ABSENT,
  COUNT,
  FAIL,
  FIRST,
  INVOKE,
  KEY,
  NULL,
  OBSERVED,
  OK,
  PAIR,
  PlainLine,
  PROCESS,
  SCALAR,
  SECOND,
  TEXT,
  VALUE,
} from "./plain.js";
import type { Interner } from "../interner.js";
import { hashOf } from "./textHash.js";

const newline = 0x0a;
const NOT_PLAIN = -2;
/** Guessing the number of operations never takes more room than for these. */
const reservedMax = 1 << 24;

/** Reads lines into a builder. */
export class JsonlReader {
  private readonly builder: HistoryBuilder;
  private readonly plain: PlainLine;
  private bytes: Uint8Array = new Uint8Array(0);
  private view: DataView = new DataView(this.bytes.buffer);
  private line = 0;

  constructor(builder: HistoryBuilder) {
    this.builder = builder;
    this.plain = new PlainLine(builder);
  }

  /** Reads the lines in `bytes[from, to)`, which end with a line end; see {@link PlainLine.use}. @throws {HistoryFormatError} */
  lines(bytes: Uint8Array, from: number, to: number, shareLeft: number): void {
    const { plain } = this;
    const isFirst = this.line === 0;
    if (bytes !== this.bytes) {
      this.bytes = bytes;
      this.view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
      plain.use(bytes, this.view);
    }
    // Equal bytes are equal texts only if they are texts at all.
    const isText = isUtf8(bytes.subarray(from, to));
    for (let at = from; at < to; ) {
      this.line += 1;
      if (isText && plain.scan(at) && this.addPlain(this.line)) {
        at = plain.end + 1;
        continue;
      }
      const end = bytes.indexOf(newline, at);
      this.addAny(at, end);
      at = end + 1;
    }
    // Room for the rest if it is like the beginning, and some more.
    if (isFirst) this.builder.reserve(Math.min(reservedMax, Math.ceil(this.builder.last() * (1 + 1.05 * shareLeft))));
  }

  private addAny(from: number, to: number): void {
    const text = textOf(this.bytes, from, to).trim();
    if (text === "") return;
    addEvent(this.builder, decodeHistoryEvent(text, this.builder.file, this.line), this.line);
  }

  /** False: some field is not in plain form; nothing has been added then. */
  private addPlain(line: number): boolean {
    const { builder, plain } = this;
    const { type, name, level } = plain;
    if (type < 0 || name < 0) return false;
    const process = this.process();
    const key = this.key();
    if (process < 0 || key < 0) return false;
    const kind = builder.kindOf(name);
    if (type === INVOKE) return this.addInvoke(process, name, kind, key, level, line);
    let result = NO_VALUE;
    if (type === OK && (kind === READ || kind === RANGE || kind === OTHER)) result = this.value(VALUE);
    else if (type === FAIL && plain.kinds[OBSERVED] !== ABSENT) result = this.value(OBSERVED);
    const observed = type === OK && kind === CAS && plain.kinds[OBSERVED] !== ABSENT ? this.value(OBSERVED) : NO_VALUE;
    if (result === NOT_PLAIN || observed === NOT_PLAIN) return false;
    const { time } = plain;
    const i = builder.opened(process, name, line);
    if (level >= 0) builder.setLevel(i, level);
    if (observed !== NO_VALUE) builder.succeededOn(i, observed, line);
    if (type === OK) builder.ok(i, result, time);
    else if (type === FAIL) builder.fail(i, result, time);
    else builder.info(i, time);
    return true;
  }

  private addInvoke(process: number, name: number, kind: number, key: number, level: number, line: number): boolean {
    const { builder, plain } = this;
    let a = NO_VALUE;
    let b = NO_VALUE;
    if (kind === CAS) {
      if (plain.kinds[VALUE] !== PAIR) return false;
      a = this.value(FIRST);
      b = this.value(SECOND);
    } else if (kind !== READ) {
      a = this.value(VALUE);
      if (a === NOT_PLAIN) return false;
    }
    builder.invoke(process, name, key, a, b, plain.time, line);
    if (level >= 0) builder.setLevel(builder.last(), level);
    return true;
  }

  /** A string or a number; anything else, or none, is an error that decodeHistoryEvent tells. */
  private process(): number {
    const kind = this.plain.kinds[PROCESS];
    if (kind === NULL || kind === ABSENT) return NOT_PLAIN;
    return this.nameOrNumber(this.builder.processes, PROCESS);
  }

  private key(): number {
    const kind = this.plain.kinds[KEY];
    if (kind === NULL || kind === ABSENT) return this.builder.nullKey;
    return this.nameOrNumber(this.builder.keys, KEY);
  }

  private nameOrNumber(interner: Interner, slot: number): number {
    const first = this.bytes[this.plain.starts[slot] as number];
    // True and false are neither.
    if (this.plain.kinds[slot] === SCALAR && (first === 0x74 || first === 0x66)) return NOT_PLAIN;
    return this.scalar(interner, slot);
  }

  /** Value id of a slot, null if it is not given. */
  private value(slot: number): number {
    const kind = this.plain.kinds[slot];
    return kind === NULL || kind === ABSENT ? 0 : this.scalar(this.builder.values, slot);
  }

  private scalar(interner: Interner, slot: number): number {
    const { kinds, words, starts, ends } = this.plain;
    const kind = kinds[slot];
    if (kind === COUNT) return interner.idOfCount(words[slot] as number);
    if (kind !== TEXT && kind !== SCALAR) return NOT_PLAIN;
    const from = starts[slot] as number;
    const to = ends[slot] as number;
    const hash = kind === TEXT ? (words[slot] as number) : hashOf(this.view, from, to);
    return interner.idOfText(this.view, from, to - from, hash);
  }
}
