// The session guarantees of Terry et al. 1994 as a black box sees them. "Older" is judged by causal order alone, so that
// every causally consistent history has all four. Each says which writes a session's read of a key must include:
// read your writes     - the session's own earlier writes;
// monotonic reads      - writes that the session has read before;
// monotonic writes     - writes that stand, in their own session, before a write that this session has read before;
// writes follow reads  - writes that the session of a write this session has read before had itself read before it.

import { Budget, BudgetExceeded } from "../budget.js";
import { type History, viewOperation } from "../history.js";
import { isBefore } from "./causal.js";
import type { LevelResult } from "./levels.js";
import { buildSessions, closeOrder, FROM_INITIAL, latestWrite, NO_READ, type Sessions } from "./sessions.js";
import { unsupported } from "./writers.js";

/** The session guarantees of Terry et al. 1994. */
export type Guarantee = "read-your-writes" | "monotonic-reads" | "monotonic-writes" | "writes-follow-reads";

const meaning: { readonly [guarantee in Guarantee]: string } = {
  "read-your-writes": "a client does not see its own earlier write",
  "monotonic-reads": "a client sees an older value than one it has seen before",
  "monotonic-writes": "a client sees a later write of another session but not an earlier one",
  "writes-follow-reads": "a client sees a write but not what its writer had read before",
};

/** Decides one guarantee. */
export function checkGuarantee(h: History, level: Guarantee, deadlineMs: number, memoryBytesMax: number): LevelResult {
  const obstacle = unsupported(h);
  if (obstacle !== null) return { level, verdict: "unknown", reason: obstacle };
  const budget = new Budget(deadlineMs, memoryBytesMax);
  try {
    const built = buildSessions(h);
    if (built.kind === "notUnique") return { level, verdict: "unknown", reason: built.reason };
    if (built.kind === "thinAir") {
      const witness = [viewOperation(h, built.row)];
      return { level, verdict: "violated", reason: "a read of a value that nobody wrote", witness };
    }
    const g = built.sessions;
    const closure = closeOrder(g, [], budget);
    if (closure.kind === "cycle") {
      const witness = closure.nodes.map((node) => viewOperation(h, g.row[node] as number));
      return { level, verdict: "violated", reason: "program order and reads-from form a cycle", witness };
    }
    const nodes = new Walk(g, closure.clock, level, budget).run();
    if (nodes === null) return { level, verdict: "ok" };
    const rows = [...new Set(nodes.map((node) => g.row[node] as number))].sort((x, y) => x - y);
    return { level, verdict: "violated", reason: meaning[level], witness: rows.map((i) => viewOperation(h, i)) };
  } catch (error) {
    if (error instanceof BudgetExceeded)
      return { level, verdict: "unknown", reason: `the ${error.reason} limit was reached` };
    throw error;
  }
}

/** What a session has read so far. */
type Seen = {
  /** By key: the newest writers read, none causally before another. */
  readonly writers: Map<number, number[]>;
  /** By session: the last of its writes that was read, as a node. */
  readonly last: Map<number, number>;
};

class Walk {
  private readonly g: Sessions;
  private readonly clock: Int32Array;
  private readonly level: Guarantee;
  private readonly budget: Budget;
  private readonly seen = new Map<number, Seen>();
  /** By session and key: its reads in program order. */
  private readonly reads = new Map<number, number[]>();

  constructor(g: Sessions, clock: Int32Array, level: Guarantee, budget: Budget) {
    this.g = g;
    this.clock = clock;
    this.level = level;
    this.budget = budget;
    for (let r = 0; r < g.count; r++) {
      if ((g.from[r] as number) < 0) continue;
      const name = this.name(g.session[r] as number, g.key[r] as number);
      const list = this.reads.get(name);
      if (list === undefined) this.reads.set(name, [r]);
      else list.push(r);
    }
  }

  run(): number[] | null {
    const { g } = this;
    for (let r = 0; r < g.count; r++) {
      if (g.from[r] === NO_READ) continue;
      if ((r & 0xff) === 0) this.budget.checkTime();
      const session = g.session[r] as number;
      let seen = this.seen.get(session);
      if (seen === undefined) {
        seen = { writers: new Map(), last: new Map() };
        this.seen.set(session, seen);
      }
      const bad = this.check(r, seen);
      if (bad !== null) return bad;
      this.note(r, seen);
    }
    return null;
  }

  private name(session: number, key: number): number {
    return session * this.g.h.keys.count + key;
  }

  private check(r: number, seen: Seen): number[] | null {
    const { g } = this;
    const key = g.key[r] as number;
    if (this.level === "read-your-writes") {
      const own = latestWrite(g, g.session[r] as number, key, (g.pos[r] as number) - 1);
      return this.isOlder(r, own) ? this.witness(r, [own]) : null;
    }
    if (this.level === "monotonic-reads") {
      const newer = (seen.writers.get(key) ?? []).find((w) => this.isOlder(r, w));
      if (newer === undefined) return null;
      const earlier =
        (this.reads.get(this.name(g.session[r] as number, key)) ?? []).find((x) => g.from[x] === newer) ?? r;
      return this.witness(r, [newer, earlier]);
    }
    for (const [session, through] of seen.last) {
      if (this.level === "monotonic-writes") {
        const w = latestWrite(g, session, key, (g.pos[through] as number) - 1);
        if (this.isOlder(r, w)) return this.witness(r, [w, through]);
        continue;
      }
      for (const x of this.reads.get(this.name(session, key)) ?? []) {
        if ((g.pos[x] as number) >= (g.pos[through] as number)) break;
        const w = g.from[x] as number;
        if (this.isOlder(r, w)) return this.witness(r, [w, x, through]);
      }
    }
    return null;
  }

  /** Did `r` read something causally before write `w`, which it should have seen? */
  private isOlder(r: number, w: number): boolean {
    const writer = this.g.from[r] as number;
    if (w < 0 || w === writer || w === r) return false;
    return writer === FROM_INITIAL || isBefore(this.g, this.clock, writer, w);
  }

  private witness(r: number, others: readonly number[]): number[] {
    const writer = this.g.from[r] as number;
    return writer >= 0 ? [writer, ...others, r] : [...others, r];
  }

  private note(r: number, seen: Seen): void {
    const { g, clock } = this;
    const writer = g.from[r] as number;
    if (writer < 0) return;
    const key = g.key[r] as number;
    const newest = (seen.writers.get(key) ?? []).filter((w) => w !== writer && !isBefore(g, clock, w, writer));
    newest.push(writer);
    seen.writers.set(key, newest);
    const session = g.session[writer] as number;
    const last = seen.last.get(session);
    if (last === undefined || (g.pos[last] as number) < (g.pos[writer] as number)) seen.last.set(session, writer);
  }
}
