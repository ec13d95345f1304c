/**
 * The file system of `node:fs` with faults: syncs that take longer or fail, and a loss of power, after which everything
 * that was not synced is gone. Killing a process loses nothing of the kind: the kernel has it.
 */
import { closeSync, ftruncateSync, openSync, renameSync, rmSync, writeSync } from "node:fs";
import { dirname, join } from "node:path";
import { type Files, nodeFiles, type OpenFile } from "../../storage/index.js";

const HIDDEN = /^\.forgotten-\d+$/;

/** One change that a loss of power takes back. */
interface Change {
  readonly undo: () => void;
  /** The folder whose names it changed; null: it changed the bytes of a file. */
  readonly folder: string | null;
  /** Once the change is durable. */
  readonly settle: () => void;
}

export class ForgetfulFiles implements Files {
  /** Added to every sync. Milliseconds. */
  extraMs = 0;
  /** The next sync fails. */
  failNextSync = false;
  /** In the order in which they were made. */
  readonly #changes = new Set<Change>();
  #hidden = 0;

  makeFolder(dir: string): void {
    nodeFiles.makeFolder(dir);
  }

  list(dir: string): string[] {
    return nodeFiles.list(dir).filter((name) => !HIDDEN.test(name));
  }

  create(path: string): OpenFile {
    const file = nodeFiles.create(path);
    this.#named(path, () => rmSync(path, { force: true }));
    return this.#watched(file, 0);
  }

  open(path: string): OpenFile {
    const file = nodeFiles.open(path);
    return this.#watched(file, file.sizeBytes());
  }

  rename(from: string, to: string): void {
    nodeFiles.rename(from, to);
    this.#named(to, () => renameSync(to, from));
  }

  /** Only hidden until the folder is synced: its name may come back. */
  remove(path: string): void {
    this.#hidden += 1;
    const hidden = join(dirname(path), `.forgotten-${this.#hidden}`);
    nodeFiles.rename(path, hidden);
    this.#named(
      path,
      () => renameSync(hidden, path),
      () => rmSync(hidden, { force: true }),
    );
  }

  syncFolder(dir: string): void {
    nodeFiles.syncFolder(dir);
    for (const change of this.#changes) if (change.folder === dir) this.#settle(change);
  }

  lock(dir: string): () => void {
    return nodeFiles.lock(dir);
  }

  random(into: Uint8Array): void {
    nodeFiles.random(into);
  }

  /** Everything since the last sync of each file and folder is gone, newest first. The process must end now. */
  losePower(): void {
    for (const change of [...this.#changes].reverse()) change.undo();
    this.#changes.clear();
  }

  #named(path: string, undo: () => void, settle: () => void = () => undefined): void {
    this.#changes.add({ folder: dirname(path), undo, settle });
  }

  #settle(change: Change): void {
    this.#changes.delete(change);
    change.settle();
  }

  #watched(file: OpenFile, sizeBytes: number): OpenFile {
    // Of its own, so that a change can be taken back whatever the file is called by then.
    const descriptor = openSync(file.path, "r+");
    const own = new Set<Change>();
    let size = sizeBytes;
    const remember = (parts: readonly Uint8Array[], at: number): void => {
      let bytes = 0;
      for (const part of parts) bytes += part.length;
      const before = new Uint8Array(Math.max(0, Math.min(bytes, size - at)));
      file.read(before, at);
      const oldSize = size;
      size = Math.max(size, at + bytes);
      const undo = (): void => {
        if (before.length > 0) writeSync(descriptor, before, 0, before.length, at);
        ftruncateSync(descriptor, oldSize);
      };
      const change: Change = { folder: null, undo, settle: () => own.delete(change) };
      own.add(change);
      this.#changes.add(change);
    };
    return {
      path: file.path,
      write: (parts, at) => {
        remember(parts, at);
        file.write(parts, at);
      },
      writeBeside: async (parts, at) => {
        remember(parts, at);
        await file.writeBeside(parts, at);
      },
      read: (into, at) => file.read(into, at),
      sizeBytes: () => file.sizeBytes(),
      sync: () => {
        // A real slow disk stops the loop just so.
        if (this.extraMs > 0) Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, this.extraMs);
        this.#failIfAsked();
        file.sync();
        for (const change of own) this.#settle(change);
      },
      syncBeside: (done) => this.#syncBeside(file, [...own], done),
      close: () => {
        file.close();
        if (own.size === 0) closeSync(descriptor);
      },
    };
  }

  /** `before`: what was written when the sync began. What comes while it runs is not covered. */
  #syncBeside(file: OpenFile, before: readonly Change[], done: (error: Error | null) => void): void {
    const sync = (): void => {
      try {
        this.#failIfAsked();
      } catch (error) {
        done(error as Error);
        return;
      }
      file.syncBeside((error) => {
        if (error === null) for (const change of before) this.#settle(change);
        done(error);
      });
    };
    if (this.extraMs > 0) setTimeout(sync, this.extraMs);
    else sync();
  }

  #failIfAsked(): void {
    if (!this.failNextSync) return;
    this.failNextSync = false;
    throw new Error("EIO: a sync failed because a fault was ordered");
  }
}
