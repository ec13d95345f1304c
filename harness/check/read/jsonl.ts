// JSONL events -> columns, byte by byte. Lines in plain form (see plain.ts) never become strings or objects; every other
// line goes through JSON.parse, with the same result.

import { decodeHistoryEvent } from "../../record/history.js";
import type { HistoryBuilder } from "../builder.js";
import { addEvent } from "../events.js";
import { CAS, NO_VALUE, OTHER, RANGE, READ } from "../history.js";
import { textOf } from "./lines.js";
import { F, FAIL, INVOKE, KEY, LEVEL, OBSERVED, OK, PlainLine, PROCESS, type ShortText, VALUE } from "./plain.js";

const QUOTE = 0x22;
const newline = 0x0a;
const NOT_PLAIN = -2;

/** Reads lines into a builder. */
export class JsonlReader {
  private readonly builder: HistoryBuilder;
  private readonly plain = new PlainLine();
  private bytes: Uint8Array = new Uint8Array(0);
  private readonly smallProcess: number[] = [];
  private lastKeyText: ShortText | null = null;
  private lastKey = -1;
  /** Texts of names seen, with their quotes; a handful. */
  private readonly nameTexts: ShortText[] = [];
  private readonly nameIds: number[] = [];
  private line = 0;

  constructor(builder: HistoryBuilder) {
    this.builder = builder;
  }

  /** Reads the lines in `bytes[from, to)`, which end with a line end; see {@link PlainLine.use}. @throws {HistoryFormatError} */
  lines(bytes: Uint8Array, from: number, to: number): void {
    const { plain } = this;
    this.bytes = bytes;
    plain.use(bytes);
    for (let at = from; at < to; ) {
      this.line += 1;
      if (plain.scan(at) && this.addPlain(this.line)) {
        at = plain.end + 1;
        continue;
      }
      const end = bytes.indexOf(newline, at);
      this.addAny(at, end);
      at = end + 1;
    }
  }

  private addAny(from: number, to: number): void {
    const text = textOf(this.bytes, from, to).trim();
    if (text === "") return;
    addEvent(this.builder, decodeHistoryEvent(text, this.builder.file, this.line), this.line);
  }

  /** False: some field is not in plain form; nothing has been added then. */
  private addPlain(line: number): boolean {
    const { builder, plain } = this;
    const { type } = plain;
    const process = this.process();
    const name = this.name();
    const level = this.level();
    const key = this.key();
    if (type < 0 || process < 0 || name < 0 || level === NOT_PLAIN || key < 0) return false;
    const { time } = plain;
    const kind = builder.kindOf(name);
    if (type === INVOKE) return this.addInvoke(process, name, kind, key, level, line);
    let result = NO_VALUE;
    if (type === OK && (kind === READ || kind === RANGE || kind === OTHER)) result = this.scalar(VALUE);
    else if (type === FAIL && plain.starts[OBSERVED] !== -1) result = this.scalar(OBSERVED);
    const observed = type === OK && kind === CAS && plain.starts[OBSERVED] !== -1 ? this.scalar(OBSERVED) : NO_VALUE;
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
    const { builder, plain, bytes } = this;
    let a = NO_VALUE;
    let b = NO_VALUE;
    if (kind === CAS) {
      const from = plain.starts[VALUE] as number;
      const to = plain.ends[VALUE] as number;
      const middle = from < 0 ? -1 : plain.middleOfPair(from, to);
      if (middle < 0) return false;
      a = builder.values.idOfBytes(bytes, from + 1, middle);
      b = builder.values.idOfBytes(bytes, middle + 1, to - 1);
    } else if (kind !== READ) {
      a = this.scalar(VALUE);
      if (a === NOT_PLAIN) return false;
    }
    builder.invoke(process, name, key, a, b, plain.time, line);
    if (level >= 0) builder.setLevel(builder.last(), level);
    return true;
  }

  private process(): number {
    const { plain, builder } = this;
    const from = plain.starts[PROCESS] as number;
    if (from < 0) return -1;
    const number = plain.process;
    if (number < 0) return builder.processes.idOfBytes(this.bytes, from, plain.ends[PROCESS] as number);
    let id = this.smallProcess[number];
    if (id === undefined) {
      id = builder.processes.idOfBytes(this.bytes, from, plain.ends[PROCESS] as number);
      this.smallProcess[number] = id;
    }
    return id;
  }

  private name(): number {
    const from = this.plain.starts[F] as number;
    const to = this.plain.ends[F] as number;
    if (from < 0 || this.bytes[from] !== QUOTE) return -1;
    for (let n = 0; n < this.nameTexts.length; n++) {
      if (this.plain.isText(from, to, this.nameTexts[n] as ShortText)) return this.nameIds[n] as number;
    }
    const name = this.builder.nameId(textOf(this.bytes, from + 1, to - 1));
    this.nameTexts.push(this.plain.shortText(from, to));
    this.nameIds.push(name);
    return name;
  }

  private key(): number {
    const from = this.plain.starts[KEY] as number;
    if (from < 0) return this.builder.nullKey;
    const to = this.plain.ends[KEY] as number;
    if (this.lastKeyText !== null && this.plain.isText(from, to, this.lastKeyText)) return this.lastKey;
    const first = this.bytes[from] as number;
    // A string, a number or null; anything else is an error that addEvent tells.
    if (first === 0x74 || first === 0x66 || !this.plain.isScalar(from, to)) return -1;
    this.lastKey = this.builder.keys.idOfBytes(this.bytes, from, to);
    this.lastKeyText = this.plain.shortText(from, to);
    return this.lastKey;
  }

  /** -1 not given. */
  private level(): number {
    const from = this.plain.starts[LEVEL] as number;
    if (from < 0) return -1;
    if (this.bytes[from] !== QUOTE) return NOT_PLAIN;
    return this.builder.levelId(textOf(this.bytes, from + 1, (this.plain.ends[LEVEL] as number) - 1));
  }

  /** Value id of a field, null if it is not given. */
  private scalar(field: number): number {
    const from = this.plain.starts[field] as number;
    if (from < 0) return 0;
    const to = this.plain.ends[field] as number;
    return this.plain.isScalar(from, to) ? this.builder.values.idOfBytes(this.bytes, from, to) : NOT_PLAIN;
  }
}
