/** Requests that wait for their reply, and where it goes. A token is a place in the table, and is used again. */
import type { Reply } from "../../host/index.js";
import {
  type ClientReply,
  type Connection,
  type NodeCounters,
  type NodeObserver,
  writeReply,
} from "../../transport/index.js";

interface Place {
  /** null: `answer` takes the reply. */
  connection: Connection | null;
  answer: ((reply: Reply) => void) | null;
  client: number;
  seq: number;
  isWrite: boolean;
  sinceMs: number;
}

export class Answers {
  readonly #places: Place[] = [];
  readonly #free: number[] = [];
  readonly #counters: NodeCounters;
  readonly #observers: readonly NodeObserver[];
  readonly #ordinalOf: (id: string) => number;

  constructor(counters: NodeCounters, observers: readonly NodeObserver[], ordinalOf: (id: string) => number) {
    this.#counters = counters;
    this.#observers = observers;
    this.#ordinalOf = ordinalOf;
  }

  /** Returns the request's token. */
  expect(
    connection: Connection | null,
    client: number,
    seq: number,
    isWrite: boolean,
    nowMs: number,
    answer: ((reply: Reply) => void) | null,
  ): number {
    const counters = this.#counters;
    if (isWrite) {
      counters.writes += 1;
      counters.writesPending += 1;
    } else counters.reads += 1;
    const token = this.#free.pop();
    if (token === undefined) {
      this.#places.push({ connection, answer, client, seq, isWrite, sinceMs: nowMs });
      return this.#places.length - 1;
    }
    const place = this.#places[token] as Place;
    place.connection = connection;
    place.answer = answer;
    place.client = client;
    place.seq = seq;
    place.isWrite = isWrite;
    place.sinceMs = nowMs;
    return token;
  }

  /** Each token is answered once. */
  reply(token: number, reply: Reply, nowMs: number): void {
    const place = this.#places[token] as Place;
    const { connection, answer, client, seq } = place;
    if (place.isWrite) this.#countWrite(reply, nowMs - place.sinceMs);
    place.connection = null;
    place.answer = null;
    this.#free.push(token);
    if (answer !== null) {
      answer(reply);
      return;
    }
    // A client that has gone learns nothing.
    if (connection === null || connection.closed) return;
    writeReply(connection.writer, client, seq, reply.status === "ok" ? reply : this.#failed(reply));
    connection.dirty();
  }

  #failed({ status, reason, leaderHint }: Exclude<Reply, { readonly status: "ok" }>): ClientReply {
    return { status, reason, leader: leaderHint === null ? 0 : this.#ordinalOf(leaderHint) };
  }

  #countWrite({ status }: Reply, tookMs: number): void {
    const counters = this.#counters;
    counters.writesPending -= 1;
    if (status === "ok") {
      counters.writesOk += 1;
      for (const observer of this.#observers) observer.commit?.(tookMs / 1000);
    } else if (status === "failed") counters.writesFailed += 1;
    else counters.writesUnknown += 1;
  }
}
