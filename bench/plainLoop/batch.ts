/** The writes of one turn of the loop: whom to answer, and the entry's command. */
import type { Connection } from "../../harness/transport/connection.js";
import { REPLY } from "../../harness/transport/index.js";

/** client and seq. */
export const NAME_BYTES = 12;
/** Their number, in front of the requests. */
const COUNT_BYTES = 4;

export class Batch {
  /** Its place in the log, once it has one. */
  index = 0;
  readonly #connections: Connection[] = [];
  /** Bodies of the WRITE frames, where they were received. */
  readonly #bodies: Uint8Array[] = [];
  #bytes = COUNT_BYTES;

  get count(): number {
    return this.#connections.length;
  }

  add(connection: Connection, bytes: Buffer, from: number, to: number): void {
    this.#connections.push(connection);
    this.#bodies.push(bytes.subarray(from, to));
    this.#bytes += to - from;
  }

  /** As `harness/host/command.ts` says, without a look into the requests. */
  command(): Uint8Array {
    const command = Buffer.allocUnsafe(this.#bytes);
    command.writeUInt32BE(this.count, 0);
    let at = COUNT_BYTES;
    for (const body of this.#bodies) {
      command.set(body, at);
      at += body.length;
    }
    return command;
  }

  /** Tells every client: done. */
  answer(): void {
    for (let i = 0; i < this.#connections.length; i += 1) {
      const connection = this.#connections[i] as Connection;
      const { writer } = connection;
      if (connection.closed) continue;
      writer.begin(REPLY, NAME_BYTES + 10);
      writer.raw((this.#bodies[i] as Uint8Array).subarray(0, NAME_BYTES));
      writer.u8(1);
      writer.u53(this.index);
      writer.u8(0);
      connection.dirty();
    }
  }
}
