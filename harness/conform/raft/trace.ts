/** Lines of a traced run of Raft as events of spec/raft/TraceRaft.tla: one event a line. */
import { type Configuration, type Entry, quorumSystem } from "../../../protocols/core/index.js";
import { type RaftMessage, type RaftOptions, specEntry, specMessage } from "../../../protocols/raft/index.js";
import type { TraceLine } from "../../drivers/sim/index.js";
import type { EventCollector, TraceEvent } from "../protocol.js";

export interface RaftEvent extends TraceEvent {
  readonly args: readonly unknown[];
  /** The message that it was about, with sender and receiver; empty: none. */
  readonly received: readonly object[];
  readonly sent: readonly object[];
  readonly wrote: readonly object[];
  /** The replica after it; an empty list for events of the environment. */
  readonly state: unknown;
}

/** The settings that the spec has as constants. A limit in bytes is none in the spec: traces must stay below it. */
export function configEvent(cluster: Configuration, options: RaftOptions): RaftEvent {
  const { voters, election, replication } = quorumSystem(cluster);
  const config = {
    server: cluster.members.map(({ id }) => id),
    voter: voters,
    electionQuorum: election,
    replicationQuorum: replication,
    preVote: options.preVote,
    checkQuorum: options.checkQuorum,
    leases: options.readMechanism === "lease",
    inflightMax: options.inflightMessagesMax,
    readRoundsMax: options.readRoundsMax,
    keepEntries: options.snapshotKeepEntries,
  };
  return { node: "", action: "Config", args: [config], received: [], sent: [], wrote: [], state: [], seq: 0 };
}

/** A message on its way, in the spec's words. */
export function addressed(from: unknown, to: unknown, message: unknown): object {
  return { ...specMessage(message as RaftMessage), from, to };
}

function writeView(wrote: NonNullable<TraceLine["wrote"]>): object {
  const { snapshot, truncateFrom, entries, hard } = wrote;
  return {
    hard: hard !== null,
    from: truncateFrom ?? 0,
    snapshot: { index: snapshot?.index ?? 0, term: snapshot?.round ?? 0 },
    entries: entries.map((entry) => specEntry(entry as Entry)),
  };
}

export class RaftTrace implements EventCollector {
  private readonly collected: RaftEvent[] = [];

  line(line: TraceLine): void {
    const { node, action, args, seq } = line;
    const event = { node, action, args, received: [], sent: [], wrote: [], state: [], seq };
    switch (action) {
      case "Drop":
      case "Duplicate":
        this.collected.push({ ...event, args: [], received: [addressed(args[0], args[1], args[2])] });
        return;
      case "Sync":
        if (args[1] !== 0) this.collected.push(event); // A sync of images alone is none of the spec's.
        return;
      case "Crash":
        this.collected.push(event);
        return;
      case "Corrupt":
        return; // It only keeps the replica from booting.
      default:
        this.collected.push({
          ...event,
          received: line.received === null ? [] : [addressed(line.received[0], node, line.received[1])],
          sent: line.sent.map(([to, message]) => addressed(node, to, message)),
          wrote: line.wrote === null ? [] : [writeView(line.wrote)],
          state: line.state,
        });
    }
  }

  events(): readonly RaftEvent[] {
    return this.collected;
  }
}
