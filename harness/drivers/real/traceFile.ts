/** A node's own trace: a file that grows over its restarts, each line written before what it tells of leaves the node. */
import { closeSync, existsSync, ftruncateSync, openSync, readFileSync, writeSync } from "node:fs";
import { NO_STEP, type TraceLine, type TraceSink, traceStep, traceWriter } from "../../record/trace.js";

const EVENTS_MAX = 200_000;

/** What is in the file from before. */
interface Past {
  readonly lines: number;
  readonly lamport: number;
  /** Openings of the store that the file tells of. */
  readonly incarnation: number;
  /** Writes of the last one that no Sync line tells of. */
  readonly pending: number;
  readonly synced: number;
  readonly ended: boolean;
}

export interface TraceOptions {
  readonly file: string;
  readonly eventsMax: number | undefined;
  readonly node: string;
  /** The Config line's argument. */
  readonly header: object;
  readonly incarnation: number;
  /** Writes of the opening before that the store has kept. */
  readonly writesKept: number;
}

export class TraceFile {
  /** This node's Lamport time: one more for each step, and never behind a message that it received. */
  lamport: number;
  readonly #node: string;
  readonly #descriptor: number;
  readonly #sink: TraceSink & { end(): void };
  readonly #eventsMax: number;
  #lines: number;
  #ended: boolean;
  readonly #nextSeq = (): number => {
    this.#lines += 1;
    return this.#lines;
  };

  constructor(options: TraceOptions) {
    const { file, node, eventsMax = EVENTS_MAX } = options;
    this.#node = node;
    this.#eventsMax = eventsMax;
    const past = readPast(file);
    this.#descriptor = openSync(file, "a");
    this.#sink = traceWriter((text) => writeSync(this.#descriptor, text), Number.POSITIVE_INFINITY);
    this.#lines = past?.lines ?? 0;
    this.lamport = past?.lamport ?? 0;
    this.#ended = past?.ended ?? false;
    if (past === null) this.#sink.line({ ...this.#environment("Config", [options.header]), seq: 0, node: "" });
    else this.#afterCrash(past, options);
    this.flush();
  }

  /** The message of the step that follows carried this time. */
  received(lamport: number): void {
    if (lamport > this.lamport) this.lamport = lamport;
  }

  step(received: TraceLine["received"], effects: readonly { readonly type: string }[]): void {
    this.lamport += 1;
    if (this.#ended) return;
    const { lamport } = this;
    traceStep({ node: this.#node, received, time: nowNs(), lamport }, effects, this.#nextSeq, this.#sink);
    if (this.#lines >= this.#eventsMax) this.#end();
  }

  synced(writes: number): void {
    if (!this.#ended) this.#sink.line(this.#environment("Sync", [this.#node, writes]));
  }

  /** Before anything that the lines tell of leaves the node. */
  flush(): void {
    this.#sink.end();
  }

  close(): void {
    this.flush();
    closeSync(this.#descriptor);
  }

  #end(): void {
    // The merge cuts every node's lines here: what happened later may depend on what is not written any more.
    this.#sink.line(this.#environment("End", [this.#node]));
    this.#ended = true;
  }

  /** Whatever ended the process, for the specification it is a crash; openings that came to nothing are more of them. */
  #afterCrash(past: Past, { incarnation, writesKept }: TraceOptions): void {
    if (this.#ended) return;
    let { incarnation: told, pending } = past;
    const kept = Math.max(0, Math.min(writesKept - past.synced, pending));
    // Only the first of several crashes has lost anything: the openings after it wrote nothing.
    let keptNow = incarnation - told === 1 ? kept : pending;
    for (; told < incarnation; told += 1) {
      this.#sink.line(this.#environment("Crash", [this.#node, keptNow, pending - keptNow]));
      pending = 0;
      keptNow = 0;
    }
  }

  #environment(action: string, args: readonly unknown[]): TraceLine {
    return { seq: this.#nextSeq(), node: this.#node, action, args, ...NO_STEP, time: nowNs(), lamport: this.lamport };
  }
}

function nowNs(): number {
  return Math.round(performance.now() * 1e6);
}

/** null: there is no trace yet. Cuts a last line off that a crash has torn: nothing that it tells of has left. */
function readPast(file: string): Past | null {
  if (!existsSync(file)) return null;
  const text = readFileSync(file, "utf8");
  const end = text.lastIndexOf("\n") + 1;
  if (end < text.length) {
    const descriptor = openSync(file, "r+");
    ftruncateSync(descriptor, Buffer.byteLength(text.slice(0, end)));
    closeSync(descriptor);
  }
  if (end === 0) return null;
  let past = { lines: 0, lamport: 0, incarnation: 1, pending: 0, synced: 0, ended: false };
  for (const line of text.slice(0, end - 1).split("\n")) past = after(past, JSON.parse(line) as TraceLine);
  return past;
}

function after(past: Past, { seq, lamport, action, args, wrote }: TraceLine): Past {
  const next = { ...past, lines: seq, lamport };
  if (action === "Crash") return { ...next, incarnation: past.incarnation + 1, pending: 0, synced: 0 };
  if (action === "End") return { ...next, ended: true };
  if (action !== "Sync") return wrote === null ? next : { ...next, pending: past.pending + 1 };
  const writes = args[1] as number;
  return { ...next, pending: past.pending - writes, synced: past.synced + writes };
}

/** A node's lines, read one by one: they never fall back in Lamport time. */
class Lines {
  /** The next one; null: there is none. */
  next: TraceLine | null;
  readonly #text: string;
  #from = 0;

  constructor(text: string) {
    this.#text = text;
    this.next = this.#read();
  }

  take(): void {
    this.next = this.#read();
  }

  #read(): TraceLine | null {
    while (this.#from < this.#text.length) {
      const found = this.#text.indexOf("\n", this.#from);
      const end = found < 0 ? this.#text.length : found;
      const line = this.#text.slice(this.#from, end);
      this.#from = end + 1;
      if (line !== "") return JSON.parse(line) as TraceLine;
    }
    return null;
  }
}

/** Lines of all nodes in Lamport's order; where two have the same time, the earlier node's come first. */
function* inOrder(nodes: readonly Lines[]): Generator<TraceLine> {
  for (;;) {
    let first: Lines | null = null;
    for (const node of nodes)
      if (node.next !== null && (first?.next == null || node.next.lamport < first.next.lamport)) first = node;
    if (first?.next == null) return;
    yield first.next;
    first.take();
  }
}

/**
 * The traces of a cluster's nodes as one: in Lamport's order, numbered anew, with one Config line in front. Where a node
 * stopped writing at its limit, the lines of the others end at the same Lamport time; so do all where there are more than
 * `eventsMax`. What lies behind the end is not read.
 */
export function mergeTraces(texts: readonly string[], eventsMax = EVENTS_MAX): string {
  let config: TraceLine | null = null;
  const kept: TraceLine[] = [];
  for (const line of inOrder(texts.map((text) => new Lines(text)))) {
    if (line.action === "Config") {
      config ??= line;
    } else if (line.action === "End" || kept.length === eventsMax) {
      // A step may have several lines of one time: it is in the trace as a whole or not at all.
      while ((kept.at(-1)?.lamport ?? -1) >= line.lamport) kept.pop();
      break;
    } else kept.push(line);
  }
  const all = config === null ? kept : [config, ...kept];
  return all.map((line, seq) => `${JSON.stringify({ ...line, seq })}\n`).join("");
}
