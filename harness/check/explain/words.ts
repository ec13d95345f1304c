// Why there is no order, in sentences.

import { CAS, type History, NEVER, type OperationView, READ, WRITE } from "../history.js";

const quote = (value: unknown): string => (value === null ? "nil" : JSON.stringify(value));

/** Time as people write it: 1.5 ms. `ns` in nanoseconds. */
export function timeInWords(ns: number): string {
  if (!Number.isFinite(ns)) return "never";
  if (ns < 1e3) return `${ns} ns`;
  if (ns < 1e6) return `${round(ns / 1e3)} µs`;
  if (ns < 1e9) return `${round(ns / 1e6)} ms`;
  return `${round(ns / 1e9)} s`;
}

function round(n: number): string {
  return n.toFixed(3).replace(/\.?0+$/, "");
}

/** An operation as a clause: `client 3 read x: 2`. */
export function operationInWords(op: OperationView): string {
  const key = op.key === null ? "" : ` ${typeof op.key === "string" ? op.key : quote(op.key)}`;
  const who = `client ${typeof op.process === "string" ? op.process : quote(op.process)}`;
  if (op.f === "cas" && Array.isArray(op.input)) {
    const [from, to] = op.input as readonly unknown[];
    if (op.outcome === "fail")
      return `${who} wanted${key} changed from ${quote(from)}${op.output === undefined ? "" : ` but saw ${quote(op.output)}`}`;
    return `${who} changed${key} from ${quote(from)} to ${quote(to)}${unknownTail(op)}`;
  }
  if (op.f === "get" || op.f === "read") return `${who} read${key}: ${quote(op.output ?? null)}`;
  if (op.f === "put" || op.f === "write") return `${who} wrote${key} := ${quote(op.input)}${unknownTail(op)}`;
  if (op.f === "delete") return `${who} deleted${key}${unknownTail(op)}`;
  if (op.f === "append") return `${who} appended ${quote(op.input)} to${key}${unknownTail(op)}`;
  const output = op.output === undefined ? "" : ` -> ${quote(op.output)}`;
  return `${who} ${op.f}${key} ${quote(op.input)}${output}${unknownTail(op)}`;
}

function unknownTail(op: OperationView): string {
  return op.outcome === "unknown" ? " (outcome unknown)" : "";
}

/** One line of a listing: label, clause, place and time. */
export function operationLine(label: string, op: OperationView, timed: boolean): string {
  const span = timed
    ? `, ${timeInWords(op.callTime)} to ${op.outcome === "unknown" ? "?" : timeInWords(op.retTime)}`
    : "";
  return `${label}  ${operationInWords(op)}  [line ${op.line}${span}]`;
}

/** Letter of the witness's operation `n`, from 0: A, B, … */
export function labelOf(n: number): string {
  return n < 26 ? String.fromCharCode(65 + n) : `A${n}`;
}

type Fact = { readonly before: number; readonly after: number; readonly why: string; readonly from: readonly string[] };

/**
 * Derives from a witness, step by step, that some operation would have to come before itself. Null if these steps do not
 * lead to a contradiction; the verdict then rests on having tried every order.
 */
export function contradiction(h: History, rows: readonly number[]): string[] | null {
  const facts = new Map<string, Fact>();
  const name = (x: number, y: number): string => `${x} ${y}`;
  const label = (n: number): string => labelOf(n);
  const add = (before: number, after: number, why: string, from: readonly string[]): boolean => {
    if (before === after || facts.has(name(before, after))) return false;
    facts.set(name(before, after), { before, after, why, from });
    return true;
  };
  const n = rows.length;
  for (let x = 0; x < n; x++) {
    for (let y = 0; y < n; y++) {
      if (x === y || (h.ret[rows[x] as number] as number) >= (h.call[rows[y] as number] as number)) continue;
      add(x, y, `${label(x)} had returned before ${label(y)} was called, so ${label(x)} comes before ${label(y)}.`, []);
    }
  }
  const reads = readsOf(h, rows);
  for (const { read, writer, value } of reads) {
    if (writer < 0) continue;
    const saw = value === null ? "nil" : value;
    add(
      writer,
      read,
      `${label(read)} saw ${saw}, which only ${label(writer)} wrote, so ${label(writer)} comes before ${label(read)}.`,
      [],
    );
  }
  for (let grown = true; grown; ) {
    const cycle = firstCycle(facts);
    if (cycle !== null) return tell(facts, cycle, label);
    grown = transitive(facts, n, add) || overwritten(h, rows, facts, reads, add, label);
  }
  return null;
}

type Reading = { readonly read: number; readonly writer: number; readonly key: number; readonly value: string };

/** Reads of the witness whose writer is certain; writer -1 = the initial value. */
function readsOf(h: History, rows: readonly number[]): Reading[] {
  const found: Reading[] = [];
  for (const [read, i] of rows.entries()) {
    if (h.kind[i] !== READ && h.kind[i] !== CAS) continue;
    const writers = rows.flatMap((w, n) => (w !== i && h.key[w] === h.key[i] && writes(h, w) === h.a[i] ? [n] : []));
    const value = h.values.text(h.a[i] as number);
    const key = h.key[i] as number;
    if (writers.length === 1 && h.a[i] !== h.initial) found.push({ read, writer: writers[0] as number, key, value });
    if (writers.length === 0 && h.a[i] === h.initial) found.push({ read, writer: -1, key, value });
  }
  return found;
}

function writes(h: History, i: number): number {
  if (h.kind[i] === WRITE) return h.a[i] as number;
  return h.kind[i] === CAS ? (h.b[i] as number) : -1;
}

type Add = (before: number, after: number, why: string, from: readonly string[]) => boolean;

function transitive(facts: ReadonlyMap<string, Fact>, n: number, add: Add): boolean {
  let grown = false;
  const known = Array.from(facts); // Facts are added on the way.
  for (const [first, x] of known) {
    for (let z = 0; z < n; z++) {
      const second = `${x.after} ${z}`;
      if (facts.has(second) && add(x.before, z, "", [first, second])) grown = true;
    }
  }
  return grown;
}

/** Between a write and its read no other write fits: it stands before both or behind both. */
function overwritten(
  h: History,
  rows: readonly number[],
  facts: ReadonlyMap<string, Fact>,
  reads: readonly Reading[],
  add: Add,
  label: (n: number) => string,
): boolean {
  let grown = false;
  for (const { read, writer, key } of reads) {
    for (const [other, i] of rows.entries()) {
      const isCertain = h.ret[i] !== NEVER || [...facts.keys()].some((fact) => fact.startsWith(`${other} `));
      if (other === writer || other === read || h.key[i] !== key || writes(h, i) < 0 || !isCertain) continue;
      const toRead = `${other} ${read}`;
      const toWriter = `${other} ${writer}`;
      if (facts.has(toRead) && writer >= 0) {
        const why = `${label(other)} also writes and comes before ${label(read)}, but must not come between ${label(writer)} and ${label(read)}, so ${label(other)} comes before ${label(writer)}.`;
        if (!facts.has(toWriter) && add(other, writer, why, [toRead])) grown = true;
      }
      const fromWriter = `${writer} ${other}`;
      if (writer < 0 || facts.has(fromWriter)) {
        const reason =
          writer < 0 ? `${label(read)} saw the value at the start` : `${label(other)} comes after ${label(writer)}`;
        const why = `${reason}, and ${label(other)} writes another, so ${label(read)} comes before ${label(other)}.`;
        if (add(read, other, why, writer < 0 ? [] : [fromWriter])) grown = true;
      }
    }
  }
  return grown;
}

function firstCycle(facts: ReadonlyMap<string, Fact>): readonly [string, string] | null {
  for (const [name, { before, after }] of facts)
    if (facts.has(`${after} ${before}`)) return [name, `${after} ${before}`];
  return null;
}

function tell(
  facts: ReadonlyMap<string, Fact>,
  cycle: readonly [string, string],
  label: (n: number) => string,
): string[] {
  const sentences: string[] = [];
  const told = new Set<string>();
  const visit = (name: string): void => {
    if (told.has(name)) return;
    told.add(name);
    const fact = facts.get(name) as Fact;
    for (const premise of fact.from) visit(premise);
    if (fact.why !== "") sentences.push(fact.why);
  };
  for (const name of cycle) visit(name);
  const { before, after } = facts.get(cycle[0]) as Fact;
  sentences.push(`So ${label(before)} would have to come both before and after ${label(after)}: no order works.`);
  return sentences;
}

/** A witness as text: the operations, then why they cannot be ordered. */
export function witnessInWords(h: History, rows: readonly number[], views: readonly OperationView[]): string {
  const lines = views.map((view, n) => operationLine(labelOf(n), view, h.timed));
  if (rows.length === 1) lines.push("Nobody wrote that value.");
  else
    lines.push(
      ...(contradiction(h, rows) ?? ["Every order of these operations that keeps real time was tried; none is legal."]),
    );
  return lines.join("\n");
}
