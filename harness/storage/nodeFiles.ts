/** The file system of `node:fs`. */
import { randomFillSync } from "node:crypto";
import {
  closeSync,
  fdatasync,
  fdatasyncSync,
  fstatSync,
  fsyncSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  readSync,
  renameSync,
  unlinkSync,
  writeFileSync,
  writev,
  writevSync,
} from "node:fs";
import { dirname, join } from "node:path";
import { StorageError } from "./contract.js";
import type { Files, OpenFile } from "./files.js";

const LOCK = "LOCK";

class NodeFile implements OpenFile {
  readonly path: string;
  readonly #descriptor: number;

  constructor(path: string, flags: string) {
    this.path = path;
    this.#descriptor = openSync(path, flags, 0o600);
  }

  write(parts: readonly Uint8Array[], at: number): void {
    let rest = parts;
    let place = at;
    while (rest.length > 0) {
      const written = writevSync(this.#descriptor, rest, place);
      place += written;
      rest = after(rest, written);
    }
  }

  async writeBeside(parts: readonly Uint8Array[], at: number): Promise<void> {
    let rest = parts;
    let place = at;
    while (rest.length > 0) {
      const written = await this.#writeSome(rest, place);
      place += written;
      rest = after(rest, written);
    }
  }

  #writeSome(parts: readonly Uint8Array[], at: number): Promise<number> {
    return new Promise((resolve, reject) => {
      writev(this.#descriptor, parts, at, (error, written) => {
        if (error === null) resolve(written);
        else reject(error);
      });
    });
  }

  read(into: Uint8Array, at: number): number {
    let done = 0;
    while (done < into.length) {
      const count = readSync(this.#descriptor, into, done, into.length - done, at + done);
      if (count === 0) break;
      done += count;
    }
    return done;
  }

  sizeBytes(): number {
    return fstatSync(this.#descriptor).size;
  }

  sync(): void {
    fdatasyncSync(this.#descriptor);
  }

  syncBeside(done: (error: Error | null) => void): void {
    fdatasync(this.#descriptor, done);
  }

  close(): void {
    closeSync(this.#descriptor);
  }
}

/** What is left of `parts` behind their first `count` bytes. A kernel may write less than it was asked to. */
function after(parts: readonly Uint8Array[], count: number): readonly Uint8Array[] {
  let skip = count;
  for (let i = 0; i < parts.length; i += 1) {
    const part = parts[i] as Uint8Array;
    if (skip < part.length) return [part.subarray(skip), ...parts.slice(i + 1)];
    skip -= part.length;
  }
  return [];
}

function syncFolder(dir: string): void {
  const descriptor = openSync(dir, "r");
  try {
    fsyncSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
}

/**
 * A process is known by its number and by when it began: numbers are used again. Empty where the system does not say. One
 * that has ended keeps its number until its parent asks (a "zombie"); it holds nothing any more.
 */
function beginningOf(pid: number): string {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, "utf8");
    // The second field is the program's name in parentheses and may hold anything; 3 is the state, 22 the time of start.
    const fields = text.slice(text.lastIndexOf(")") + 2).split(" ");
    return fields[0] === "Z" ? "ended" : (fields[19] ?? "");
  } catch {
    return "";
  }
}

function isRunning(pid: number, beginning: string): boolean {
  try {
    process.kill(pid, 0);
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "EPERM";
  }
  return beginningOf(pid) === beginning;
}

/** Folders this process has open: its own number in a lock file would look like a leftover of its own past. */
const held = new Set<string>();

function lock(dir: string): () => void {
  const path = join(dir, LOCK);
  const taken = (by: string): StorageError =>
    new StorageError({
      code: "locked",
      file: path,
      offsetBytes: null,
      found: `the folder is open in ${by}`,
      advice: "Stop that process first, or give this node a folder of its own",
    });
  if (held.has(path)) throw taken("this process");
  const mine = `${process.pid} ${beginningOf(process.pid)}\n`;
  for (;;) {
    try {
      writeFileSync(path, mine, { flag: "wx" });
      held.add(path);
      return () => {
        held.delete(path);
        unlinkSync(path);
      };
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
    }
    const [pid = "", beginning = ""] = readFileSync(path, "utf8").trim().split(" ");
    if (Number(pid) > 0 && Number(pid) !== process.pid && isRunning(Number(pid), beginning)) {
      throw taken(`process ${pid}`);
    }
    unlinkSync(path);
  }
}

function makeFolder(dir: string): void {
  const first = mkdirSync(dir, { recursive: true });
  if (first === undefined) return;
  for (let made = dir; made.length >= first.length; made = dirname(made)) syncFolder(dirname(made));
}

export const nodeFiles: Files = {
  makeFolder,
  list: (dir) => readdirSync(dir).sort((a, b) => (a < b ? -1 : 1)),
  create: (path) => new NodeFile(path, "w+"),
  open: (path) => new NodeFile(path, "r+"),
  rename: renameSync,
  remove: unlinkSync,
  syncFolder,
  lock,
  random: (into) => {
    randomFillSync(into);
  },
};
