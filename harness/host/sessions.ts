/**
 * Client sessions: what makes a retry harmless (Ongaro 2014 §6.3). They are part of the replicated state: every replica
 * keeps the same ones, drops the same ones, and restores them from the same snapshot.
 */
import { assert, type Index } from "../../protocols/core/index.js";
import type { Reply, Result } from "./types.js";

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
  /** Grows with every record: the log's order. */
  order: number;
}

export class Sessions {
  private readonly max: number;
  /** By `client | 0`: an integer that needs no memory of its own, as every number above 2^31 does. */
  private readonly byClient = new Map<number, Node>();
  private records = 0;
  /**
   * Sessions that may be dropped next, the one longest unused last, with the order that each had when this list was made:
   * one that was used since is passed over. The others are all newer, so an order is made only when somebody must go.
   */
  private oldest: { readonly node: Node; readonly order: number }[] = [];
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

  /**
   * Whether so many requests can be recorded without dropping a session. Then none was dropped since the last `load`
   * either: a full table stays full.
   */
  hasRoomFor(requests: number): boolean {
    return this.byClient.size + requests <= this.max;
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

  /** The answer to a request whose fate is in here. */
  reply(admission: SettledAdmission, client: number): Reply {
    if (admission === "expired") return { status: "failed", reason: "sessionExpired", leaderHint: null };
    if (admission === "stale") return { status: "unknown", reason: "unsupported", leaderHint: null };
    const session = this.find(client);
    assert(session !== undefined, "an executed request has a session");
    return { status: "ok", result: session.result, index: session.index };
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
    this.records += 1;
    if (session === undefined) {
      if (this.byClient.size >= this.max) this.dropOldest();
      const added: Node = { client, seq, result, index, order: this.records };
      this.byClient.set(client | 0, added);
      return added;
    }
    session.seq = seq;
    session.result = result;
    session.index = index;
    session.order = this.records;
    return session;
  }

  /** From the one unused for longest to the latest. */
  inLogOrder(): readonly Session[] {
    return this.sorted();
  }

  private sorted(): Node[] {
    return [...this.byClient.values()].sort((a, b) => a.order - b.order);
  }

  droppedRanges(): readonly number[] {
    return this.dropped;
  }

  /** Replaces everything. `sessions` in log order. For restoring a snapshot. */
  load(sessions: readonly Session[], dropped: readonly number[]): void {
    this.byClient.clear();
    this.oldest = [];
    this.dropped = [...dropped];
    for (const { client, seq, result, index } of sessions) this.record(client, seq, result, index);
  }

  private dropOldest(): void {
    let next = this.oldest.pop();
    while (next !== undefined && next.node.order !== next.order) next = this.oldest.pop();
    if (next === undefined) {
      const sorted = this.sorted();
      sorted.length = Math.ceil(sorted.length / 2);
      this.oldest = sorted.reverse().map((node) => ({ node, order: node.order }));
      next = this.oldest.pop();
    }
    assert(next !== undefined, "a full table has an oldest session");
    this.byClient.delete(next.node.client | 0);
    addToRanges(this.dropped, next.node.client);
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
