/**
 * The invariants, checked at every step. What they need to know of the past is kept so that each check costs the same
 * however long the run is. The first one that breaks is recorded, and the run ends there.
 *
 * - election safety: one established leader per round;
 * - state-machine safety: the first replica that applies an index fixes its content;
 * - a value is on a replication quorum of disks when it is first applied anywhere;
 * - durability: such a quorum keeps it, and an acknowledged write is applied with the result it was answered with;
 * - monotonic commit: a commit index never falls, replicas apply in order without gaps;
 * - log matching, leader completeness where the protocol promises them; the protocol's own.
 */
import {
  type AnyModule,
  assert,
  type Cell,
  type Entry,
  entryAt,
  type Index,
  type QuorumSystem,
  quorumSystem,
  roundAt,
  type Snapshot,
} from "../../../protocols/core/index.js";
import { type ClientRequest, decodeCommand, KnownKeys, type Reply } from "../../host/index.js";
import type { DiskWatcher } from "./disk.js";
import type { InvariantName } from "./invariantNames.js";
import { Leaders } from "./leaders.js";
import { ModelMachine } from "./model.js";
import type { Driven, Persist, SimNode, Store, World } from "./world.js";

/** One entry that some log has held at an index: which round made it, what lay before it. */
interface Held {
  readonly entry: Entry;
  /** Round of the entry before it; -1: not known there (a hole or compacted away). */
  readonly previous: number;
  /** What other logs have held at the same index. */
  readonly next: Held | null;
}

/** What watches a run: at every step, for what must hold. */
export interface Ledger extends DiskWatcher {
  readonly leaders: Leaders;
  /** Invariants that other subjects are checked for and that mean nothing for this one. */
  readonly notApplicable: readonly string[];
  /** The first invariant that breaks is kept. */
  break(invariant: InvariantName, detail: string): void;
  onBoot(node: SimNode): void;
  onCrash(node: SimNode): void;
  onApply(node: SimNode, entry: Entry): void;
  onInstall(node: SimNode, snapshot: Snapshot): void;
  onSnapshot(node: SimNode, index: Index, bytes: Uint8Array): void;
  onReply(node: SimNode, request: ClientRequest | null, reply: Reply, cell: Cell | null | undefined): void;
  onPersist(node: SimNode, persist: Persist): void;
  onStore(node: SimNode, store: Store): void;
  afterStep(node: SimNode): void;
  finalCheck(): void;
}

export class LogLedger implements Ledger {
  readonly notApplicable: readonly string[];
  readonly leaders: Leaders;
  private readonly world: World;
  private readonly module: AnyModule;
  private readonly quorums: QuorumSystem;
  private readonly voters: readonly SimNode[];
  /** `applied[index]`: what the first replica to apply it applied. Index 0 is unused. */
  private readonly applied: (Entry | undefined)[] = [undefined];
  /** The round whose leader committed it: leaders of later rounds must have it. */
  private readonly appliedRound: number[] = [0];
  /** Every version of an index that any log has held (log matching). */
  private readonly held: (Held | null)[] = [];
  private readonly model = new ModelMachine();
  private readonly images = new Map<Index, Uint8Array>();
  private readonly knownKeys = new KnownKeys();

  constructor(world: World, module: AnyModule) {
    this.world = world;
    this.module = module;
    this.notApplicable = module.logMatching ? [] : ["log matching", "leader completeness"];
    this.quorums = quorumSystem(world.configuration);
    this.voters = world.nodes.filter((node) => node.voter);
    this.leaders = new Leaders(world);
  }

  /** The highest index any replica has applied. */
  get appliedMax(): Index {
    return this.applied.length - 1;
  }

  break(invariant: InvariantName, detail: string): void {
    this.keepFirst(invariant, detail);
  }

  private keepFirst(invariant: string, detail: string): void {
    const { world } = this;
    world.broken ??= { invariant, detail, atNs: world.now, event: world.events };
  }

  onBoot(node: SimNode): void {
    node.commitIndex = 0;
    node.appliedIndex = node.disk.snapshot?.index ?? 0;
    node.verifiedIndex = 0;
    node.leaderRound = -1;
  }

  onCrash(node: SimNode): void {
    this.leaders.lost(node);
  }

  onApply(node: SimNode, entry: Entry): void {
    const { index } = entry;
    if (index !== node.appliedIndex + 1) {
      this.break("apply in order", `${node.id} applies ${index} after ${node.appliedIndex}`);
    }
    node.appliedIndex = index;
    const first = this.applied[index];
    if (first !== undefined) {
      if (!sameValue(first, entry)) {
        this.break(
          "state-machine safety",
          `${node.id} applies ${text(entry)} at ${index}, another applied ${text(first)}`,
        );
      }
      return;
    }
    this.firstApplied(node, entry);
  }

  private firstApplied(node: SimNode, entry: Entry): void {
    const { world, quorums } = this;
    const { index } = entry;
    while (this.applied.length < index) {
      this.applied.push(undefined);
      this.appliedRound.push(Number.MAX_SAFE_INTEGER);
    }
    this.applied[index] = entry;
    const status = this.module.status((node.host as Driven).state);
    this.appliedRound[index] = status.leader?.round ?? status.promisedRound;
    const holders = this.holders(index, entry);
    if (holders < quorums.replication) {
      this.break(
        "quorum of disks",
        `${node.id} applies ${index} while ${holders} of ${quorums.replication} needed disks hold it`,
      );
    }
    if (entry.kind === "noop") return;
    world.hash.bytes(entry.command, 0, entry.command.length);
    this.model.apply(index, decodeCommand(entry.command, this.knownKeys));
  }

  /** Voters whose disk holds this value, in the log or in a snapshot. Damage that a fault did later does not count. */
  private holders(index: Index, entry: Entry): number {
    let count = 0;
    for (const { disk } of this.voters) {
      const held = entryAt(disk.log, index);
      if (index <= disk.log.snapshotIndex || (held !== undefined && sameValue(held, entry))) count += 1;
    }
    return count;
  }

  onDurable(node: SimNode, replaced: readonly Entry[]): void {
    for (const entry of replaced) {
      const first = this.applied[entry.index];
      // A value that was only accepted may go; one that was applied must stay on enough disks.
      if (first === undefined || !sameValue(first, entry)) continue;
      const holders = this.holders(entry.index, first);
      if (holders < this.quorums.replication) {
        this.break(
          "durability",
          `${node.id} dropped ${entry.index}, which was applied: ${holders} disks still hold it`,
        );
      }
    }
  }

  onInstall(node: SimNode, snapshot: Snapshot): void {
    if (snapshot.index <= node.appliedIndex) {
      this.break("apply in order", `${node.id} installs a snapshot of ${snapshot.index} after ${node.appliedIndex}`);
    }
    node.appliedIndex = snapshot.index;
    node.verifiedIndex = 0;
  }

  /** Images are a function of the log prefix: every replica's image of an index is the same. */
  onSnapshot(node: SimNode, index: Index, bytes: Uint8Array): void {
    const first = this.images.get(index);
    if (first === undefined) this.images.set(index, bytes);
    else if (!sameBytes(first, bytes)) {
      this.break("equal snapshots", `${node.id}'s snapshot of ${index} differs from another replica's`);
    }
  }

  /** A write that is answered with ok is in the committed log, with the result that the answer names. */
  onReply(node: SimNode, request: ClientRequest | null, reply: Reply): void {
    if (request === null || reply.status !== "ok") return;
    if (request.operation.f === "get" || request.operation.f === "range") return;
    if (reply.index > this.appliedMax) this.fix(node, reply.index);
    const problem = this.model.problem(request.client, request.seq, reply.index, reply.result);
    if (problem !== null) this.break("acknowledged writes", `${node.id} answers client ${request.client}: ${problem}`);
  }

  /** A write may be answered when it is committed, before anybody applies it: from then on it must stay where it is. */
  private fix(node: SimNode, upTo: Index): void {
    const { state } = node.host as Driven;
    const { commitIndex } = this.module.status(state);
    const log = this.module.log(state);
    for (let index = this.appliedMax + 1; index <= upTo; index += 1) {
      const entry = entryAt(log, index);
      if (entry === undefined || index > commitIndex) {
        this.break("acknowledged writes", `${node.id} answers a write at ${upTo}, and ${index} is not committed there`);
        return;
      }
      this.firstApplied(node, entry);
    }
  }

  onPersist(node: SimNode, persist: Persist): void {
    const { truncateFrom, entries } = persist;
    if (truncateFrom !== null && truncateFrom <= node.verifiedIndex) node.verifiedIndex = truncateFrom - 1;
    if (!this.module.logMatching) return;
    const log = this.module.log((node.host as Driven).state);
    for (let i = 0; i < entries.length; i += 1) {
      const entry = entries[i] as Entry;
      const before = entries[i - 1];
      const adjacent = before !== undefined && before.index === entry.index - 1;
      this.match(node, entry, adjacent ? before.round : (roundAt(log, entry.index - 1) ?? -1));
    }
  }

  /**
   * Log matching by induction: if (index, round) has one content and one predecessor's round in all logs, then the
   * predecessors are equal too, and so on down (Raft §5.3).
   */
  private match(node: SimNode, entry: Entry, previous: number): void {
    const { index, round } = entry;
    while (this.held.length <= index) this.held.push(null);
    const versions = this.held[index] ?? null;
    for (let version = versions; version !== null; version = version.next) {
      if (version.entry.round !== round) continue;
      if (!sameValue(version.entry, entry)) {
        this.break(
          "log matching",
          `${node.id} has ${text(entry)} at ${index} of round ${round}, another ${text(version.entry)}`,
        );
      } else if (previous >= 0 && version.previous >= 0 && version.previous !== previous) {
        this.break(
          "log matching",
          `before ${index} of round ${round} ${node.id} has round ${previous}, another ${version.previous}`,
        );
      }
      return;
    }
    this.held[index] = { entry, previous, next: versions };
  }

  onStore(node: SimNode): void {
    assert(false, `${node.id} stores cells, and its module keeps a log`);
  }

  afterStep(node: SimNode): void {
    const { module } = this;
    const { running } = this.world;
    const { state } = node.host as Driven;
    const status = module.status(state);
    if (status.commitIndex < node.commitIndex) {
      this.break(
        "monotonic commit",
        `${node.id}'s commit index falls from ${node.commitIndex} to ${status.commitIndex}`,
      );
    }
    node.commitIndex = status.commitIndex;
    const { leader } = status;
    if (leader !== null && leader.id === node.id) {
      if (leader.round !== node.leaderRound) this.onEstablished(node, leader.round);
    } else if (node.leaderRound !== -1) this.leaders.lost(node);
    const { invariants } = module;
    for (let i = 0; i < invariants.length; i += 1) {
      const problem = invariants[i]?.check(state, running) ?? null;
      if (problem !== null) this.keepFirst(invariants[i]?.name ?? "", problem);
    }
  }

  private onEstablished(node: SimNode, round: number): void {
    const rival = this.leaders.established(node, round);
    if (rival !== null) this.break("election safety", `${node.id} and ${rival} both lead round ${round}`);
    if (this.module.logMatching) this.checkCompleteness(node, round);
  }

  /** Raft §5.4.3: a leader has every entry that was committed in an earlier round. */
  private checkCompleteness(node: SimNode, round: number): void {
    const log = this.module.log((node.host as Driven).state);
    const from = Math.max(log.snapshotIndex, node.verifiedIndex) + 1;
    for (let index = from; index < this.applied.length; index += 1) {
      const entry = this.applied[index];
      if (entry === undefined || (this.appliedRound[index] as number) >= round) return;
      const own = entryAt(log, index);
      if (own === undefined || !sameValue(own, entry)) {
        const has = own === undefined ? "nothing" : text(own);
        this.break(
          "leader completeness",
          `${node.id} leads round ${round} with ${has} at ${index}, which is committed`,
        );
        return;
      }
      node.verifiedIndex = index;
    }
  }

  /** At the end: everything that was ever applied is still on a replication quorum of disks. */
  finalCheck(): void {
    for (let index = 1; index < this.applied.length; index += 1) {
      const entry = this.applied[index];
      if (entry === undefined) continue;
      const holders = this.holders(index, entry);
      if (holders >= this.quorums.replication) continue;
      this.break("durability", `at the end ${holders} disks hold ${index}, which was applied`);
      return;
    }
  }
}

function sameValue(a: Entry, b: Entry): boolean {
  if (a === b) return true;
  if (a.kind === "noop" || b.kind === "noop") return a.kind === b.kind;
  return a.command === b.command || sameBytes(a.command, b.command);
}

function sameBytes(a: Uint8Array, b: Uint8Array): boolean {
  if (a.length !== b.length) return false;
  for (let i = 0; i < a.length; i += 1) if (a[i] !== b[i]) return false;
  return true;
}

function text(entry: Entry): string {
  if (entry.kind === "noop") return "a no-op";
  const [first] = decodeCommand(entry.command);
  return first === undefined ? "an empty command" : `${first.operation.f} of client ${first.client}, seq ${first.seq}`;
}
