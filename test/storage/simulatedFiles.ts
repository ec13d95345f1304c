/**
 * A file system that remembers every step, so that a loss of power can be played at each of them afterwards. A disk writes
 * a sector whole or not at all, and in any order until a sync; changes of a folder survive in order, as on a journaling file
 * system, and all of them after a sync of the folder.
 */
import type { Files, OpenFile } from "../../harness/storage/index.js";

export const SECTOR = 512;

type Op =
  | { readonly type: "sector"; readonly file: number; readonly sector: number; readonly bytes: Uint8Array }
  | { readonly type: "sync"; readonly file: number }
  | {
      readonly type: "name";
      readonly dir: string;
      readonly set: string | null;
      readonly drop: string | null;
      readonly file: number;
    }
  | { readonly type: "syncFolder"; readonly dir: string };

/** What a disk holds: contents by file number, and which name stands for which file. */
export interface DiskImage {
  readonly files: ReadonlyMap<number, Uint8Array>;
  readonly names: ReadonlyMap<string, number>;
}

export const EMPTY_DISK: DiskImage = { files: new Map(), names: new Map() };

function folderOf(path: string): string {
  return path.slice(0, path.lastIndexOf("/"));
}

export class SimulatedFiles implements Files {
  /** Everything that was done, in order. */
  readonly ops: Op[] = [];
  /** So many sectors can still be written: a disk that gets full. */
  failWritesAfter = Number.POSITIVE_INFINITY;
  /** So many syncs still succeed. */
  failSyncsAfter = Number.POSITIVE_INFINITY;
  /** Syncs beside the loop end only when the test says so. */
  holdSyncs = false;
  readonly held: (() => void)[] = [];
  private readonly start: DiskImage;
  private readonly contents = new Map<number, Uint8Array>();
  private readonly names: Map<string, number>;
  private nextFile: number;
  private randomState: number;

  constructor(image: DiskImage = EMPTY_DISK, seed = 1) {
    this.start = image;
    for (const [file, bytes] of image.files) this.contents.set(file, bytes.slice());
    this.names = new Map(image.names);
    this.nextFile = Math.max(0, ...image.files.keys()) + 1;
    this.randomState = seed;
  }

  makeFolder(): void {
    // A folder is only a prefix here.
  }

  list(dir: string): string[] {
    const prefix = `${dir}/`;
    const names = [...this.names.keys()].filter((path) => folderOf(path) === dir);
    return names.map((path) => path.slice(prefix.length)).sort((a, b) => (a < b ? -1 : 1));
  }

  create(path: string): OpenFile {
    const file = this.nextFile;
    this.nextFile += 1;
    this.contents.set(file, new Uint8Array(0));
    this.names.set(path, file);
    this.ops.push({ type: "name", dir: folderOf(path), set: path, drop: null, file });
    return this.handle(path, file);
  }

  open(path: string): OpenFile {
    return this.handle(path, this.numberOf(path));
  }

  rename(from: string, to: string): void {
    const file = this.numberOf(from);
    this.names.delete(from);
    this.names.set(to, file);
    this.ops.push({ type: "name", dir: folderOf(to), set: to, drop: from, file });
  }

  remove(path: string): void {
    this.numberOf(path);
    this.names.delete(path);
    this.ops.push({ type: "name", dir: folderOf(path), set: null, drop: path, file: 0 });
  }

  syncFolder(dir: string): void {
    this.ops.push({ type: "syncFolder", dir });
  }

  lock(): () => void {
    return () => undefined;
  }

  random(into: Uint8Array): void {
    for (let i = 0; i < into.length; i += 1) {
      this.randomState = (Math.imul(this.randomState, 1_664_525) + 1_013_904_223) >>> 0;
      into[i] = this.randomState >>> 24;
    }
  }

  /** The disk as the running system sees it: what a process that is killed leaves behind. */
  image(): DiskImage {
    return {
      files: new Map([...this.contents].map(([file, bytes]) => [file, bytes.slice()])),
      names: new Map(this.names),
    };
  }

  private numberOf(path: string): number {
    const file = this.names.get(path);
    if (file === undefined) throw new Error(`ENOENT: ${path}`);
    return file;
  }

  private handle(path: string, file: number): OpenFile {
    return {
      path,
      write: (parts, at) => this.write(file, parts, at),
      writeBeside: async (parts, at) => this.write(file, parts, at),
      read: (into, at) => {
        const bytes = (this.contents.get(file) as Uint8Array).subarray(at, at + into.length);
        into.set(bytes);
        return bytes.length;
      },
      sizeBytes: () => (this.contents.get(file) as Uint8Array).length,
      sync: () => this.sync(file),
      syncBeside: (done) => this.syncBeside(file, done),
      close: () => undefined,
    };
  }

  private sync(file: number): void {
    if (this.failSyncsAfter <= 0) throw new Error("EIO");
    this.failSyncsAfter -= 1;
    this.ops.push({ type: "sync", file });
  }

  private syncBeside(file: number, done: (error: Error | null) => void): void {
    const end = (): void => {
      try {
        this.sync(file);
      } catch (error) {
        done(error as Error);
        return;
      }
      done(null);
    };
    if (this.holdSyncs) this.held.push(end);
    else setImmediate(end);
  }

  private write(file: number, parts: readonly Uint8Array[], at: number): void {
    const bytes = Buffer.concat(parts);
    const before = this.contents.get(file) as Uint8Array;
    const end = at + bytes.length;
    const after = new Uint8Array(Math.max(before.length, end));
    after.set(before);
    after.set(bytes, at);
    for (let sector = Math.floor(at / SECTOR); sector * SECTOR < end; sector += 1) {
      if (this.failWritesAfter <= 0) throw new Error("ENOSPC");
      this.failWritesAfter -= 1;
      const written = after.slice(sector * SECTOR, (sector + 1) * SECTOR);
      this.contents.set(file, withSector(this.contents.get(file) as Uint8Array, sector, written));
      this.ops.push({ type: "sector", file, sector, bytes: written });
    }
  }

  /** Numbers of the steps before `time` that a loss of power then may undo: sector writes, and changes of folders. */
  unsynced(time: number): { readonly sectors: number[]; readonly names: number[] } {
    const sectors: number[] = [];
    const names: number[] = [];
    const synced = new Set<number>();
    const folders = new Set<string>();
    for (let i = time - 1; i >= 0; i -= 1) {
      const op = this.ops[i] as Op;
      if (op.type === "sync") synced.add(op.file);
      else if (op.type === "syncFolder") folders.add(op.dir);
      else if (op.type === "sector" && !synced.has(op.file)) sectors.push(i);
      else if (op.type === "name" && !folders.has(op.dir)) names.push(i);
    }
    return { sectors: sectors.reverse(), names: names.reverse() };
  }

  /** The disk after a loss of power before step `time`, without the steps in `lost`. */
  after(time: number, lost: ReadonlySet<number>): DiskImage {
    const files = new Map<number, Uint8Array>([...this.start.files].map(([file, bytes]) => [file, bytes.slice()]));
    const names = new Map(this.start.names);
    for (let i = 0; i < time; i += 1) {
      const op = this.ops[i] as Op;
      if (lost.has(i)) continue;
      if (op.type === "name") {
        if (op.drop !== null) names.delete(op.drop);
        if (op.set !== null) names.set(op.set, op.file);
        if (op.set !== null && !files.has(op.file)) files.set(op.file, new Uint8Array(0));
      } else if (op.type === "sector") {
        files.set(op.file, withSector(files.get(op.file) ?? new Uint8Array(0), op.sector, op.bytes));
      }
    }
    return { files, names };
  }
}

function withSector(content: Uint8Array, sector: number, bytes: Uint8Array): Uint8Array {
  const at = sector * SECTOR;
  let result = content;
  if (result.length < at + bytes.length) {
    result = new Uint8Array(at + bytes.length);
    result.set(content);
  }
  result.set(bytes, at);
  return result;
}

/** The choices a loss of power has at `time`: every one where there are few, otherwise `samples` of them by `random`. */
export function* losses(
  files: SimulatedFiles,
  time: number,
  exhaustiveMax: number,
  samples: number,
  random: () => number,
): Generator<ReadonlySet<number>> {
  const { sectors, names } = files.unsynced(time);
  const choices = 2 ** sectors.length * (names.length + 1);
  if (choices <= exhaustiveMax) {
    for (let kept = 0; kept <= names.length; kept += 1) {
      for (let mask = 0; mask < 2 ** sectors.length; mask += 1) {
        yield new Set([...names.slice(kept), ...sectors.filter((_, i) => ((mask >>> i) & 1) === 1)]);
      }
    }
    return;
  }
  yield new Set([...names, ...sectors]);
  yield new Set();
  for (let i = 0; i < samples; i += 1) {
    const kept = Math.floor(random() * (names.length + 1));
    const share = random();
    yield new Set([...names.slice(kept), ...sectors.filter(() => random() < share)]);
  }
}
