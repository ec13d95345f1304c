/** What can be set about the write-ahead log. */
import type { Files } from "../files.js";
import { nodeFiles } from "../nodeFiles.js";

export interface WalOptions {
  readonly files?: Files;
  /** Size of a segment in bytes, a multiple of 512, at least 4096. @default 64 MiB */
  readonly segmentBytes?: number;
  /** Segments kept to be used again. @default 2 */
  readonly sparesMax?: number;
  /** A batch takes no more writes once it has so many bytes. @default 8 MiB */
  readonly batchBytesMax?: number;
  /**
   * So long after the last write, a record without content tells that it is durable, so that later damage to it is not
   * taken for a torn batch. Milliseconds; null: only at `close`. @default 50
   */
  readonly markAfterMs?: number | null;
}

/** Every option with a value. */
export type Settings = Required<WalOptions>;

export const DEFAULTS: Settings = {
  files: nodeFiles,
  segmentBytes: 64 * 2 ** 20,
  sparesMax: 2,
  batchBytesMax: 8 * 2 ** 20,
  markAfterMs: 50,
};
