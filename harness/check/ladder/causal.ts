// Causal consistency by bad patterns (Bouajjani, Enea, Guerraoui, Hamza, POPL 2017, Tables 2 and 3), for histories whose
// observed values are written once each. A successful compare-and-set counts as a read and a write at once.

import { Budget, BudgetExceeded } from "../budget.js";
import { type History, viewOperation } from "../history.js";
import type { Level, LevelResult } from "./levels.js";
import { buildSessions, closeOrder, type Edge, FROM_INITIAL, latestWrite, NO_READ, type Sessions } from "./sessions.js";
import { unsupported } from "./writers.js";

/** CC, CM, CCv. */
export type CausalLevel = "causal" | "causal-memory" | "causal-convergence";

/** The name of the pattern found, and the operations that form it. */
export type Pattern = { readonly name: string; readonly nodes: readonly number[] };

const meaning: { readonly [pattern: string]: string } = {
  ThinAirRead: "a read of a value that nobody wrote",
  CyclicCO: "program order and reads-from form a cycle",
  WriteCOInitRead: "a read of the initial value though a write came causally before it",
  WriteCORead: "a read of a value though a causally later write came causally before the read",
  CyclicCF: "no order of conflicting writes agrees with what the clients saw",
  WriteHBInitRead: "a read of the initial value though, as this client sees it, a write came before",
  CyclicHB: "as one client sees it, the order of the writes goes in a circle",
};

/** Decides one of CC (`causal`), CM (`causal-memory`), CCv (`causal-convergence`). */
export function checkCausal(h: History, level: CausalLevel, deadlineMs: number, memoryBytesMax: number): LevelResult {
  const obstacle = unsupported(h);
  if (obstacle !== null) return { level, verdict: "unknown", reason: obstacle };
  const budget = new Budget(deadlineMs, memoryBytesMax);
  try {
    const built = buildSessions(h);
    if (built.kind === "notUnique") return { level, verdict: "unknown", reason: built.reason };
    if (built.kind === "thinAir") return violated(h, level, "ThinAirRead", [built.row]);
    const g = built.sessions;
    const pattern = findCausalPattern(g, budget) ?? strongerPattern(g, level, budget);
    if (pattern === null) return { level, verdict: "ok" };
    return violated(
      h,
      level,
      pattern.name,
      pattern.nodes.map((node) => g.row[node] as number),
    );
  } catch (error) {
    if (error instanceof BudgetExceeded)
      return { level, verdict: "unknown", reason: `the ${error.reason} limit was reached` };
    throw error;
  }
}

function violated(h: History, level: Level, name: string, rows: readonly number[]): LevelResult {
  const witness = [...new Set(rows)].sort((x, y) => x - y).map((i) => viewOperation(h, i));
  return { level, verdict: "violated", reason: `${name}: ${meaning[name]}`, witness };
}

function strongerPattern(g: Sessions, level: CausalLevel, budget: Budget): Pattern | null {
  if (level === "causal-convergence") return findConflictCycle(g, budget);
  if (level === "causal-memory") return findMemoryPattern(g, budget);
  return null;
}

/** CyclicCO, WriteCOInitRead or WriteCORead. */
export function findCausalPattern(g: Sessions, budget: Budget): Pattern | null {
  const closure = closeOrder(g, [], budget);
  if (closure.kind === "cycle") return { name: "CyclicCO", nodes: closure.nodes };
  const { clock } = closure;
  for (let r = 0; r < g.count; r++) {
    if (g.from[r] === NO_READ) continue;
    if ((r & 0x3ff) === 0) budget.checkTime();
    const writer = g.from[r] as number;
    for (const w of writesBefore(g, clock, r)) {
      if (writer === FROM_INITIAL) return { name: "WriteCOInitRead", nodes: [w, r] };
      if (w !== writer && isBefore(g, clock, writer, w)) return { name: "WriteCORead", nodes: [writer, w, r] };
    }
  }
  return null;
}

/** Is `x` at or before `y` in the closed order? */
export function isBefore(g: Sessions, clock: Int32Array, x: number, y: number): boolean {
  return (clock[y * g.sessionCount + (g.session[x] as number)] as number) >= (g.pos[x] as number);
}

/** Per session, the latest write to the key of read `r` that is strictly before `r`. */
function* writesBefore(g: Sessions, clock: Int32Array, r: number): Generator<number> {
  const key = g.key[r] as number;
  for (const s of g.writingSessions(key)) {
    const own = s === g.session[r];
    const last = own ? (g.pos[r] as number) - 1 : (clock[r * g.sessionCount + s] as number);
    const w = latestWrite(g, s, key, last);
    if (w >= 0) yield w;
  }
}

/** CyclicCF: w1 must precede w2 if w1 is causally before a read of w2's value. */
function findConflictCycle(g: Sessions, budget: Budget): Pattern | null {
  const closure = closeOrder(g, [], budget);
  if (closure.kind === "cycle") return { name: "CyclicCO", nodes: closure.nodes };
  const edges: Edge[] = [];
  for (let r = 0; r < g.count; r++) {
    const writer = g.from[r] as number;
    if (writer < 0) continue;
    for (const w of writesBefore(g, closure.clock, r)) {
      if (w !== writer) edges.push({ from: w, to: writer, because: r });
    }
  }
  const conflict = closeOrder(g, edges, budget);
  if (conflict.kind === "order") return null;
  return { name: "CyclicCF", nodes: withReasons(conflict.nodes, edges) };
}

function withReasons(cycle: readonly number[], edges: readonly Edge[]): number[] {
  const nodes = new Set(cycle);
  for (const [n, from] of cycle.entries()) {
    const to = cycle[(n + 1) % cycle.length] as number;
    const edge = edges.find((e) => e.from === from && e.to === to);
    if (edge !== undefined) nodes.add(edge.because);
  }
  return [...nodes];
}

/** WriteHBInitRead or CyclicHB, for the last operation of every session: its happened-before contains the earlier ones'. */
function findMemoryPattern(g: Sessions, budget: Budget): Pattern | null {
  const causal = closeOrder(g, [], budget);
  if (causal.kind === "cycle") return { name: "CyclicCO", nodes: causal.nodes };
  const last = new Map<number, number>();
  for (let i = 0; i < g.count; i++) last.set(g.session[i] as number, i);
  for (const [session, end] of last) {
    const pattern = memoryPatternOf(g, causal.clock, session, end, budget);
    if (pattern !== null) return pattern;
  }
  return null;
}

function memoryPatternOf(
  g: Sessions,
  causal: Int32Array,
  session: number,
  end: number,
  budget: Budget,
): Pattern | null {
  const within = (node: number): boolean => isBefore(g, causal, node, end);
  const reads: number[] = [];
  for (let i = 0; i < g.count; i++) if (g.session[i] === session && g.from[i] !== NO_READ) reads.push(i);
  if (reads.length === 0) return null;
  const edges: Edge[] = [];
  for (;;) {
    const closure = closeOrder(g, edges, budget, within);
    if (closure.kind === "cycle") return { name: "CyclicHB", nodes: withReasons(closure.nodes, edges) };
    const { clock } = closure;
    const before = edges.length;
    for (const r of reads) {
      const writer = g.from[r] as number;
      for (const w of writesBefore(g, clock, r)) {
        if (writer === FROM_INITIAL) return { name: "WriteHBInitRead", nodes: [w, r] };
        if (w !== writer && !isBefore(g, clock, w, writer)) edges.push({ from: w, to: writer, because: r });
      }
    }
    if (edges.length === before) return null;
  }
}
