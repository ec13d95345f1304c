/** The nodes' machine and client sessions, fed with commands in order: what a service does besides its protocol. */
import { CommandReader } from "../../harness/host/command.js";
import { Machine } from "../../harness/host/machine.js";
import { Sessions } from "../../harness/host/sessions.js";

/** As in a node of ours. */
const SESSIONS_MAX = 100_000;

export class Applier {
  readonly #machine = new Machine();
  readonly #sessions = new Sessions(SESSIONS_MAX);
  readonly #reader = new CommandReader();

  apply(index: number, command: Uint8Array): void {
    const reader = this.#reader;
    const count = reader.begin(command);
    for (let i = 0; i < count; i += 1) {
      reader.next();
      const { client, seq } = reader;
      const session = this.#sessions.find(client);
      if (session !== undefined && session.seq >= seq) continue;
      this.#sessions.record(client, seq, this.#machine.writeNext(reader), index, session);
    }
    reader.end();
  }
}
