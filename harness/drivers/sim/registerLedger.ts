/**
 * The invariants of a leaderless register, checked at every step. Those of a log do not apply and are named as such.
 *
 * - timestamps grow: a replica's cell is replaced by newer ones only;
 * - one value per timestamp: of one key, in all replicas;
 * - acknowledged writes: a put is answered with its own value, and a get with a cell that some replica has stored;
 * - write quorum of disks: when an answer promises copies, so many disks of voters hold its cell or a newer one. Since
 *   timestamps grow, so it stays.
 */
import { type AnyRegisterModule, type Cell, compareTimestamps, type Timestamp } from "../../../protocols/core/index.js";
import type { ClientRequest, Reply } from "../../host/index.js";
import type { InvariantName } from "./invariantNames.js";
import { Leaders } from "./leaders.js";
import type { Ledger } from "./ledger.js";
import type { SimNode, Store, World } from "./world.js";

const OF_A_LOG = [
  "election safety",
  "state-machine safety",
  "quorum of disks",
  "apply in order",
  "monotonic commit",
  "log matching",
  "leader completeness",
  "equal snapshots",
];

export class RegisterLedger implements Ledger {
  readonly notApplicable = OF_A_LOG;
  /** Nobody ever leads. */
  readonly leaders: Leaders;
  private readonly world: World;
  private readonly module: AnyRegisterModule;
  private readonly voters: readonly SimNode[];
  /** What each node has in memory, by key. */
  private readonly newest: Map<string, Timestamp>[];
  /** The value of every timestamp ever stored, by key and timestamp. */
  private readonly values = new Map<string, Uint8Array>();

  constructor(world: World, module: AnyRegisterModule) {
    this.world = world;
    this.module = module;
    this.voters = world.nodes.filter((node) => node.voter);
    this.newest = world.nodes.map(() => new Map());
    this.leaders = new Leaders(world);
  }

  break(invariant: InvariantName, detail: string): void {
    const { world } = this;
    world.broken ??= { invariant, detail, atNs: world.now, event: world.events };
  }

  onBoot(node: SimNode): void {
    const cells = [...node.disk.cells.values()];
    this.newest[node.number] = new Map(cells.map(({ key, timestamp }) => [key, timestamp]));
    // Every node can serve from its boot on: there is no leader that the fault clock could wait for.
    if (this.world.startedAt < 0) this.world.startedAt = this.world.now;
  }

  onCrash(): void {}

  onStore(node: SimNode, { cells }: Store): void {
    const newest = this.newest[node.number] as Map<string, Timestamp>;
    for (const { key, timestamp, value } of cells) {
      const before = newest.get(key) ?? null;
      if (compareTimestamps(timestamp, before) <= 0)
        this.break("timestamps grow", `${node.id} replaces ${text(key, before)} by ${text(key, timestamp)}`);
      newest.set(key, timestamp);
      const name = text(key, timestamp);
      const known = this.values.get(name);
      if (known === undefined) this.values.set(name, value);
      else if (!sameBytes(known, value))
        this.break("one value per timestamp", `${node.id} holds another value of ${name} than another replica`);
    }
  }

  onReply(node: SimNode, request: ClientRequest | null, reply: Reply, cell: Cell | null | undefined): void {
    if (request === null || reply.status !== "ok" || cell === undefined || cell === null) return;
    const { operation, level } = request;
    const { key, timestamp, value } = cell;
    const name = text(key, timestamp);
    const stored = this.values.get(name);
    if (stored === undefined) {
      // A put may find newer cells everywhere: then nobody has to store it. A get answers with what a replica had.
      if (operation.f === "get")
        this.break("acknowledged writes", `${node.id} answers with ${name}, which nobody has stored`);
      this.values.set(name, value);
    } else if (!sameBytes(stored, value)) {
      this.break("one value per timestamp", `${node.id} answers with another value of ${name} than a replica holds`);
    }
    if (operation.f === "put" && operation.value !== latin1(value))
      this.break("acknowledged writes", `${node.id} acknowledges a put as ${name}, which has another value`);
    if (operation.f !== "put" && level !== "linearizable") return;
    const state = node.host?.state;
    if (state === undefined) return; // Its process has ended within this step.
    const copies = this.module.copiesAtAnswer(state, operation.f === "put" ? "put" : "get");
    const holders = this.holders(key, timestamp);
    if (holders < copies)
      this.break("write quorum of disks", `${node.id} answers with ${name}, ${holders} of ${copies} disks hold it`);
  }

  /** Voters whose disk holds the cell or a newer one. Damage that a fault did later does not count. */
  private holders(key: string, timestamp: Timestamp): number {
    let count = 0;
    for (const { disk } of this.voters)
      if (compareTimestamps(disk.cells.get(key)?.timestamp ?? null, timestamp) >= 0) count += 1;
    return count;
  }

  onDurable(): void {}
  onApply(): void {}
  onInstall(): void {}
  onSnapshot(): void {}
  onPersist(): void {}
  afterStep(): void {}

  finalCheck(): void {}
}

function text(key: string, timestamp: Timestamp | null): string {
  if (timestamp === null) return `${key}, never written`;
  return `${key} at ${timestamp.counter}.${timestamp.ordinal}.${timestamp.incarnation}`;
}

function latin1(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString("latin1");
}

function sameBytes(a: Uint8Array, b: Uint8Array): boolean {
  if (a === b) return true;
  if (a.length !== b.length) return false;
  for (let i = 0; i < a.length; i += 1) if (a[i] !== b[i]) return false;
  return true;
}
