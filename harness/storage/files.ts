/**
 * What the write-ahead log asks of a file system, small enough that tests can put a simulated one below the same code.
 * A write is in the kernel when it returns; it is durable after a sync of the file. A name is durable after a sync of its
 * folder.
 */
export interface OpenFile {
  readonly path: string;
  /** Writes all parts one after the other from byte `at`, or throws. */
  write(parts: readonly Uint8Array[], at: number): void;
  /** The same, beside the loop: for much that nobody waits for. */
  writeBeside(parts: readonly Uint8Array[], at: number): Promise<void>;
  /** Reads up to `into.length` bytes; fewer only at the end of the file. */
  read(into: Uint8Array, at: number): number;
  sizeBytes(): number;
  /** fdatasync: data, and as much metadata as reading it back needs. */
  sync(): void;
  syncBeside(done: (error: Error | null) => void): void;
  close(): void;
}

export interface Files {
  /** Creates missing parents too, and makes them durable. */
  makeFolder(dir: string): void;
  /** Names, sorted. */
  list(dir: string): string[];
  /** Creates or empties. */
  create(path: string): OpenFile;
  open(path: string): OpenFile;
  /** Replaces `to`. */
  rename(from: string, to: string): void;
  remove(path: string): void;
  syncFolder(dir: string): void;
  /** Throws StorageError `locked`; the result lets go. */
  lock(dir: string): () => void;
  /** Fills with bytes that nobody can guess. */
  random(into: Uint8Array): void;
}

export function syncedBeside(file: OpenFile): Promise<void> {
  return new Promise((resolve, reject) => {
    file.syncBeside((error) => {
      if (error === null) resolve();
      else reject(error);
    });
  });
}
