/**
 * A client of the lean protocol for the harness: knows all nodes of a cluster, finds the leader, tries again, and says of
 * each request what is known of its outcome.
 */
import { randomInt } from "node:crypto";
import { CodecError, type ReadLevel, readerOf, readU32, readU53 } from "../../protocols/core/index.js";
import type { Operation, Result } from "../host/index.js";
import {
  type ClientReply,
  type FailureReason,
  readReply,
  type ReadOperation,
  writeRead,
  writeStatus,
  type WriteOperation,
  writeWrite,
} from "./clientProtocol.js";
import type { Connection, Log } from "./connection.js";
import { Dialer } from "./dialer.js";
import type { FrameWriter } from "./frames.js";
import { PEER_FRAME_BYTES_MAX, REPLY, STATUS_REPLY } from "./kinds.js";
import type { NodeStatus } from "./nodeService.js";

export interface LeanEndpoint {
  readonly host: string;
  readonly port: number;
}

export interface LeanClientOptions {
  /** The clients' addresses of the members, in the order of their ordinals, from 1. */
  readonly endpoints: readonly LeanEndpoint[];
  /** "": whichever cluster answers. */
  readonly cluster: string;
  /** How long one attempt may take before its outcome is unknown. Milliseconds, > 0. @default 1000 */
  readonly attemptMs?: number;
  /** How long a request may take with all its attempts. Milliseconds, > 0. @default 5000 */
  readonly requestMs?: number;
  /**
   * Whether a write of unknown outcome is sent again. The session of its client makes that harmless: it is executed once
   * at most. Without it the request ends as unknown at once. @default true
   */
  readonly retryUnknown?: boolean;
  readonly log?: Log;
}

export interface LeanOutcome {
  /** failed: it certainly did not and will not happen. unknown: it may have happened or may still happen. */
  readonly status: "ok" | "failed" | "unknown";
  /** Only of ok. */
  readonly result: Result | null;
  /** Log position of a write, or applied index of a read; 0 where it is not ok. */
  readonly index: number;
  /** Why not, of the last attempt; null: ok. */
  readonly reason: FailureReason | "timeout" | "disconnected" | "unreachable" | null;
  /** Ordinal of the node that was asked last; 0: none could be. */
  readonly node: number;
  readonly attempts: number;
  /** As `performance.now()` of this process, milliseconds. */
  readonly beginMs: number;
  readonly endMs: number;
}

export interface LeanRequestOptions {
  readonly level?: ReadLevel;
  /** Ask this node and no other. */
  readonly at?: number;
  readonly requestMs?: number;
}

type Answer = ClientReply | { readonly status: "unknown"; readonly reason: "timeout" | "disconnected" };

interface Waiting {
  readonly seq: number;
  readonly answer: (answer: Answer) => void;
}

interface Node {
  readonly ordinal: number;
  readonly dialer: Dialer;
  /** By client: each has one request under way. */
  readonly waiting: Map<number, Waiting>;
  readonly asked: Map<number, (status: NodeStatus) => void>;
}

const SILENT: Log = { info: () => undefined, warn: () => undefined };
/** Between two attempts: doubles up to the second, and is drawn from the upper half. Milliseconds. */
const PAUSE_MIN_MS = 5;
const PAUSE_MAX_MS = 200;

export class LeanClient {
  readonly #options: LeanClientOptions;
  readonly #nodes: readonly Node[];
  readonly #dirty: Connection[] = [];
  /** Client ids are drawn once, far from those that interfaces give out. */
  #nextClient = (0x8000_0000 | randomInt(0x7fff_0000)) >>> 0;
  /** Ordinal of the node that was last seen leading. */
  #leader = 1;
  #asks = 0;
  #closed = false;

  constructor(options: LeanClientOptions) {
    this.#options = options;
    this.#nodes = options.endpoints.map((endpoint, at) => this.#node(endpoint, at + 1));
  }

  /** A client of its own: one request at a time, numbered from 1. */
  session(client: number = this.#newClient()): LeanSession {
    return new LeanSession(this, client);
  }

  /** Resolves, and never rejects. `seq` grows by one with each new operation of a client. */
  async request(
    client: number,
    seq: number,
    operation: Operation,
    options: LeanRequestOptions = {},
  ): Promise<LeanOutcome> {
    const beginMs = performance.now();
    const deadlineMs = beginMs + (options.requestMs ?? this.#options.requestMs ?? 5000);
    const isWrite = !isRead(operation);
    let attempts = 0;
    let unknown = false;
    let node = 0;
    let reason: LeanOutcome["reason"] = "unreachable";
    for (let round = 0; ; round += 1) {
      const target = this.#choose(options.at, round);
      if (target !== null) {
        attempts += 1;
        node = target.ordinal;
        const answer = await this.#attempt(target, client, seq, operation, options.level ?? "linearizable", deadlineMs);
        if (answer.status === "ok") {
          if (isWrite) this.#leader = node;
          const { result, index } = answer;
          return { status: "ok", result, index, reason: null, node, attempts, beginMs, endMs: performance.now() };
        }
        reason = answer.reason;
        // Only an ok can settle a write of which one attempt may still be on its way.
        if (answer.status === "unknown" && isWrite) unknown = true;
        if (answer.status === "unknown" && isWrite && this.#options.retryUnknown === false) break;
        if (answer.reason === "unsupported" || answer.reason === "sessionExpired") break;
        if (this.#follow(answer, node, options.at)) continue;
      }
      const pause = Math.min(PAUSE_MAX_MS, PAUSE_MIN_MS * 2 ** Math.min(round, 10)) * (0.5 + Math.random() / 2);
      if (this.#closed || performance.now() + pause >= deadlineMs) break;
      await new Promise((resolve) => {
        setTimeout(resolve, pause);
      });
    }
    const status = unknown ? "unknown" : "failed";
    return { status, result: null, index: 0, reason, node, attempts, beginMs, endMs: performance.now() };
  }

  /** null: it did not answer in time. */
  async status(ordinal: number, digest = false, timeoutMs = 1000): Promise<NodeStatus | null> {
    const node = this.#nodes[ordinal - 1];
    if (node === undefined) throw new RangeError(`no endpoint ${ordinal}`);
    const deadline = performance.now() + timeoutMs;
    while (node.dialer.connection === null && performance.now() < deadline && !this.#closed)
      await new Promise((resolve) => {
        setTimeout(resolve, 5);
      });
    const { connection } = node.dialer;
    if (connection === null) return null;
    this.#asks += 1;
    const ask = this.#asks;
    return new Promise((resolve) => {
      const late = setTimeout(() => end(null), Math.max(1, deadline - performance.now()));
      const end = (status: NodeStatus | null): void => {
        clearTimeout(late);
        node.asked.delete(ask);
        resolve(status);
      };
      node.asked.set(ask, end);
      writeStatus(connection.writer, 1, ask, digest);
      connection.dirty();
    });
  }

  /** Requests under way end as unknown. */
  close(): void {
    this.#closed = true;
    for (const { dialer } of this.#nodes) dialer.close();
  }

  #newClient(): number {
    const client = this.#nextClient;
    this.#nextClient = client === 0xffff_ffff ? 0x8000_0000 : client + 1;
    return client;
  }

  #node({ host, port }: LeanEndpoint, ordinal: number): Node {
    const { cluster, log = SILENT } = this.#options;
    const waiting = new Map<number, Waiting>();
    const asked = new Map<number, (status: NodeStatus) => void>();
    const dialer = new Dialer({
      host,
      port,
      name: `${host}:${port}`,
      log,
      hello: { caller: "client", cluster },
      refusal: (welcome) =>
        cluster === "" || welcome.cluster === cluster ? null : `it is of cluster ${JSON.stringify(welcome.cluster)}`,
      onUp: (connection) => {
        connection.bytesMax = PEER_FRAME_BYTES_MAX;
        connection.onFrame = (kind, bytes, from, to) => onFrame(kind, bytes.subarray(from, to), waiting, asked);
      },
      onDown: () => {
        const lost = [...waiting.values()];
        waiting.clear();
        for (const { answer } of lost) answer({ status: "unknown", reason: "disconnected" });
      },
      onDirty: (connection) => {
        this.#dirty.push(connection);
        if (this.#dirty.length === 1) setImmediate(() => this.#flush());
      },
      backOffMaxMs: 200,
    });
    return { ordinal, dialer, waiting, asked };
  }

  #flush(): void {
    for (const connection of this.#dirty.splice(0)) connection.flush();
  }

  /** The node to ask next; null: it cannot be reached now. */
  #choose(at: number | undefined, round: number): Node | null {
    const first = at ?? this.#leader;
    const node = this.#nodes[first - 1];
    if (node !== undefined && node.dialer.connection !== null) return node;
    if (at !== undefined) return null;
    const count = this.#nodes.length;
    for (let i = 1; i <= count; i += 1) {
      const other = this.#nodes[(first - 1 + i + round) % count];
      if (other !== undefined && other.dialer.connection !== null) return other;
    }
    return null;
  }

  /** Goes where the answer points, or to the next node. True: there is a leader to be asked at once. */
  #follow(answer: Exclude<Answer, { readonly status: "ok" }>, asked: number, at: number | undefined): boolean {
    const hint = "leader" in answer ? answer.leader : 0;
    const count = this.#nodes.length;
    const isHint = hint >= 1 && hint <= count && hint !== asked;
    if (asked === this.#leader || isHint) this.#leader = isHint ? hint : (asked % count) + 1;
    return isHint && at === undefined && answer.reason === "notLeader";
  }

  #attempt(
    node: Node,
    client: number,
    seq: number,
    operation: Operation,
    level: ReadLevel,
    deadlineMs: number,
  ): Promise<Answer> {
    const { waiting, dialer } = node;
    const connection = dialer.connection as Connection;
    const patience = Math.min(this.#options.attemptMs ?? 1000, deadlineMs - performance.now());
    return new Promise((resolve) => {
      const end = (answer: Answer): void => {
        clearTimeout(late);
        if (waiting.get(client) === entry) waiting.delete(client);
        resolve(answer);
      };
      const entry: Waiting = { seq, answer: end };
      const late = setTimeout(() => end({ status: "unknown", reason: "timeout" }), Math.max(1, patience));
      waiting.set(client, entry);
      writeOperation(connection.writer, client, seq, operation, level);
      connection.dirty();
    });
  }
}

function isRead(operation: Operation): operation is ReadOperation {
  return operation.f === "get" || operation.f === "range" || operation.f === "query";
}

function writeOperation(w: FrameWriter, client: number, seq: number, operation: Operation, level: ReadLevel): void {
  if (isRead(operation)) writeRead(w, client, seq, operation, level);
  else writeWrite(w, client, seq, operation satisfies WriteOperation);
}

/** Throws CodecError. */
function onFrame(
  kind: number,
  body: Uint8Array,
  waiting: ReadonlyMap<number, Waiting>,
  asked: ReadonlyMap<number, (status: NodeStatus) => void>,
): boolean {
  const r = readerOf(body);
  if (kind === REPLY) {
    const { client, seq, reply } = readReply(r);
    const entry = waiting.get(client);
    // Nobody waits any more for what comes too late.
    if (entry !== undefined && entry.seq === seq) entry.answer(reply);
    return true;
  }
  if (kind !== STATUS_REPLY) throw new CodecError(`a node's frame of kind ${kind}`);
  readU32(r);
  asked.get(readU53(r))?.(JSON.parse(new TextDecoder().decode(body.subarray(r.at))) as NodeStatus);
  return true;
}

/** One logical client. */
export class LeanSession {
  readonly client: number;
  readonly #of: LeanClient;
  #seq = 0;
  #busy = false;

  constructor(of: LeanClient, client: number) {
    this.#of = of;
    this.client = client;
  }

  /** Throws RangeError while a request is under way: a client has one. */
  async request(operation: Operation, options: LeanRequestOptions = {}): Promise<LeanOutcome> {
    if (this.#busy) throw new RangeError(`client ${this.client} has a request under way`);
    this.#busy = true;
    this.#seq += 1;
    try {
      return await this.#of.request(this.client, this.#seq, operation, options);
    } finally {
      this.#busy = false;
    }
  }
}
