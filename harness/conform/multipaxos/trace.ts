/** Lines of a traced run of Multi-Paxos as events of spec/multipaxos/TraceMultiPaxos.tla. */
import { assert, type Configuration, type Entry, quorumSystem } from "../../../protocols/core/index.js";
import {
  type MultiPaxosHard,
  type MultiPaxosMessage,
  type MultiPaxosOptions,
  specEntry,
  specMessage,
} from "../../../protocols/multipaxos/index.js";
import type { TraceLine } from "../../drivers/sim/index.js";
import type { EventCollector, TraceEvent } from "../protocol.js";

export interface MultiPaxosEvent extends TraceEvent {
  readonly args: readonly unknown[];
  /** `[to, message]` in the spec's words. */
  readonly sent: readonly (readonly [string, object])[];
  /** The replica's state after it; an empty list for events of the environment. */
  readonly state: unknown;
  /** Whether this is the last action of its step; then `wrote` holds the step's write, if it made one. */
  readonly ends: boolean;
  readonly wrote: readonly object[];
  /** Place of the line in the run's trace. */
  readonly seq: number;
}

const ENVIRONMENT: ReadonlySet<string> = new Set(["Drop", "Duplicate", "Sync", "Crash", "Corrupt"]);

/** The first event of a trace: the cluster and the settings that the spec has. Ordinals must be 1, 2, 3 and so on. */
export function configEvent(cluster: Configuration, options: MultiPaxosOptions): MultiPaxosEvent {
  const { voters, election, replication } = quorumSystem(cluster);
  const members = [...cluster.members].sort((a, b) => a.ordinal - b.ordinal);
  for (const [at, member] of members.entries())
    assert(member.ordinal === at + 1, `${member.id} has ordinal ${member.ordinal}, the spec wants ${at + 1}`);
  const config = {
    order: members.map(({ id }) => id),
    voters,
    electionQuorum: election,
    replicationQuorum: replication,
    stickiness: options.stickiness,
    readMechanism: options.readMechanism,
    window: options.windowSlots,
    decideNotice: options.decideNotice,
  };
  return { node: "", action: "Config", args: [config], sent: [], state: [], ends: true, wrote: [], seq: 0 };
}

/** Collects the events of one run, line by line. */
export class MultiPaxosTrace implements EventCollector {
  private readonly collected: MultiPaxosEvent[] = [];
  /** Lines of the step that is not known to be over. */
  private open: TraceLine[] = [];
  /**
   * Writes that survived a node's crashes since its last boot: the spec crashes and boots in one. A live node may die while
   * it boots, before it has written a line, and then has several.
   */
  private readonly kept = new Map<string, readonly number[]>();

  line(line: TraceLine): void {
    const first = this.open[0];
    const sameStep = first !== undefined && first.node === line.node && first.lamport === line.lamport;
    if (!sameStep || ENVIRONMENT.has(line.action)) this.endStep();
    if (ENVIRONMENT.has(line.action)) this.environment(line);
    else this.open.push(line);
  }

  /** The events of every line so far. */
  events(): readonly MultiPaxosEvent[] {
    this.endStep();
    return this.collected;
  }

  private environment({ node, action, args, seq }: TraceLine): void {
    const event = { node, action, args, sent: [], state: [], ends: true, wrote: [], seq };
    if (action === "Crash") this.kept.set(node, [...(this.kept.get(node) ?? []), args[1] as number]);
    else if (action === "Sync" && args[1] !== 0) this.collected.push(event);
    else if (action === "Drop" || action === "Duplicate")
      this.collected.push({ ...event, args: [args[0], args[1], specMessage(args[2] as MultiPaxosMessage)] });
    // A damaged disk only keeps its replica from booting.
  }

  private keptNow(node: string): number {
    const last = this.kept.get(node)?.at(-1) ?? 0;
    this.kept.delete(node);
    return last;
  }

  /** Boots that ended before they did anything differ from the one that is seen by their number only. */
  private unseenBoots(node: string, state: unknown, seq: number): void {
    const kept = this.kept.get(node) ?? [];
    const { incarnation } = state as { readonly incarnation: number };
    for (const [i, count] of kept.slice(0, -1).entries()) {
      const then = { ...(state as object), incarnation: incarnation - (kept.length - 1 - i) };
      const args = [node, count];
      this.collected.push({ node, action: "Restart", args, sent: [], state: then, ends: true, wrote: [], seq });
    }
  }

  private endStep(): void {
    const lines = this.open;
    this.open = [];
    const wrote = lines.flatMap((line) => line.wrote ?? []).map(writeView);
    // The spec permits a read at any time, so one that waited for this step is a step of its own there.
    const last = lines.findLastIndex((line) => line.action !== "Read");
    for (const [at, { node, action, args, sent, state, seq }] of lines.entries()) {
      const ends = at >= last;
      if (action === "Restart") this.unseenBoots(node, state, seq);
      this.collected.push({
        node,
        action,
        args: action === "Restart" ? [node, this.keptNow(node)] : args,
        sent: sent.map(([to, message]) => [to, specMessage(message as MultiPaxosMessage)]),
        state,
        ends,
        wrote: at === last ? wrote : [],
        seq,
      });
    }
  }
}

function writeView({ hard, snapshot, entries }: NonNullable<TraceLine["wrote"]>): object {
  const { promisedBallot, decidedIndex } = hard as MultiPaxosHard;
  const view = entries.map((entry) => specEntry(entry as Entry));
  return { promisedBallot, decidedIndex, snapshot: snapshot?.index ?? 0, entries: view };
}
