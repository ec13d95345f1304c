/**
 * A node of a cluster as what the interface stands on. Writes go to the leader, wherever it is; reads are asked of this
 * node first, and of the leader where the protocol lets nobody else answer.
 *
 * An attempt whose outcome is unknown is made again under the same client id and sequence number, so that it happens once
 * however often it is asked for (Ongaro 2014 §6.3). What is still unknown when the time is up is told as such.
 */
import { setTimeout as pause } from "node:timers/promises";
import type { NodeService, NodeStatus, ServedMember } from "../transport/index.js";
import type { Backend, BackendStatus } from "./backend.js";
import { type ClientName, ClientIds } from "./clientIds.js";
import { type EtcdError, etcdError } from "./errors.js";
import type { Attempt, Links } from "./links.js";

export interface NodeBackendOptions {
  readonly service: NodeService;
  readonly links: Links;
  /** When a call is given up. As etcd's: 5 s and two election timeouts. Milliseconds. @default 7000 */
  readonly requestTimeoutMs?: number;
  /** When one attempt is given up, for there may be another leader by then. Milliseconds. @default 1500 */
  readonly attemptMs?: number;
}

/** Linearizable reads go to the leader for so long once this node has refused one. Milliseconds. */
const READS_AWAY_MS = 2000;
const PAUSE_MIN_MS = 5;
const PAUSE_MAX_MS = 100;
const CALLS_MAX = 8192;
/** For calls, leader and round are looked up so often, and whenever an attempt fails. Milliseconds. */
const LOOK_EVERY_MS = 200;

type Outcome =
  | { readonly status: "ok"; readonly bytes: Uint8Array }
  | { readonly status: "failed" | "unknown"; readonly reason: string; readonly leader: number };

export class NodeBackend implements Backend {
  readonly cluster: string;
  readonly protocol: string;
  readonly self: ServedMember;
  readonly members: readonly ServedMember[];
  readonly #service: NodeService;
  readonly #links: Links;
  readonly #ids: ClientIds;
  readonly #timeoutMs: number;
  readonly #attemptMs: number;
  #seen: NodeStatus;
  #seenAt = Number.NEGATIVE_INFINITY;
  /** As `performance.now()`. Whether a node that does not lead answers them is learnt from its answers. */
  #readsAwayUntil = 0;

  constructor({ service, links, requestTimeoutMs = 7000, attemptMs = 1500 }: NodeBackendOptions) {
    this.cluster = service.cluster;
    this.protocol = service.protocol;
    this.self = service.self;
    this.members = service.members;
    this.#service = service;
    this.#links = links;
    this.#ids = new ClientIds(service.self.ordinal, service.incarnation, CALLS_MAX);
    this.#timeoutMs = requestTimeoutMs;
    this.#attemptMs = Math.min(attemptMs, requestTimeoutMs);
    this.#seen = service.status();
  }

  get round(): number {
    const { leader, promisedRound } = this.#look();
    return leader?.round ?? promisedRound;
  }

  status(): BackendStatus {
    this.#seenAt = Number.NEGATIVE_INFINITY;
    const { leader, promisedRound, lastIndex, appliedIndex, store } = this.#look();
    return {
      revision: store.revision,
      round: leader?.round ?? promisedRound,
      leader: this.#leader(),
      lastIndex,
      appliedIndex,
      storeBytes: store.bytes,
    };
  }

  async write(request: Uint8Array): Promise<Uint8Array> {
    return this.#until(async (name, target) =>
      this.#attempt(target, { ...nameOf(name), operation: { f: "txn", request }, level: "linearizable" }),
    );
  }

  async read(request: Uint8Array, level: "linearizable" | "local"): Promise<Uint8Array> {
    return this.#until(async (name, leader) => {
      const attempt: Attempt = { ...nameOf(name), operation: { f: "query", request }, level };
      const here = level === "local" || performance.now() >= this.#readsAwayUntil;
      const outcome = await this.#attempt(here ? this.self.ordinal : leader, attempt);
      if (here && level !== "local" && outcome.status === "failed" && outcome.reason === "notLeader" && leader !== 0)
        this.#readsAwayUntil = performance.now() + READS_AWAY_MS;
      return outcome;
    });
  }

  /** Attempts until one succeeds or the time is up. `target`: the leader's ordinal, as far as it is known. */
  async #until(attempt: (name: ClientName, target: number) => Promise<Outcome>): Promise<Uint8Array> {
    let name = this.#ids.take();
    try {
      const deadline = performance.now() + this.#timeoutMs;
      let target = this.#leader();
      let mayHaveHappened = false;
      for (let pauseMs = PAUSE_MIN_MS; ; pauseMs = Math.min(2 * pauseMs, PAUSE_MAX_MS)) {
        const outcome = await attempt(name, target);
        if (outcome.status === "ok") return outcome.bytes;
        if (outcome.status === "unknown") mayHaveHappened = true;
        if (outcome.reason === "sessionExpired") {
          // An attempt of before may have been executed under the session that is gone.
          if (mayHaveHappened) throw etcdError("timedOut");
          name = this.#ids.replace();
        }
        if (performance.now() + pauseMs > deadline) throw lastError(mayHaveHappened);
        // A node that names another one knows better than this one.
        const hinted = outcome.leader !== 0 && outcome.leader !== target;
        if (!hinted) await pause(pauseMs);
        this.#seenAt = Number.NEGATIVE_INFINITY;
        target = hinted ? outcome.leader : this.#leader();
      }
    } finally {
      this.#ids.release(name);
    }
  }

  /** @param target 0: not known; then this node is asked, which may be about to lead. */
  async #attempt(target: number, attempt: Attempt): Promise<Outcome> {
    const member = target === this.self.ordinal ? undefined : this.members.find(({ ordinal }) => ordinal === target);
    return new Promise<Outcome>((resolve) => {
      const late = setTimeout(() => resolve({ status: "unknown", reason: "late", leader: 0 }), this.#attemptMs);
      const settle = (outcome: Outcome): void => {
        clearTimeout(late);
        resolve(outcome);
      };
      if (member !== undefined) {
        this.#links.request(member, attempt, (reply) =>
          settle(reply.status === "ok" ? okOf(reply.result) : { ...reply, leader: reply.leader }),
        );
        return;
      }
      this.#service.request(attempt, (reply) =>
        settle(
          reply.status === "ok"
            ? okOf(reply.result)
            : { status: reply.status, reason: reply.reason, leader: this.#ordinalOf(reply.leaderHint) },
        ),
      );
    });
  }

  #leader(): number {
    return this.#ordinalOf(this.#look().leader?.id ?? null);
  }

  #ordinalOf(id: string | null): number {
    if (id === null) return 0;
    return this.members.find((member) => member.id === id)?.ordinal ?? 0;
  }

  #look(): NodeStatus {
    const now = performance.now();
    if (now - this.#seenAt > LOOK_EVERY_MS) {
      this.#seen = this.#service.status();
      this.#seenAt = now;
    }
    return this.#seen;
  }
}

function nameOf({ client, seq }: ClientName): { readonly client: number; readonly seq: number } {
  return { client, seq };
}

function okOf(result: { readonly type: string; readonly bytes?: Uint8Array }): Outcome {
  if (result.bytes !== undefined) return { status: "ok", bytes: result.bytes };
  throw new TypeError(`a transaction was answered with "${result.type}"`);
}

function lastError(mayHaveHappened: boolean): EtcdError {
  return etcdError(mayHaveHappened ? "timedOut" : "noLeader");
}
