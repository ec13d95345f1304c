/** Opens a write-ahead log: recovers what is there, refuses what is damaged, and begins a new incarnation. */
import { join } from "node:path";
import { type Opened, type StorageDriver, StorageError, type StorageOptions } from "../contract.js";
import { emptyCounts } from "../counts.js";
import { Images } from "../images.js";
import { RecordLog } from "./log.js";
import { type RecoveredLog, recoverLog } from "./recover.js";
import { DEFAULTS, type Settings, type WalOptions } from "./settings.js";
import { failure, Wal } from "./wal.js";

const IMAGES = "images";

export function walDriver(options: WalOptions = {}): StorageDriver {
  const settings = { ...DEFAULTS, ...options };
  if (settings.segmentBytes < 4096 || settings.segmentBytes % 512 !== 0 || settings.segmentBytes > 2 ** 31) {
    throw new RangeError(`a segment of ${settings.segmentBytes} bytes: a multiple of 512 from 4096 to 2 GiB expected`);
  }
  return { name: "wal", open: (dir, storageOptions) => openWal(dir, settings, storageOptions) };
}

async function openWal<H>(dir: string, settings: Settings, options: StorageOptions<H>): Promise<Opened<H>> {
  const { files } = settings;
  files.makeFolder(dir);
  const unlock = files.lock(dir);
  let wal: Wal<H> | null = null;
  let recovered: RecoveredLog | null = null;
  try {
    recovered = recoverLog(files, dir);
    const { tail, spares, image, cut, lastWrite } = recovered;
    const images = new Images(files, join(dir, IMAGES));
    if (tail === null && images.size > 0) throw noLog(dir);
    if (image.snapshot !== null) images.check(image.snapshot);
    const stored = image.stored(options.hardCodec);
    const counts = emptyCounts();
    const log = new RecordLog(files, dir, settings, tail, spares, counts);
    const base = { hard: image.hard, snapshot: image.snapshot };
    wal = new Wal(log, images, settings, options, counts, base, unlock);
    await wal.begin();
    if (tail === null || tail.number === 1) return { result: "absent", storage: wal, incarnation: 1 };
    return {
      result: "valid",
      storage: wal,
      incarnation: tail.incarnation,
      recovered: stored,
      cut,
      writesKept: lastWrite,
    };
  } catch (error) {
    recovered?.tail?.file.close();
    unlock();
    if (wal === null && error instanceof StorageError) return { result: "corrupt", error };
    throw error instanceof StorageError ? error : failure("write-failed", dir, error);
  }
}

function noLog(dir: string): StorageError {
  return new StorageError({
    code: "missing-file",
    file: dir,
    offsetBytes: null,
    found: "there are snapshot images and no segment",
    advice: "Put the segments back, or move the folder away and add the member again under a new identity",
  });
}
