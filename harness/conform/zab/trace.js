/** Lines of a traced run as events of TraceZab.tla: one event for each step of a core. */
import { quorumSystem } from "../../../protocols/core/index.js";
import { DiskImage, messageView } from "./view.js";
/** What follows from an input; every other action begins a step. */
const FOLLOWS = new Set([
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
const ENVIRONMENT = new Set(["Drop", "Duplicate", "Sync", "Crash", "Corrupt"]);
/** The first event of a trace: which cluster, and the settings that the spec has. */
export function configEvent(cluster, options) {
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
  events = [];
  disks = new Map();
  running = new Map();
  line(line) {
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
  end() {
    this.flush();
    return this.events;
  }
  disk(node) {
    let disk = this.disks.get(node);
    if (disk === undefined) {
      disk = { image: new DiskImage(), durable: new DiskImage(), pending: [] };
      this.disks.set(node, disk);
    }
    return disk;
  }
  environment(line) {
    const { node, action, args, seq } = line;
    const event = { node, action, args, received: [], then: [], sent: [], wrote: [], state: [], seq };
    if (action === "Drop" || action === "Duplicate")
      this.events.push({ ...event, args: [args[0], args[1], messageView(args[2])] });
    else if (action === "Sync") this.sync(event, args[1]);
    else if (action === "Crash") this.crash(event, args[1]);
    // A damaged disk only keeps its server from starting.
  }
  sync(event, count) {
    if (count === 0) return;
    const disk = this.disk(event.node);
    disk.durable = disk.pending[count - 1] ?? disk.durable;
    disk.pending.splice(0, count);
    this.events.push(event);
  }
  crash(event, kept) {
    const disk = this.disk(event.node);
    if (kept > 0) disk.durable = disk.pending[kept - 1] ?? disk.durable;
    disk.pending = [];
    disk.image = disk.durable.clone();
    this.events.push({ ...event, args: [event.node, kept], wrote: [disk.durable.view()] });
  }
  flush() {
    for (const { lines } of this.running.values()) this.step(lines);
    this.running.clear();
  }
  step(lines) {
    const first = lines[0];
    const last = lines[lines.length - 1];
    if (first === undefined || last === undefined) return;
    const { node, action, args, seq } = first;
    const wrote = [];
    for (const line of lines) {
      if (line.wrote === null) continue;
      const disk = this.disk(node);
      disk.image.write(line.wrote);
      disk.pending.push(disk.image.clone());
      wrote.push(disk.image.view());
    }
    const received = first.received === null ? [] : [first.received[0], messageView(first.received[1])];
    const then = lines.map((line) => line.action);
    const sent = countSent(lines);
    this.events.push({ node, action, args, received, then, sent, wrote, state: last.state, seq });
  }
}
function countSent(lines) {
  const counts = new Map();
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
//# sourceMappingURL=trace.js.map
