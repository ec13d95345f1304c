/** The writes of one turn of the loop: whom to answer, and the entry's command. */
import { type Connection, REPLY } from "../../harness/transport/index.js";

/** client and seq. */
export const NAME_BYTES = 12;
/** Their number, in front of the requests. */
const COUNT_BYTES = 4;
const CAPACITY_MIN_BYTES = 4096;

export class Batch {
  /** Its place in the log, once it has one. */
  index = 0;
  readonly #connections: Connection[] = [];
  /** Where in the command the request of each begins. */
  readonly #places: number[] = [];
  #command: Buffer;
  #bytes = COUNT_BYTES;

  /** @param bytes how large the command will be, as far as can be told */
  constructor(bytes: number) {
    this.#command = Buffer.allocUnsafeSlow(Math.max(CAPACITY_MIN_BYTES, bytes));
  }

  get count(): number {
    return this.#connections.length;
  }

  get bytes(): number {
    return this.#bytes;
  }

  /** The body of a WRITE frame is what a request is within a command: it is copied there unread. */
  add(connection: Connection, bytes: Buffer, from: number, to: number): void {
    const end = this.#bytes + to - from;
    if (end > this.#command.length) this.#grow(end);
    bytes.copy(this.#command, this.#bytes, from, to);
    this.#connections.push(connection);
    this.#places.push(this.#bytes);
    this.#bytes = end;
  }

  #grow(bytes: number): void {
    const larger = Buffer.allocUnsafeSlow(2 * bytes);
    this.#command.copy(larger, 0, 0, this.#bytes);
    this.#command = larger;
  }

  /** As `harness/host/command.ts` says. */
  command(): Uint8Array {
    this.#command.writeUInt32BE(this.count, 0);
    return this.#command.subarray(0, this.#bytes);
  }

  /** Tells every client: done. */
  answer(): void {
    const command = this.#command;
    for (let i = 0; i < this.#connections.length; i += 1) {
      const connection = this.#connections[i] as Connection;
      if (connection.closed) continue;
      const place = this.#places[i] as number;
      const { writer } = connection;
      writer.begin(REPLY, NAME_BYTES + 10);
      writer.u32(command.readUInt32BE(place));
      writer.u32(command.readUInt32BE(place + 4));
      writer.u32(command.readUInt32BE(place + 8));
      writer.u8(1);
      writer.u53(this.index);
      writer.u8(0);
      connection.dirty();
    }
  }
}
