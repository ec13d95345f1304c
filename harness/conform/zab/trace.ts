/** Lines of a traced run as events of TraceZab.tla: one event for each step of a core. */
import { type Configuration, quorumSystem } from "../../../protocols/core/index.js";
import type { ZabOptions } from "../../../protocols/zab/index.js";
import type { TraceLine } from "../../drivers/sim/index.js";
import { DiskImage, messageView, type Written } from "./view.js";

export interface ZabEvent {
  readonly node: string;
  /** The first action of the step, or the environment's. */
  readonly action: string;
  readonly args: readonly unknown[];
  /** [from, message], or empty. */
  readonly received: readonly unknown[];
  /** Every action of the step, in order. */
  readonly names: readonly string[];
  /** [to, message, how many], sorted by text. */
  readonly sent: readonly unknown[];
  /** The disk once this step's write is on it; empty where nothing was written. */
  readonly wrote: readonly unknown[];
  readonly state: unknown;
  /** Place of the step's first line in the run's trace. */
  readonly seq: number;
}

/** What follows from an input; every other action begins a step. */
const FOLLOWS: ReadonlySet<string> = new Set([
  "StartElection",
  "StartLeading",
  "StartFollowing",
  "ProposeEpoch",
  "AcceptEpochByQuorum",
  "SendPlan",
  "AcceptHistory",
  "EstablishLeader",
  "AdvanceCommit",
  "LeaveEpoch",
]);
const ENVIRONMENT: ReadonlySet<string> = new Set(["Drop", "Duplicate", "Sync", "Crash", "Corrupt"]);

interface Disk {
  /** With every write that was asked for. */
  image: DiskImage;
  readonly durable: DiskImage;
  /** The writes that are not durable, oldest first. */
  readonly pending: Written[];
}

/** The `count` oldest writes become durable. */
function settle({ durable, pending }: Disk, count: number): void {
  for (const write of pending.splice(0, count)) durable.write(write);
}

/** The first event of a trace: which cluster, and the settings that the spec has. */
export function configEvent(cluster: Configuration, options: ZabOptions): unknown {
  const { voters, election, replication } = quorumSystem(cluster);
  const ordinals = Object.fromEntries(cluster.members.map(({ id, ordinal }) => [id, ordinal]));
  const config = {
    ordinals,
    voters,
    electionQuorum: election,
    replicationQuorum: replication,
    window: options.windowEntries,
    trailing: options.trailingEntries,
  };
  return { node: "", action: "Config", args: [], config };
}

export class ZabTrace {
  readonly events: ZabEvent[] = [];
  private readonly disks = new Map<string, Disk>();
  private readonly running = new Map<string, { lamport: number; lines: TraceLine[] }>();

  line(line: TraceLine): void {
    if (ENVIRONMENT.has(line.action)) {
      this.flush();
      this.environment(line);
      return;
    }
    const open = this.running.get(line.node);
    if (open !== undefined && open.lamport === line.lamport && FOLLOWS.has(line.action) && line.received === null) {
      open.lines.push(line);
      return;
    }
    this.flush();
    this.running.set(line.node, { lamport: line.lamport, lines: [line] });
  }

  /** The events of everything seen so far. */
  end(): readonly ZabEvent[] {
    this.flush();
    return this.events;
  }

  private disk(node: string): Disk {
    let disk = this.disks.get(node);
    if (disk === undefined) {
      disk = { image: new DiskImage(), durable: new DiskImage(), pending: [] };
      this.disks.set(node, disk);
    }
    return disk;
  }

  private environment(line: TraceLine): void {
    const { node, action, args, seq } = line;
    const event = { node, action, args, received: [], names: [], sent: [], wrote: [], state: [], seq };
    if (action === "Drop" || action === "Duplicate")
      this.events.push({ ...event, args: [args[0], args[1], messageView(args[2])] });
    else if (action === "Sync") this.sync(event, args[1] as number);
    else if (action === "Crash") this.crash(event, args[1] as number);
    // A damaged disk only keeps its server from starting.
  }

  private sync(event: ZabEvent, count: number): void {
    if (count === 0) return;
    settle(this.disk(event.node), count);
    this.events.push(event);
  }

  private crash(event: ZabEvent, kept: number): void {
    const disk = this.disk(event.node);
    settle(disk, kept);
    disk.pending.length = 0;
    disk.image = disk.durable.clone();
    this.events.push({ ...event, args: [event.node, kept], wrote: [disk.durable.view()] });
  }

  private flush(): void {
    for (const { lines } of this.running.values()) this.step(lines);
    this.running.clear();
  }

  private step(lines: readonly TraceLine[]): void {
    const first = lines[0];
    const last = lines[lines.length - 1];
    if (first === undefined || last === undefined) return;
    const { node, action, args, seq } = first;
    const wrote: unknown[] = [];
    for (const line of lines) {
      if (line.wrote === null) continue;
      const disk = this.disk(node);
      disk.image.write(line.wrote);
      disk.pending.push(line.wrote);
      wrote.push(disk.image.view());
    }
    const received = first.received === null ? [] : [first.received[0], messageView(first.received[1])];
    const names = lines.map((line) => line.action);
    const sent = countSent(lines);
    this.events.push({ node, action, args, received, names, sent, wrote, state: last.state, seq });
  }
}

function countSent(lines: readonly TraceLine[]): readonly unknown[] {
  const counts = new Map<string, [string, unknown, number]>();
  for (const { sent } of lines) {
    for (const [to, message] of sent) {
      const view = messageView(message);
      const key = JSON.stringify([to, view]);
      const known = counts.get(key);
      if (known === undefined) counts.set(key, [to, view, 1]);
      else known[2] += 1;
    }
  }
  return [...counts.values()];
}
