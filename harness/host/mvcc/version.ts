/** What a key was from a revision on. */
import { latin1Text } from "../byteWriter.js";

export class Version {
  readonly key: string;
  create: number;
  /** The revision it begins with. */
  mod: number;
  version: number;
  /** What it was before, for as long as that can be read. */
  previous: Version | null;
  /** The key has no later one: whoever kept this version need not look the key up. */
  isNewest = true;
  private text: string | null = null;
  /** Where the value lies, until somebody asks for it: most are superseded unread, and need no text of their own. */
  private bytes: Uint8Array | null = null;
  private from = 0;
  private to = 0;

  /** A deletion, until a value is set. */
  constructor(key: string, create: number, mod: number, version: number, previous: Version | null) {
    this.key = key;
    this.create = create;
    this.mod = mod;
    this.version = version;
    this.previous = previous;
  }

  /** null: deleted. */
  get value(): string | null {
    // From now on the bytes, and the command that they are a part of, can go. A snapshot reads every value, so none
    // holds on to a command for longer than the log does.
    if (this.bytes !== null) this.setText(latin1Text(this.bytes, this.from, this.to));
    return this.text;
  }

  get isDeletion(): boolean {
    return this.bytes === null && this.text === null;
  }

  get valueBytes(): number {
    if (this.bytes !== null) return this.to - this.from;
    return this.text === null ? 0 : this.text.length;
  }

  setText(text: string): void {
    this.text = text;
    this.bytes = null;
  }

  /** They must not change. */
  setBytes(bytes: Uint8Array, from: number, to: number): void {
    this.bytes = bytes;
    this.from = from;
    this.to = to;
  }
}
