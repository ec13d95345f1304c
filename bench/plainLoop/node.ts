/**
 * Replication by a leader that is fixed, and nothing else: no terms, no elections, no matching of logs, no recovery, no
 * reads. It stands on the parts of the real driver (frames, connections, write-ahead log), so the difference
 * between it and a protocol is what the protocol costs.
 *
 * With the option `machine` every node also applies what it has to a machine and sessions, as a node of ours does.
 *
 * A turn of the loop makes one entry of all writes that came in, sends it to the followers and appends it to the log. A
 * follower answers with the highest index that is durable. What a majority of disks has is answered.
 */
import type { NodeConfig, NodeMember, NodeReady } from "../../harness/drivers/real/index.js";
import { levelDriver, memoryDriver, type Storage, type StorageDriver, walDriver } from "../../harness/storage/index.js";
import {
  type Connection,
  Dialer,
  type Hello,
  listen,
  type Listener,
  type Log,
  CLIENT_FRAME_BYTES_MAX,
  MESSAGE,
  PEER_FRAME_BYTES_MAX,
  REPLY,
  STATUS,
  STATUS_REPLY,
  WRITE,
} from "../../harness/transport/index.js";
import { assert, type Codec, readerOf, readU53 } from "../../protocols/core/index.js";
import { Applier } from "./applier.js";
import { Batch, NAME_BYTES } from "./batch.js";

const PROTOCOL = "plainLoop";
const LEADER = 1;
/** After so many bytes a snapshot is pretended, so that the log uses its segments again as under a protocol. */
const RECYCLE_BYTES = 28 * 2 ** 20;

/**
 * While an entry is under way the next one grows, but no longer than this: on a slow link it would wait for a whole round
 * trip. A batch costs about the same on three nodes whatever its size. Milliseconds.
 */
const HOLD_MS = 1;

/** There is no hard state. */
const NOTHING: Codec<null> = {
  headerBytes: () => 0,
  totalBytes: () => 0,
  encode: () => [],
  decode: () => null,
};

const LOG: Log = {
  info: () => undefined,
  warn: (fields, message) => void process.stderr.write(`${message} ${JSON.stringify(fields)}\n`),
};

export class PlainNode {
  readonly #config: NodeConfig;
  readonly #ordinal: number;
  readonly #dialers = new Map<number, Dialer>();
  readonly #dirty: Connection[] = [];
  #listeners: readonly Listener[] = [];
  #storage!: Storage<null>;
  #turnDue = false;
  #seq = 0;
  #lastIndex = 0;
  #durableIndex = 0;
  /** Per member: the highest index that its disk has. */
  readonly #acked: number[];
  #commit = 0;
  #open = new Batch(0);
  /** Sent and not committed, oldest first. */
  #sent: Batch[] = [];
  /** The last batch: when it was sent, when it was committed, and how many writes it held. */
  #proposedAtMs = 0;
  #settledAtMs = 0;
  #lastCount = 0;
  #holding = false;
  #unrecycledBytes = 0;
  #snapshotting = false;
  /** null: nothing is applied. */
  readonly #applier: Applier | null;
  /** On a follower: not applied, perhaps not on its disk. On the leader: answered and not applied. */
  #unapplied: { readonly index: number; readonly command: Uint8Array }[] = [];
  /** Told to the leader. */
  #acknowledged = 0;
  /** seq of a write -> the last index it holds. */
  readonly #writes: { readonly seq: number; readonly index: number }[] = [];

  private constructor(config: NodeConfig) {
    this.#config = config;
    this.#ordinal = config.members.findIndex(({ id }) => id === config.id) + 1;
    assert(this.#ordinal > 0, `${config.id} is no member`);
    this.#acked = config.members.map(() => 0);
    this.#applier = config.options?.["machine"] === true ? new Applier() : null;
  }

  static async start(config: NodeConfig): Promise<PlainNode> {
    const node = new PlainNode(config);
    await node.#begin();
    return node;
  }

  async #begin(): Promise<void> {
    const { storage = {}, dir } = this.#config;
    const opened = await driverOf(storage.driver).open<null>(dir, {
      hardCodec: NOTHING,
      onDurable: (seq) => this.#onDurable(seq),
      onFailure: (error) => {
        process.stderr.write(`${error.message}\n`);
        process.exit(66);
      },
      // As the real driver chooses it.
      sync: { mode: storage.sync ?? "adaptive" },
      unsafeNoSync: storage.unsafeNoSync === true,
    });
    if (opened.result === "corrupt") throw opened.error;
    if (opened.result === "valid") throw new Error(`${dir}: the plain loop cannot recover; it needs an empty folder`);
    this.#storage = opened.storage;
    const self = this.#config.members[this.#ordinal - 1] as NodeMember;
    this.#listeners = [await this.#listen(self.peer), await this.#listen(self.client)];
    this.#config.members.forEach((member, i) => {
      // The leader sends to each follower, and each follower to the leader.
      if (i + 1 !== this.#ordinal && (this.#ordinal === LEADER || i + 1 === LEADER)) this.#dial(member, i + 1);
    });
  }

  async #listen(address: string): Promise<Listener> {
    const { host, port } = parts(address);
    const { cluster, id } = this.#config;
    return listen({
      host,
      port,
      log: LOG,
      welcome: { cluster, protocol: PROTOCOL, ordinal: this.#ordinal, id, incarnation: 1 },
      refusal: (hello: Hello) => (hello.cluster === cluster ? null : `this is cluster ${cluster}`),
      onConnection: (connection, hello) => {
        const peer = hello.caller === "peer";
        connection.bytesMax = peer ? PEER_FRAME_BYTES_MAX : CLIENT_FRAME_BYTES_MAX;
        connection.onFrame = peer
          ? (_kind, bytes, from, to) => this.#onMessage(hello.ordinal, bytes, from, to)
          : (kind, bytes, from, to) => this.#onRequest(connection, kind, bytes, from, to);
      },
      onDirty: (connection) => this.#onDirty(connection),
    });
  }

  #dial(member: NodeMember, ordinal: number): void {
    const { host, port } = parts(this.#config.dial?.[member.id] ?? member.peer);
    const { cluster } = this.#config;
    this.#dialers.set(
      ordinal,
      new Dialer({
        host,
        port,
        name: member.id,
        log: LOG,
        hello: {
          caller: "peer",
          cluster,
          protocol: PROTOCOL,
          ordinal: this.#ordinal,
          expected: ordinal,
          incarnation: 1,
        },
        refusal: () => null,
        onUp: () => undefined,
        onDown: () => undefined,
        onDirty: (connection) => this.#onDirty(connection),
      }),
    );
  }

  ready(): NodeReady {
    const { id, peer, client } = this.#config.members[this.#ordinal - 1] as NodeMember;
    return { ready: true, id, pid: process.pid, peer, client };
  }

  #onDirty(connection: Connection): void {
    this.#dirty.push(connection);
    this.#wake();
  }

  /** Everything that this turn's events bring is handled together at its end. */
  #wake(): void {
    if (this.#turnDue) return;
    this.#turnDue = true;
    setImmediate(() => this.#turn());
  }

  #onRequest(connection: Connection, kind: number, bytes: Buffer, from: number, to: number): boolean {
    if (kind === STATUS) {
      this.#status(connection, bytes, from);
      return true;
    }
    if (kind !== WRITE || this.#ordinal !== LEADER || !this.#everyoneIsThere()) {
      this.#refuse(connection, bytes, from, kind === WRITE ? 1 : 4);
      return true;
    }
    this.#open.add(connection, bytes, from, to);
    this.#wake();
    return true;
  }

  /** What a follower missed it never gets: so nothing is taken before all are there. */
  #everyoneIsThere(): boolean {
    for (const dialer of this.#dialers.values()) if (dialer.connection === null) return false;
    return true;
  }

  #refuse(connection: Connection, bytes: Buffer, from: number, reason: number): void {
    const { writer } = connection;
    writer.begin(REPLY, NAME_BYTES + 4);
    writer.raw(bytes.subarray(from, from + NAME_BYTES));
    writer.u8(2);
    writer.u8(reason);
    writer.u16(this.#ordinal === LEADER ? 0 : LEADER);
    connection.dirty();
  }

  #status(connection: Connection, bytes: Buffer, from: number): void {
    const { counts } = this.#storage;
    const { user, system } = process.cpuUsage();
    const { syncsOnLoop, syncsBeside, syncsElse } = counts;
    const text = Buffer.from(
      JSON.stringify({
        id: this.#config.id,
        pid: process.pid,
        protocol: PROTOCOL,
        role: this.#ordinal === LEADER ? "leader" : "follower",
        appliedIndex: this.#commit,
        counters: { walBatches: counts.batches, walBytes: counts.bytes, syncsOnLoop, syncsBeside, syncsElse },
        cpuMicros: user + system,
      }),
    );
    connection.writer.begin(STATUS_REPLY, NAME_BYTES + text.length);
    connection.writer.raw(bytes.subarray(from, from + NAME_BYTES));
    connection.writer.raw(text);
    connection.dirty();
  }

  /** From the leader: index and command. From a follower: the index that is durable there. */
  #onMessage(sender: number, bytes: Buffer, from: number, to: number): boolean {
    const index = readU53(readerOf(bytes.subarray(from, from + 8)));
    if (this.#ordinal === LEADER) this.#acked[sender - 1] = index;
    else {
      assert(index === this.#lastIndex + 1, `entry ${index} after ${this.#lastIndex}`);
      const command = bytes.subarray(from + 8, to);
      this.#append(index, command);
      if (this.#applier !== null) this.#unapplied.push({ index, command });
    }
    this.#wake();
    return true;
  }

  #append(index: number, command: Uint8Array): void {
    this.#seq += 1;
    this.#lastIndex = index;
    this.#unrecycledBytes += command.length;
    this.#writes.push({ seq: this.#seq, index });
    const entries = [{ index, round: 1, kind: "command", command } as const];
    this.#storage.append({ seq: this.#seq, hard: null, truncateFrom: null, snapshot: null, entries });
  }

  #onDurable(upTo: number): void {
    while (this.#writes[0] !== undefined && this.#writes[0].seq <= upTo)
      this.#durableIndex = (this.#writes.shift() as { readonly index: number }).index;
    this.#wake();
  }

  #turn(): void {
    this.#turnDue = false;
    if (this.#ordinal === LEADER) this.#replicate();
    // The followers' copies leave before this node's own sync, which may run on the loop.
    this.#flush();
    this.#storage.flush();
    if (this.#ordinal === LEADER) this.#commitUpTo();
    else this.#acknowledge();
    this.#flush();
    this.#applyDurable();
    if (this.#unrecycledBytes > RECYCLE_BYTES) void this.#recycle();
  }

  #flush(): void {
    while (this.#dirty.length > 0) (this.#dirty.pop() as Connection).flush();
  }

  /** Whether the next batch waits for company; then something wakes the loop when it is time, if nothing does before. */
  #isHeld(): boolean {
    const underWay = this.#sent.length > 0;
    const sinceMs = performance.now() - (underWay ? this.#proposedAtMs : this.#settledAtMs);
    // Who was answered will most likely ask again: as many as last time make one batch, not two that take turns.
    const complete = !underWay && this.#open.count >= this.#lastCount;
    // A sync that no write waits for (a mark) tells nobody when it has ended.
    const waits = this.#storage.busy || (!complete && sinceMs < HOLD_MS);
    if (waits && !this.#holding) {
      this.#holding = true;
      setTimeout(() => {
        this.#holding = false;
        this.#wake();
      }, HOLD_MS);
    }
    return waits;
  }

  /** While a sync runs the next batch grows: sent now it would only wait there. */
  #replicate(): void {
    if (this.#open.count === 0 || this.#isHeld()) return;
    const batch = this.#open;
    // The next one is likely to be as large, and a little more room costs nothing.
    this.#open = new Batch(batch.bytes + batch.bytes / 4);
    batch.index = this.#lastIndex + 1;
    const command = batch.command();
    this.#append(batch.index, command);
    this.#sent.push(batch);
    this.#proposedAtMs = performance.now();
    this.#lastCount = batch.count;
    for (const { connection } of this.#dialers.values()) {
      if (connection === null) throw new Error("a follower is gone, and the plain loop has no way to bring it back");
      connection.writer.begin(MESSAGE, 8 + command.length);
      connection.writer.u53(batch.index);
      connection.writer.raw(command);
      connection.dirty();
    }
  }

  #commitUpTo(): void {
    this.#acked[LEADER - 1] = this.#durableIndex;
    const sorted = [...this.#acked].sort((a, b) => b - a);
    const index = sorted[Math.floor(sorted.length / 2)] as number;
    if (index <= this.#commit) return;
    this.#commit = index;
    while (this.#sent[0] !== undefined && this.#sent[0].index <= index) {
      const batch = this.#sent.shift() as Batch;
      batch.answer();
      if (this.#applier !== null) this.#unapplied.push({ index: batch.index, command: batch.command() });
    }
    this.#settledAtMs = performance.now();
  }

  /** After acknowledgement or answers have left, as a node of ours does it. */
  #applyDurable(): void {
    const unapplied = this.#unapplied;
    if (unapplied.length === 0) return;
    let done = 0;
    for (const { index, command } of unapplied) {
      if (index > this.#durableIndex) break;
      this.#applier?.apply(index, command);
      done += 1;
    }
    unapplied.splice(0, done);
  }

  #acknowledge(): void {
    if (this.#durableIndex === this.#acknowledged) return;
    const connection = this.#dialers.get(LEADER)?.connection;
    if (connection === null || connection === undefined) return;
    this.#acknowledged = this.#durableIndex;
    connection.writer.begin(MESSAGE, 8);
    connection.writer.u53(this.#durableIndex);
    connection.dirty();
  }

  async #recycle(): Promise<void> {
    if (this.#snapshotting) return;
    this.#snapshotting = true;
    this.#unrecycledBytes = 0;
    const index = this.#durableIndex;
    const name = { id: `plain-${index}`, index };
    await this.#storage.writeImage(name, []);
    this.#seq += 1;
    const snapshot = { id: name.id, index, round: 1, configuration: { members: [], quorums: null }, bytes: 0 };
    this.#storage.append({ seq: this.#seq, hard: null, truncateFrom: null, snapshot, entries: [] });
    this.#snapshotting = false;
    this.#wake();
  }

  async close(): Promise<void> {
    for (const dialer of this.#dialers.values()) dialer.close();
    for (const listener of this.#listeners) await listener.close();
    await this.#storage.close();
  }
}

function driverOf(name: "wal" | "level" | "memory" | undefined): StorageDriver {
  if (name === "level") return levelDriver();
  return name === "memory" ? memoryDriver(new Map()) : walDriver();
}

function parts(address: string): { readonly host: string; readonly port: number } {
  const at = address.lastIndexOf(":");
  return { host: address.slice(0, at), port: Number(address.slice(at + 1)) };
}
