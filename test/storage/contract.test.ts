/** One suite, every storage. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  levelDriver,
  type MemoryDisk,
  memoryDriver,
  type StorageDriver,
  walDriver,
} from "../../harness/storage/index.js";
import { type StorageSubject, storageSuite } from "../suites/storageSuite.js";

function onDisk(name: string, driver: StorageDriver): StorageSubject {
  return {
    name,
    create: () => ({ driver, dir: mkdtempSync(join(tmpdir(), "synod-storage-")) }),
    destroy: (dir) => rmSync(dir, { recursive: true, force: true }),
  };
}

const disks = new Map<string, MemoryDisk>();
let folders = 0;
storageSuite({
  name: "memory",
  create: () => ({ driver: memoryDriver(disks), dir: `folder-${(folders += 1)}` }),
  destroy: (dir) => {
    disks.delete(dir);
  },
});
storageSuite(onDisk("the write-ahead log", walDriver({ segmentBytes: 2 ** 20 })));
// So small that nearly every test crosses segments, recycles them and meets writes larger than one.
storageSuite(onDisk("the write-ahead log in tiny segments", walDriver({ segmentBytes: 4096, batchBytesMax: 2048 })));
storageSuite(onDisk("classic-level", levelDriver()));
