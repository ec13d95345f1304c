// JSONL events -> columns, byte by byte. Lines in plain form (see plain.ts) never become strings or objects; every other
// line goes through JSON.parse, with the same result.

import { isUtf8 } from "node:buffer";
import { decodeHistoryEvent } from "../../record/history.js";
import type { HistoryBuilder } from "../builder.js";
import { addEvent } from "../events.js";
import * as H from "../history.js";
import type { Interner } from "../interner.js";
import { block } from "./block.js";
import { textOf } from "./lines.js";
import * as Fields from "./fields.js";
import { scanLine, startScanning } from "./plain.js";
import { hashOf } from "./textHash.js";

// Constants of this module: see fields.ts.
const {
  ABSENT,
  COUNT,
  FAIL,
  FIRST,
  INVOKE,
  KEY,
  LEVEL_ID,
  LINE_END,
  NAME_ID,
  NULL,
  OBSERVED,
  OK,
  PAIR,
  PROCESS,
  SAID,
  SCALAR,
  SECOND,
  START,
  STOP,
  TEXT,
  TYPE_ID,
  VALUE,
  WORD,
} = Fields;
const { CAS, NO_VALUE, OTHER, RANGE, READ } = H;
const newline = 0x0a;
const NOT_PLAIN = -2;
/** Guessing the number of operations never takes more room than for these. */
const reservedMax = 1 << 24;
const view = new DataView(block.buffer);

/** Reads lines into a builder. One history is read at a time. */
export class JsonlReader {
  private readonly builder: HistoryBuilder;
  private readonly said: Int32Array;
  private readonly times: Float64Array;
  private line = 0;

  constructor(builder: HistoryBuilder) {
    this.builder = builder;
    const { said, times } = startScanning(builder);
    this.said = said;
    this.times = times;
  }

  /** Reads the lines in `bytes[from, to)`, which end with a line end. @throws {HistoryFormatError} */
  lines(bytes: Buffer, from: number, to: number, shareLeft: number): void {
    const isFirst = this.line === 0;
    // Equal bytes are equal texts only if they are texts at all.
    const isPlain = bytes === block && isUtf8(bytes.subarray(from, to));
    for (let at = from; at < to; ) {
      this.line += 1;
      if (isPlain && scanLine(at) && this.addPlain(this.line)) {
        at = (this.said[LINE_END] as number) + 1;
        continue;
      }
      const end = bytes.indexOf(newline, at);
      this.addAny(textOf(bytes, at, end));
      at = end + 1;
    }
    // Room for the rest if it is like the beginning, and some more.
    if (isFirst) this.builder.reserve(Math.min(reservedMax, Math.ceil(this.builder.last() * (1 + 1.05 * shareLeft))));
  }

  private addAny(line: string): void {
    const text = line.trim();
    if (text === "") return;
    addEvent(this.builder, decodeHistoryEvent(text, this.builder.file, this.line), this.line);
  }

  /** False: some field is not in plain form; nothing has been added then. */
  private addPlain(line: number): boolean {
    const { builder, said } = this;
    const type = said[TYPE_ID] as number;
    const name = said[NAME_ID] as number;
    const level = said[LEVEL_ID] as number;
    const time = this.times[0] as number;
    if (type < 0 || name < 0) return false;
    const process = this.process();
    const key = this.key();
    if (process < 0 || key < 0) return false;
    const kind = builder.kindOf(name);
    if (type === INVOKE) return this.addInvoke(process, name, kind, key, level, line);
    let result = NO_VALUE;
    if (type === OK && (kind === READ || kind === RANGE || kind === OTHER)) result = this.value(VALUE);
    else if (type === FAIL && said[OBSERVED] !== ABSENT) result = this.value(OBSERVED);
    const isTold = type === OK && kind === CAS && said[OBSERVED] !== ABSENT;
    const observed = isTold ? this.value(OBSERVED) : NO_VALUE;
    if (result === NOT_PLAIN || observed === NOT_PLAIN) return false;
    const i = builder.opened(process, name, line);
    if (level >= 0) builder.setLevel(i, level);
    if (observed !== NO_VALUE) builder.succeededOn(i, observed, line);
    if (type === OK) builder.ok(i, result, time);
    else if (type === FAIL) builder.fail(i, result, time);
    else builder.info(i, time);
    return true;
  }

  private addInvoke(process: number, name: number, kind: number, key: number, level: number, line: number): boolean {
    const { builder } = this;
    let a = NO_VALUE;
    let b = NO_VALUE;
    if (kind === CAS) {
      if (this.said[VALUE] !== PAIR) return false;
      a = this.value(FIRST);
      b = this.value(SECOND);
    } else if (kind !== READ) {
      a = this.value(VALUE);
      if (a === NOT_PLAIN) return false;
    }
    builder.invoke(process, name, key, a, b, this.times[0] as number, line);
    if (level >= 0) builder.setLevel(builder.last(), level);
    return true;
  }

  /** A string or a number; anything else, or none, is an error that decodeHistoryEvent tells. */
  private process(): number {
    const kind = this.said[PROCESS];
    if (kind === NULL || kind === ABSENT) return NOT_PLAIN;
    return this.nameOrNumber(this.builder.processes, PROCESS);
  }

  private key(): number {
    const kind = this.said[KEY];
    if (kind === SAID) return this.said[KEY + WORD] as number;
    if (kind === NULL || kind === ABSENT) return this.builder.nullKey;
    return this.nameOrNumber(this.builder.keys, KEY);
  }

  private nameOrNumber(interner: Interner, slot: number): number {
    if (this.said[slot] === SCALAR) {
      const first = block[this.said[slot + START] as number];
      // True and false are neither.
      if (first === 0x74 || first === 0x66) return NOT_PLAIN;
    }
    return this.scalar(interner, slot);
  }

  /** Value id of a slot, null if it is not given. */
  private value(slot: number): number {
    const kind = this.said[slot];
    return kind === NULL || kind === ABSENT ? 0 : this.scalar(this.builder.values, slot);
  }

  private scalar(interner: Interner, slot: number): number {
    const { said } = this;
    const kind = said[slot];
    if (kind === COUNT) return interner.idOfCount(said[slot + WORD] as number);
    if (kind !== TEXT && kind !== SCALAR) return NOT_PLAIN;
    const from = said[slot + START] as number;
    const to = said[slot + STOP] as number;
    const hash = kind === TEXT ? (said[slot + WORD] as number) : hashOf(view, from, to);
    return interner.idOfText(view, from, to - from, hash);
  }
}
