/**
 * One node: a host driven by sockets, files and the clock of this machine. Whatever comes in within one turn of the loop
 * is stepped as it comes; at the turn's end its writes become one entry, what may leave leaves as one write for each
 * connection, and what is to be kept goes to the disk as one batch.
 */
import type { AnyModule, AnyProtocol, NodeId, Snapshot, WriteSeq } from "../../../protocols/core/index.js";
import { assert, unreachable } from "../../../protocols/core/index.js";
import type { Host, HostEffect, HostInput } from "../../host/index.js";
import type { Storage } from "../../storage/index.js";
import type { Connection } from "../../transport/index.js";
import type { Answers } from "./answers.js";
import type { Links } from "./links.js";
import type { SnapshotSenders } from "./snapshots.js";
import { Timers } from "./timers.js";
import type { TraceFile } from "./traceFile.js";

type Effect = HostEffect<AnyProtocol>;
type Send = Extract<Effect, { readonly type: "send" | "sendSnapshot" }>;

/** The longest wait for the commit of the batch before. Milliseconds. */
const HOLD_MS = 1;
const TURN_END = { type: "turnEnd" } as const;
const IDLE = { type: "idle" } as const;

export interface RuntimeParts {
  readonly host: Host<AnyProtocol>;
  readonly module: AnyModule;
  readonly storage: Storage<object>;
  readonly answers: Answers;
  readonly trace: TraceFile | null;
  /** A bug: the node must stop, its state is not to be trusted any more. */
  readonly onFatal: (error: unknown) => void;
  readonly counters: { proposals: number; applied: number; leaderChanges: number; turns: number };
}

export class Runtime {
  readonly host: Host<AnyProtocol>;
  /** Set by whoever puts the node together, before the first input. */
  links: Links | null = null;
  senders: SnapshotSenders | null = null;
  readonly #parts: RuntimeParts;
  readonly #timers: Timers;
  /** Connections with something to send: a client's answer has waited long enough, it leaves first. */
  readonly #dirtyClients: Connection[] = [];
  readonly #dirtyPeers: Connection[] = [];
  /** The time at the turn's first write; none of it matters to a lease. */
  #turnMs = 0;
  /** Of the latest step: time never runs back for a replica. */
  #nowMs = 0;
  /** Messages whose write is not durable yet, in the order in which they were asked for. */
  #held: Send[] = [];
  /** As the store says, and as the replica knows. */
  #durable: WriteSeq = 0;
  #durableTold: WriteSeq = 0;
  #appended = false;
  #turnEndWanted = false;
  #idleWanted = false;
  #scheduled = false;
  #inTurn = false;
  #stopped = false;
  #leader = "";
  /** When the last batch was proposed, and what ends the wait for its commit. */
  #proposedMs = 0;
  /** The last batch is under way; how many writes it had, and when its fate was known. */
  #isOpen = false;
  #lastBatch = 0;
  #settledMs = 0;
  #holding: NodeJS.Timeout | null = null;
  /** Images that arrived and are not installed yet. */
  readonly #images = new Map<string, { readonly index: number; readonly bytes: Uint8Array }>();
  readonly #turn = (): void => this.#runTurn();

  constructor(parts: RuntimeParts) {
    this.#parts = parts;
    this.host = parts.host;
    this.#timers = new Timers((timer) => this.input({ type: "timeout", timer }));
  }

  input(input: HostInput<AnyProtocol>): void {
    if (this.#stopped) return;
    try {
      this.#step(input);
    } catch (error) {
      this.#fatal(error);
    }
    this.#wake();
  }

  /** A message with the sender's Lamport time; 0: it does not trace. */
  message(from: NodeId, message: AnyProtocol["Message"], lamport: number): void {
    this.#parts.trace?.received(lamport);
    this.input({ type: "message", from, message });
  }

  snapshotReceived(
    from: NodeId,
    message: AnyProtocol["Message"],
    snapshot: Snapshot,
    image: Uint8Array,
    lamport: number,
  ): void {
    this.#images.set(snapshot.id, { index: snapshot.index, bytes: image });
    this.#parts.trace?.received(lamport);
    this.input({ type: "snapshotReceived", from, message, snapshot });
  }

  /** The body of a WRITE that `isRawWrite` let pass. */
  rawWrite(token: number, bytes: Uint8Array, from: number, to: number, nowMs: number): void {
    if (this.#stopped) return;
    this.#nowMs = Math.max(this.#nowMs, nowMs);
    try {
      const effects = this.host.rawWrite(token, bytes, from, to, this.#nowMs);
      // A large turn is proposed before it ends.
      this.#parts.trace?.step(null, effects);
      this.#perform(effects, nowMs);
    } catch (error) {
      this.#fatal(error);
    }
    this.#wake();
  }

  /** The image of a snapshot that has come and is to be installed. */
  image(id: string): Uint8Array {
    const image = this.#images.get(id);
    assert(image !== undefined, `snapshot ${id} is to be installed and is not here`);
    return image.bytes;
  }

  /** The store's word. It may come from within `flush`, and must not be answered there. */
  onDurable(upTo: WriteSeq): void {
    this.#durable = upTo;
    this.#wake();
  }

  onDirtyPeer(connection: Connection): void {
    this.#dirtyPeers.push(connection);
    this.#wake();
  }

  onDirtyClient(connection: Connection): void {
    this.#dirtyClients.push(connection);
    this.#wake();
  }

  /** Milliseconds; the same within a turn, for what is only measured. */
  turnMs(): number {
    if (this.#turnMs === 0) this.#turnMs = performance.now();
    return this.#turnMs;
  }

  /** Nothing is stepped any more; what is written already may still leave. */
  stop(): void {
    this.#stopped = true;
    this.#timers.close();
    if (this.#holding !== null) clearTimeout(this.#holding);
  }

  #wake(): void {
    if (this.#scheduled || this.#inTurn) return;
    this.#scheduled = true;
    setImmediate(this.#turn);
  }

  #runTurn(): void {
    this.#scheduled = false;
    this.#inTurn = true;
    this.#parts.counters.turns += 1;
    try {
      if (!this.#stopped) this.#work();
      this.#leave();
      if (this.#idleWanted && !this.#stopped) this.#idle();
    } catch (error) {
      this.#fatal(error);
    }
    this.#inTurn = false;
    this.#turnMs = 0;
    if (this.#dirtyClients.length + this.#dirtyPeers.length > 0 || (this.#appended && !this.#stopped)) this.#wake();
  }

  #work(): void {
    const { storage } = this.#parts;
    this.#tellDurable();
    this.#lookAtBatch();
    if (this.#turnEndWanted && !this.#isHeld()) {
      this.#turnEndWanted = false;
      this.#parts.counters.proposals += 1;
      this.#proposedMs = performance.now();
      this.#isOpen = true;
      this.#lastBatch = this.host.unproposed;
      this.#step(TURN_END);
    }
    // What need not wait for the disk leaves before a sync on the loop makes everything wait.
    this.#leave();
    if (this.#appended) {
      this.#appended = false;
      storage.flush();
      this.#tellDurable();
    }
    this.#lookAtBatch();
  }

  /** Everything of this turn has left. */
  #idle(): void {
    this.#idleWanted = false;
    this.#step(IDLE);
  }

  #lookAtBatch(): void {
    if (!this.#isOpen || this.host.proposals > 0) return;
    this.#isOpen = false;
    this.#settledMs = performance.now();
  }

  /**
   * Whether the turn's writes wait for company: a batch costs about the same whatever its size. While a sync runs nothing
   * new could become durable anyway; and while the batch before is under way there is little to win, unless the way is
   * long.
   */
  #isHeld(): boolean {
    if (!this.#parts.storage.busy && !this.#isAwaited()) return false;
    // Needed for the store as well: a sync that no write waits for (its mark) tells nobody when it has ended.
    this.#holding ??= setTimeout(() => {
      this.#holding = null;
      this.#wake();
    }, HOLD_MS);
    return true;
  }

  /** Whether the batch before, or more writes, may still come within HOLD_MS. */
  #isAwaited(): boolean {
    const isOpen = this.host.proposals > 0;
    // Who was answered will most likely ask again: as many as last time make one batch, not two that take turns.
    if (!isOpen && this.host.unproposed >= this.#lastBatch) return false;
    return performance.now() - (isOpen ? this.#proposedMs : this.#settledMs) < HOLD_MS;
  }

  #tellDurable(): void {
    const upTo = this.#durable;
    if (upTo === this.#durableTold) return;
    this.#parts.trace?.synced(upTo - this.#durableTold);
    this.#durableTold = upTo;
    if (this.#held.length > 0) this.#release(upTo);
    this.#step({ type: "durable", upTo });
  }

  /** Messages may wait for different writes, and need not be in their order. */
  #release(upTo: WriteSeq): void {
    const held = this.#held;
    this.#held = [];
    for (const effect of held) {
      if (effect.after <= upTo) this.#send(effect);
      else this.#held.push(effect);
    }
  }

  #leave(): void {
    this.#parts.trace?.flush();
    flushAll(this.#dirtyClients);
    flushAll(this.#dirtyPeers);
  }

  #step(input: HostInput<AnyProtocol>): void {
    const nowMs = performance.now();
    this.#nowMs = nowMs;
    const effects = this.host.step(input, nowMs);
    const { trace } = this.#parts;
    if (trace !== null) {
      const isMessage = input.type === "message" || input.type === "snapshotReceived";
      trace.step(isMessage ? [input.from, input.message] : null, effects);
    }
    this.#perform(effects, nowMs);
  }

  #perform(effects: readonly Effect[], nowMs: number): void {
    const parts = this.#parts;
    for (let i = 0; i < effects.length; i += 1) {
      const effect = effects[i] as Effect;
      switch (effect.type) {
        case "reply":
          parts.answers.reply(effect.token, effect.reply, nowMs);
          break;
        case "send":
        case "sendSnapshot":
          if (effect.after <= this.#durableTold) this.#send(effect);
          else this.#held.push(effect);
          break;
        case "persist":
          parts.storage.append(effect);
          this.#appended = true;
          break;
        case "apply":
          parts.counters.applied += 1;
          break;
        case "needTurnEnd":
          this.#turnEndWanted = true;
          break;
        case "needIdle":
          this.#idleWanted = true;
          break;
        case "setTimer":
          this.#timers.set(effect.timer, effect.minMs, effect.maxMs);
          break;
        case "cancelTimer":
          this.#timers.cancel(effect.timer);
          break;
        case "saveSnapshot":
          this.#save(effect.id, effect.index, effect.bytes);
          break;
        case "installSnapshot":
          this.#forgetImages(effect.snapshot.index);
          break;
        case "action":
          break;
        default:
          unreachable(effect);
      }
    }
  }

  #send(effect: Send): void {
    const lamport = this.#parts.trace?.lamport ?? 0;
    if (effect.type === "send") this.links?.send(effect.to, effect.message, lamport);
    else this.senders?.send(effect.to, effect.message, effect.snapshot, lamport);
  }

  #save(id: string, index: number, bytes: Uint8Array): void {
    this.#parts.storage.writeImage({ id, index }, [bytes]).then(
      () => this.input({ type: "snapshotSaved", id }),
      (error: unknown) => this.#fatal(error),
    );
  }

  #forgetImages(index: number): void {
    for (const [id, image] of this.#images) if (image.index <= index) this.#images.delete(id);
  }

  #fatal(error: unknown): void {
    this.stop();
    this.#parts.onFatal(error);
  }

  /** Counts a leader that is another one than at the last look. */
  lookAtLeader(): void {
    const { leader } = this.host.status();
    const now = leader === null ? this.#leader : `${leader.id} ${leader.round}`;
    if (now === this.#leader) return;
    this.#leader = now;
    this.#parts.counters.leaderChanges += 1;
  }
}

function flushAll(dirty: Connection[]): void {
  // Taking them off one by one is a tenth of what setting the length costs.
  while (dirty.length > 0) (dirty.pop() as Connection).flush();
}
