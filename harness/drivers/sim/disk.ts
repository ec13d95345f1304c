/**
 * The simulated disk, at the level of write-ahead-log records. One sync runs at a time and covers every write that was
 * issued before it began (group commit). A crash keeps a random prefix of the writes that are not durable; the one after
 * that prefix may be torn, which boot finds by its checksum and cuts. Damage to a durable record is found at boot too,
 * and there the node refuses to start.
 */
import { compactTo, createLog, type Entry, entryAt, putEntry, truncateFrom } from "../../../protocols/core/index.js";
import { Fifo } from "./fifo.js";
import { Random } from "./random.js";
import { DISK, type Disk, NS_PER_MS, type PendingWrite, type Persist, type SimNode, type World } from "./world.js";

const DEFAULT_SYNC_MS = { min: 0.1, max: 0.3 };

export function createDisk(seed: number, node: number): Disk {
  return {
    hard: null,
    snapshot: null,
    log: createLog(null, []),
    cells: new Map(),
    images: new Map(),
    records: 0,
    damage: null,
    pending: new Fifo(),
    syncing: 0,
    generation: 0,
    durableSeq: 0,
    held: new Fifo(),
    random: new Random(seed, "disk", node),
    slow: [],
    failing: [],
    full: 0,
  };
}

/** Starts a sync of everything that waits, unless one runs. */
export function startSync(world: World, node: SimNode, at: number): void {
  const { disk } = node;
  if (disk.syncing > 0 || disk.pending.length === 0) return;
  disk.syncing = disk.pending.length;
  world.queue.push(at + syncTime(world, disk), DISK, node.number, disk.generation, null);
}

function syncTime(world: World, disk: Disk): number {
  const slow = disk.slow[disk.slow.length - 1];
  const ms = slow ?? world.scenario.disk?.syncMs ?? DEFAULT_SYNC_MS;
  if (typeof ms === "number") return Math.round(ms * NS_PER_MS);
  const min = "minMs" in ms ? ms.minMs : ms.min;
  const max = "maxMs" in ms ? ms.maxMs : ms.max;
  return Math.round(disk.random.between(min, max) * NS_PER_MS);
}

/** Watches what becomes durable: the ledger of invariants. */
export interface DiskWatcher {
  /** Called after a write became part of the durable image. `replaced`: entries of it that are no longer held. */
  onDurable(node: SimNode, replaced: readonly Entry[] | null): void;
}

/** The oldest `count` pending writes are on stable storage now. */
export function completeWrites(node: SimNode, count: number, watcher: DiskWatcher): void {
  const { disk } = node;
  for (let i = 0; i < count; i += 1) applyWrite(node, disk.pending.shift(), watcher);
}

function applyWrite(node: SimNode, write: PendingWrite, watcher: DiskWatcher): void {
  const { disk } = node;
  disk.records += 1;
  if (write.type === "image") {
    disk.images.set(write.id, write);
    return;
  }
  disk.durableSeq = write.seq;
  if (write.type === "store") {
    for (const cell of write.cells) disk.cells.set(cell.key, cell);
    return;
  }
  const persist = write;
  if (persist.hard !== null) disk.hard = persist.hard;
  let replaced: Entry[] | null = null;
  if (persist.truncateFrom !== null) {
    replaced = disk.log.slots.slice(Math.max(0, persist.truncateFrom - disk.log.snapshotIndex - 1)) as Entry[];
    truncateFrom(disk.log, persist.truncateFrom);
  }
  if (persist.snapshot !== null) takeSnapshot(disk, persist);
  for (const entry of persist.entries) {
    const before = entryAt(disk.log, entry.index);
    if (before !== undefined) {
      replaced ??= [];
      replaced.push(before);
    }
    putEntry(disk.log, entry);
  }
  if (replaced !== null) watcher.onDurable(node, replaced);
}

function takeSnapshot(disk: Disk, persist: Persist): void {
  const snapshot = persist.snapshot as NonNullable<Persist["snapshot"]>;
  disk.snapshot = snapshot;
  compactTo(disk.log, snapshot.index, snapshot.round);
  // The log starts anew behind the snapshot, and older images are no longer named by anything.
  disk.records = 1;
  for (const [id, image] of disk.images) if (image.index < snapshot.index) disk.images.delete(id);
}

/** What a power loss leaves: a random prefix of the writes in flight. Returns how many survived, were lost, were torn. */
export function crashDisk(
  node: SimNode,
  tornWrite: number,
  watcher: DiskWatcher,
): { readonly kept: number; readonly lost: number; readonly torn: number } {
  const { disk } = node;
  const count = disk.pending.length;
  const kept = count === 0 ? 0 : disk.random.below(count + 1);
  const torn = kept < count && disk.random.chance(tornWrite) ? 1 : 0;
  completeWrites(node, kept, watcher);
  disk.pending.clear();
  disk.held.clear();
  disk.syncing = 0;
  disk.generation += 1;
  return { kept, lost: count - kept, torn };
}

/** Damages one durable record. False if there is none yet. */
export function damage(disk: Disk, kind: "bit-rot" | "misdirected-write"): boolean {
  if (disk.records === 0 || disk.damage !== null) return false;
  const record = disk.random.below(disk.records);
  disk.damage =
    kind === "bit-rot"
      ? `bad checksum in record ${record} of ${disk.records}`
      : `record ${record} of ${disk.records} lies in another record's place`;
  return true;
}
