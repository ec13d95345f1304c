/**
 * One replica with everything that makes it a service: machine, client sessions, batching, pending requests, snapshots.
 * The same code runs under the script, simulator and real drivers. It keeps no module-level state, so that many groups
 * can share a process.
 */
import {
  assert,
  type Effect,
  type Index,
  type Input,
  type NodeId,
  type Protocol,
  type ProtocolModule,
  type RequestId,
  type Snapshot,
  type Status,
  fail,
} from "../../protocols/core/index.js";
import { Backlog } from "./backlog.js";
import { CommandReader, CommandWriter } from "./command.js";
import { digest } from "./digest.js";
import {
  type Apply,
  type Effects,
  NEED_TURN_END,
  NOTHING,
  type Out,
  type OwnEffect,
  pushReply,
  REFUSED,
  type Reject,
  replyAlone,
  SUPERSEDED,
} from "./effects.js";
import { isBlind, isRead, Machine, type ReadOperation, type WriteOperation } from "./machine.js";
import { ANSWERED, type Batch, PendingWrites, type PendingWrite } from "./pending.js";
import { PendingReads } from "./reads.js";
import { isSessionName, type Session, Sessions, type SettledAdmission } from "./sessions.js";
import { isBlindRaw, rawClient, rawSeq } from "./rawWrite.js";
import { encodeSnapshot, restoreSnapshot } from "./snapshot.js";
import { SnapshotTaker } from "./snapshotTaker.js";
import type { ClientRequest, HostConfig, HostInput, Reply, StoreFigures } from "./types.js";

export function createHost<P extends Protocol>(config: HostConfig<P>): Host<P> {
  return new Host(config);
}

export class Host<P extends Protocol> {
  /** The core's state; read only, for invariants and views. */
  readonly state: P["State"];
  readonly id: NodeId;
  private readonly config: HostConfig<P>;
  private readonly module: ProtocolModule<P>;
  private readonly machine: Machine;
  private readonly sessions: Sessions;
  private readonly writes = new PendingWrites();
  private readonly reads: PendingReads;
  /** The writes of this loop turn that are not proposed yet, packed. */
  private readonly command = new CommandWriter();
  private readonly reader = new CommandReader();
  /** `needTurnEnd` was emitted and `turnEnd` has not come. */
  private turnOpen = false;
  private lastRequest: RequestId = 0;
  private applied: Index = 0;
  private readonly backlog: Backlog<P>;
  private readonly snapshots: SnapshotTaker;

  constructor(config: HostConfig<P>) {
    this.config = config;
    this.module = config.module;
    this.id = config.replica.id;
    this.machine = new Machine(config.historyMax ?? 0);
    this.reads = new PendingReads(this.machine);
    this.sessions = new Sessions(config.sessionsMax);
    this.backlog = new Backlog(this.writes, this.sessions);
    const { id, incarnation } = config.replica;
    this.snapshots = new SnapshotTaker(`${id}.${incarnation}`, config.logBytesMax ?? Number.POSITIVE_INFINITY);
    assert(config.batchBytesMax > 0, "batchBytesMax must be above 0");
    if (config.recovered.snapshot !== null) this.load(config.recovered.snapshot);
    this.state = this.module.create(config.replica, config.recovered);
  }

  /** The last log position that the machine contains. */
  get appliedIndex(): Index {
    return this.applied;
  }

  /** Writes of this turn that are not proposed yet. */
  get unproposed(): number {
    return this.writes.unproposed;
  }

  /** Own proposals whose fate is open. */
  get proposals(): number {
    return this.writes.proposals;
  }

  figures(): StoreFigures {
    return this.machine.store.figures();
  }

  status(): Status {
    return this.module.status(this.state);
  }

  /** 16 hex digits over machine and sessions. Replicas with the same `appliedIndex` must agree on it. */
  machineDigest(): string {
    return digest(encodeSnapshot(this.applied, this.machine, this.sessions));
  }

  /** What the machine holds, in byte order of the keys; for views and tests. */
  pairs(): readonly (readonly [string, string])[] {
    return this.machine.pairs();
  }

  /** `nowMs` as for `ProtocolModule.step`. The returned list is valid until the next step. */
  step(input: HostInput<P>, nowMs: number): Effects<P> {
    switch (input.type) {
      case "request": {
        const { operation } = input.request;
        return isRead(operation)
          ? this.onRead(input.request, operation, nowMs)
          : this.onWrite(input.request, operation, nowMs);
      }
      case "turnEnd":
        this.turnOpen = false;
        return this.command.count === 0 ? [] : this.propose(nowMs, null);
      case "snapshotSaved":
        return this.onSnapshotSaved(input.id, nowMs);
      case "idle":
        return this.applyBacklog([]);
      case "start":
      case "message":
      case "timeout":
      case "durable":
      case "snapshotReceived":
      case "snapshotSent":
        return this.core(input, nowMs, null);
    }
  }

  /** Steps the core and turns its effects into the host's. `out`: what this step has emitted already; null: nothing. */
  private core(input: Input<P>, nowMs: number, out: Out<P> | null): Effects<P> {
    const effects = this.module.step(this.state, input, nowMs);
    for (let i = 0; i < effects.length; i += 1) {
      const effect = effects[i] as Effect<P>;
      switch (effect.type) {
        case "apply":
        case "accepted":
        case "serve":
        case "reject":
        case "takeSnapshot":
        case "installSnapshot":
          // Most steps have nothing for the host: their list is handed on as it is.
          out ??= effects.slice(0, i) as Out<P>;
          this.onEffect(effect, out);
          break;
        case "persist":
        case "send":
        case "sendSnapshot":
        case "setTimer":
        case "cancelTimer":
        case "action":
          if (out !== null) out.push(effect);
          break;
      }
    }
    return out ?? (effects as Effects<P>);
  }

  private onEffect(effect: OwnEffect<P>, out: Out<P>): void {
    switch (effect.type) {
      case "apply":
        if (this.config.defersApply === true && this.backlog.take(effect, out)) break;
        this.applyBacklog(out);
        this.apply(effect, out);
        break;
      case "accepted":
        this.writes.accepted(effect.request, effect.index);
        break;
      case "serve":
        this.reads.serve(effect.request, effect.atIndex, this.applied, out);
        break;
      case "reject":
        this.onReject(effect, out);
        break;
      case "takeSnapshot":
        this.applyBacklog(out);
        this.takeSnapshot(effect.index, out);
        break;
      case "installSnapshot":
        out.push(effect);
        this.load(effect.snapshot);
        this.settleAfterSnapshot(out);
        this.dropBacklog(out);
        this.reads.serveReady(this.applied, out);
        break;
    }
  }

  private onRead(request: ClientRequest, operation: ReadOperation, nowMs: number): Effects<P> {
    this.lastRequest += 1;
    this.reads.begin({ request: this.lastRequest, token: request.token, operation });
    const effects = this.core({ type: "read", request: this.lastRequest, level: request.level }, nowMs, null);
    this.reads.keepBegun();
    return effects;
  }

  private onWrite(request: ClientRequest, operation: WriteOperation, nowMs: number): Effects<P> {
    const { client, seq, token } = request;
    const before = this.writes.find(client);
    const settled = this.settled(client, seq, token, before);
    if (settled !== null) return settled;
    if (!this.command.add(client, seq, operation)) return replyAlone(token, REFUSED);
    return this.queueWrite({ client, seq, token, retries: null, done: false }, before, isBlind(operation), nowMs);
  }

  /**
   * A `request` to write that lies in [from, to) of `bytes` and passed `isRawWrite`: its bytes are copied into the turn's
   * command, and the rest is the same.
   */
  rawWrite(token: number, bytes: Uint8Array, from: number, to: number, nowMs: number): Effects<P> {
    const client = rawClient(bytes, from);
    const seq = rawSeq(bytes, from);
    const before = this.writes.find(client);
    const settled = this.settled(client, seq, token, before);
    if (settled !== null) return settled;
    this.command.addRaw(bytes, from, to);
    return this.queueWrite({ client, seq, token, retries: null, done: false }, before, isBlindRaw(bytes, from), nowMs);
  }

  /** All that is to be done about a write that the sessions can answer or that is under way; null: it is to be proposed. */
  private settled(client: number, seq: number, token: number, before: PendingWrite | undefined): Effects<P> | null {
    if (!isSessionName(client, seq)) return replyAlone(token, REFUSED);
    const admission = this.sessions.admit(client, seq);
    // Done, too old, or of a client that was dropped.
    if (admission !== "fresh") return replyAlone(token, this.sessions.reply(admission, client));
    return before === undefined || before.seq < seq ? null : this.onRetry(before, seq, token);
  }

  /** @param before the client's write that waits */
  private queueWrite(write: PendingWrite, before: PendingWrite | undefined, blind: boolean, nowMs: number): Effects<P> {
    let out: Out<P> | null = null;
    if (before !== undefined) {
      // The client has not waited for its last one.
      out = [];
      this.answer(before, SUPERSEDED, out);
    }
    this.writes.add(write, blind, this.applied);
    if (!this.turnOpen) {
      this.turnOpen = true;
      out ??= [];
      out.push(NEED_TURN_END);
    }
    return this.command.bytes >= this.config.batchBytesMax ? this.propose(nowMs, out) : (out ?? NOTHING);
  }

  private onRetry(pending: PendingWrite, seq: number, token: number): Effects<P> {
    // The client has gone on to a newer operation; what became of this one is not for us to say.
    if (pending.seq > seq) return replyAlone(token, SUPERSEDED);
    // Otherwise the link doubled it.
    if (token !== pending.token && pending.retries?.includes(token) !== true) (pending.retries ??= []).push(token);
    return NOTHING;
  }

  private propose(nowMs: number, out: Out<P> | null): Effects<P> {
    this.lastRequest += 1;
    const request = this.lastRequest;
    const command = this.command.take();
    this.writes.propose(request, command);
    return this.core({ type: "propose", request, command }, nowMs, out);
  }

  private applyBacklog(out: Out<P>): Out<P> {
    const { waiting } = this.backlog;
    if (waiting.length === 0) return out;
    for (let i = 0; i < waiting.length; i += 1) this.apply(waiting[i] as Apply<P>, out);
    this.backlog.clear();
    return out;
  }

  /** A snapshot holds what was put off. */
  private dropBacklog(out: Out<P>): void {
    for (const { entry } of this.backlog.waiting) this.settleIndex(entry.index, out);
    this.backlog.clear();
  }

  private apply(effect: Apply<P>, out: Out<P>): void {
    out.push(effect);
    const { entry } = effect;
    if (entry.index !== this.applied + 1) fail(`entry ${entry.index} applied after ${this.applied}`);
    this.applied = entry.index;
    if (entry.kind === "command") {
      const { reader } = this;
      const own = this.writes.at(entry.index);
      // Throws on bytes that no host has written: going on could make this replica differ from the others.
      const count = reader.begin(entry.command);
      for (let i = 0; i < count; i += 1) {
        reader.next();
        this.execute(own?.writes[i], out);
      }
      reader.end();
      this.snapshots.applied(entry.command.length);
    }
    this.settleIndex(entry.index, out);
    this.reads.serveReady(this.applied, out);
    if (this.snapshots.isDue) this.takeSnapshot(entry.index, out);
  }

  /**
   * The request that the reader stands at. `hint`: the write that was proposed here at this place of this index; it is
   * most likely this request, and no more than that.
   */
  private execute(hint: PendingWrite | undefined, out: Out<P>): void {
    const { client, seq } = this.reader;
    let session = this.sessions.find(client);
    const isFresh = session === undefined ? !this.sessions.isExpired(client) : seq > session.seq;
    if (isFresh)
      session = this.sessions.record(client, seq, this.machine.writeNext(this.reader), this.applied, session);
    if (this.writes.size === 0) return;
    const isHint = hint !== undefined && hint.client === client && hint.seq === seq && !hint.done;
    const write = isHint ? hint : this.writes.find(client);
    if (write === undefined || write.seq !== seq) return;
    if (write.token === ANSWERED && !isFresh) fail(`${client}'s write ${seq} was answered and is not executed`);
    const reply = isFresh
      ? ({ status: "ok", result: (session as Session).result, index: this.applied } as const)
      : this.sessions.reply(this.sessions.admit(client, seq) as SettledAdmission, client);
    this.answer(write, reply, out);
  }

  private settleIndex(index: Index, out: Out<P>): void {
    for (let batch = this.writes.takeIndex(index); batch !== null; batch = batch.next) this.settleLost(batch, out);
  }

  /** Its index was applied without it. Writes that were answered from there or elsewhere are no longer pending. */
  private settleLost(batch: Batch, out: Out<P>): void {
    for (const write of batch.writes) {
      // Nearly all of a batch are answered when its index is applied.
      if (!write.done)
        this.answer(write, { status: "failed", reason: "notLeader", leaderHint: this.leaderHint() }, out);
    }
  }

  /** The snapshot jumped over log positions; its sessions say what became of the writes there. */
  private settleAfterSnapshot(out: Out<P>): void {
    for (const write of this.writes.all()) {
      const admission = this.sessions.admit(write.client, write.seq);
      if (admission === "fresh") continue;
      // An expired session may have executed it before it was dropped.
      const unknown: Reply = { status: "unknown", reason: "notReady", leaderHint: this.leaderHint() };
      this.answer(write, admission === "expired" ? unknown : this.sessions.reply(admission, write.client), out);
    }
    for (const batch of this.writes.takeUpTo(this.applied)) this.settleLost(batch, out);
  }

  private onReject(effect: Reject<P>, out: Out<P>): void {
    const { request, outcome, reason, leaderHint } = effect;
    const reply: Reply = { status: outcome, reason, leaderHint };
    const read = this.reads.take(request);
    if (read !== null) {
      pushReply(read.token, reply, out);
      return;
    }
    const batch = this.writes.takeRequest(request);
    if (batch === null) return; // Settled at its index before.
    for (const write of batch.writes) this.answer(write, reply, out);
  }

  private answer(write: PendingWrite, reply: Reply, out: Out<P>): void {
    if (!this.writes.remove(write)) return; // Answered before.
    if (write.token !== ANSWERED) pushReply(write.token, reply, out);
    if (write.retries === null) return;
    for (const token of write.retries) pushReply(token, reply, out);
  }

  private takeSnapshot(index: Index, out: Out<P>): void {
    assert(index === this.applied, `a snapshot at ${index} was asked for, the machine is at ${this.applied}`);
    const bytes = encodeSnapshot(index, this.machine, this.sessions);
    out.push({ type: "saveSnapshot", id: this.snapshots.begin(index, bytes.length), index, bytes });
  }

  private onSnapshotSaved(id: string, nowMs: number): Effects<P> {
    const { index, bytes } = this.snapshots.saved(id);
    return this.core({ type: "snapshotTaken", index, id, bytes }, nowMs, null);
  }

  private load(snapshot: Snapshot): void {
    const index = restoreSnapshot(this.config.loadSnapshot(snapshot.id), this.machine, this.sessions);
    assert(index === snapshot.index, `snapshot ${snapshot.id} is of ${index}, not of ${snapshot.index}`);
    this.applied = index;
    this.backlog.loaded(index);
    this.snapshots.loaded();
  }

  private leaderHint(): NodeId | null {
    return this.status().leader?.id ?? null;
  }
}
