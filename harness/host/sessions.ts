/**
 * Client sessions: what makes a retry harmless (Ongaro 2014 §6.3). They are part of the replicated state: every replica
 * keeps the same ones, drops the same ones, and restores them from the same snapshot.
 */
import { assert, type Index } from "../../protocols/core/index.js";
import type { Result } from "./types.js";

export interface Session {
  readonly client: number;
  /** The last operation that was executed, its answer, and the log position it has. */
  seq: number;
  result: Result;
  index: Index;
}

/** Whether these can name a session and an operation in it. */
export function isSessionName(client: number, seq: number): boolean {
  return client !== 0 && client >>> 0 === client && seq >= 1 && Number.isSafeInteger(seq);
}

/** fresh: execute it. duplicate: done before, here is the answer. stale: the client has moved on. expired: refuse. */
export type Admission = "fresh" | SettledAdmission;
export type SettledAdmission = "duplicate" | "stale" | "expired";

interface Node extends Session {
  older: Node | null;
  newer: Node | null;
}

export class Sessions {
  private readonly max: number;
  /** By `client | 0`: an integer that needs no memory of its own, as every number above 2^31 does. */
  private readonly byClient = new Map<number, Node>();
  private oldest: Node | null = null;
  private newest: Node | null = null;
  /**
   * Clients whose session was dropped, as sorted disjoint ranges [low, high, low, high, …]. Without it a late retry
   * could not be told from a new client and would be executed twice. An id never comes back; ids given out in
   * increasing order keep this at a few numbers, ids drawn at random cost eight bytes for each dropped session.
   */
  private dropped: number[] = [];

  /** @param max Sessions kept; the one unused for longest, in log order, goes first. */
  constructor(max: number) {
    assert(max >= 1, "at least one session must be kept");
    this.max = max;
  }

  get size(): number {
    return this.byClient.size;
  }

  find(client: number): Session | undefined {
    return this.byClient.get(client | 0);
  }

  admit(client: number, seq: number): Admission {
    const session = this.byClient.get(client | 0);
    if (session === undefined) return this.isExpired(client) ? "expired" : "fresh";
    if (seq > session.seq) return "fresh";
    return seq === session.seq ? "duplicate" : "stale";
  }

  isExpired(client: number): boolean {
    if (this.dropped.length === 0) return false;
    const at = rangeAfter(this.dropped, client);
    return at > 0 && client <= (this.dropped[at - 1] as number);
  }

  /**
   * Records the answer of a fresh request as the client's latest and makes its session the newest.
   *
   * @param known What `find` says of the client.
   */
  record(client: number, seq: number, result: Result, index: Index, known = this.find(client)): Session {
    const session = known as Node | undefined;
    if (session === undefined) {
      if (this.byClient.size >= this.max) this.dropOldest();
      const added: Node = { client, seq, result, index, older: null, newer: null };
      this.byClient.set(client | 0, added);
      this.linkNewest(added);
      return added;
    }
    session.seq = seq;
    session.result = result;
    session.index = index;
    if (session === this.newest) return session;
    this.unlink(session);
    this.linkNewest(session);
    return session;
  }

  /** From the one unused for longest to the latest. */
  *inLogOrder(): IterableIterator<Session> {
    for (let node = this.oldest; node !== null; node = node.newer) yield node;
  }

  droppedRanges(): readonly number[] {
    return this.dropped;
  }

  /** Replaces everything. `sessions` in log order. For restoring a snapshot. */
  load(sessions: readonly Session[], dropped: readonly number[]): void {
    this.byClient.clear();
    this.oldest = null;
    this.newest = null;
    this.dropped = [...dropped];
    for (const { client, seq, result, index } of sessions) this.record(client, seq, result, index);
  }

  private dropOldest(): void {
    const node = this.oldest;
    assert(node !== null, "a full table has an oldest session");
    this.unlink(node);
    this.byClient.delete(node.client | 0);
    addToRanges(this.dropped, node.client);
  }

  private linkNewest(node: Node): void {
    node.older = this.newest;
    node.newer = null;
    if (this.newest === null) this.oldest = node;
    else this.newest.newer = node;
    this.newest = node;
  }

  private unlink(node: Node): void {
    if (node.older === null) this.oldest = node.newer;
    else node.older.newer = node.newer;
    if (node.newer === null) this.newest = node.older;
    else node.newer.older = node.older;
  }
}

/** Position of the first range whose low end is above `value`, as an (even) array position. */
function rangeAfter(ranges: readonly number[], value: number): number {
  let low = 0;
  let high = ranges.length / 2;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((ranges[2 * middle] as number) <= value) low = middle + 1;
    else high = middle;
  }
  return 2 * low;
}

/** Adds a value that is in no range yet, and joins the ranges it touches. */
function addToRanges(ranges: number[], value: number): void {
  const at = rangeAfter(ranges, value);
  const touchesBefore = at > 0 && ranges[at - 1] === value - 1;
  const touchesAfter = at < ranges.length && ranges[at] === value + 1;
  if (touchesBefore && touchesAfter) ranges.splice(at - 1, 2);
  else if (touchesBefore) ranges[at - 1] = value;
  else if (touchesAfter) ranges[at] = value;
  else ranges.splice(at, 0, value, value);
}
