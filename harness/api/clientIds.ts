/**
 * Client ids for what comes through this interface. A session of the machine lets a client have one write under way, so
 * each call takes an id for as long as it lasts.
 *
 * An id is the node's ordinal (11 bits) and a number (20 bits) that starts elsewhere in every incarnation. Ids come back
 * after many restarts, and at once where nothing survives one; so the sequence numbers under an id begin at the time of
 * day, in 1/2048 ms, which no earlier process can have reached by counting.
 */
import { etcdError } from "./errors.js";

export interface ClientName {
  readonly client: number;
  seq: number;
}

const NUMBERS = 2 ** 20;
const ORDINAL_MAX = 2 ** 11 - 1;
const IDS_PER_INCARNATION = 1024;
const SEQ_PER_MS = 2048;

export class ClientIds {
  readonly #base: number;
  readonly #inUseMax: number;
  readonly #free: ClientName[] = [];
  #next: number;
  #inUse = 0;

  /**
   * @param ordinal 1..2047
   * @param incarnation From 1.
   * @param inUseMax Calls at the same time; one more is refused.
   */
  constructor(ordinal: number, incarnation: number, inUseMax: number) {
    if (ordinal < 1 || ordinal > ORDINAL_MAX) throw new RangeError(`an ordinal from 1 to ${ORDINAL_MAX}`);
    this.#base = ordinal * NUMBERS;
    this.#next = (incarnation * IDS_PER_INCARNATION) % NUMBERS;
    this.#inUseMax = inUseMax;
  }

  /** An id with a fresh sequence number. Throws EtcdError if too many are in use. */
  take(): ClientName {
    if (this.#inUse >= this.#inUseMax) throw etcdError("tooManyRequests");
    this.#inUse += 1;
    const name = this.#free.pop() ?? this.#fresh();
    name.seq += 1;
    return name;
  }

  /** Its call has ended, whatever came of it: the next sequence number overtakes what may still be under way. */
  release(name: ClientName): void {
    this.#inUse -= 1;
    this.#free.push(name);
  }

  /** The machine has dropped the session of this id, and never lets it in again. The id in its place. */
  replace(): ClientName {
    const name = this.#fresh();
    name.seq += 1;
    return name;
  }

  #fresh(): ClientName {
    const client = this.#base + this.#next;
    this.#next = (this.#next + 1) % NUMBERS;
    return { client, seq: Date.now() * SEQ_PER_MS };
  }
}
