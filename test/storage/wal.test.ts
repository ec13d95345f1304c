/** What only the write-ahead log promises: one sync at a time, failures that are final, segments that are used again. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import {
  type Files,
  nodeFiles,
  type StorageError,
  type SyncPolicy,
  walDriver,
  type WalOptions,
} from "../../harness/storage/index.js";
import { Session } from "../suites/storageSuite.js";
import { EMPTY_DISK, SimulatedFiles } from "./simulatedFiles.js";

const NOTHING = { hard: null, truncateFrom: null, snapshot: null, entries: [] } as const;

function command(index: number, bytes = 100) {
  return { index, round: 1, kind: "command", command: new Uint8Array(bytes).fill(index) } as const;
}

async function simulated(files: Files, sync: SyncPolicy, more: WalOptions = {}): Promise<Session> {
  return Session.open(walDriver({ segmentBytes: 8192, markAfterMs: null, files, ...more }), "store", { sync });
}

async function turns(count = 5): Promise<void> {
  for (let i = 0; i < count; i += 1) await new Promise(setImmediate);
}

describe("syncs", () => {
  test("what arrives while a sync runs is held, and goes out as one batch when it ends", async () => {
    const files = new SimulatedFiles();
    const session = await simulated(files, { mode: "async" });
    files.holdSyncs = true;
    session.append({ ...NOTHING, entries: [command(1)] });
    session.storage.flush();
    for (let i = 2; i <= 9; i += 1) {
      session.append({ ...NOTHING, entries: [command(i)] });
      session.storage.flush();
    }
    expect(session.storage.busy).toBe(true);
    expect(session.storage.counts.batches).toBe(1);
    expect(files.held.length).toBe(1);
    files.held.shift()?.();
    expect(session.durable).toEqual([1]);
    expect(session.storage.counts.batches).toBe(2);
    expect(files.held.length).toBe(1);
    files.held.shift()?.();
    expect(session.durable).toEqual([1, 9]);
    expect(session.storage.counts).toMatchObject({ syncsBeside: 2, syncsOnLoop: 0, writes: 9 });
  });

  test("adaptive: small batches on the loop, large ones and many waiting requests beside it", async () => {
    let waiting = 1;
    const policy = {
      mode: "adaptive",
      loopBytesMax: 1000,
      loopMicrosMax: 1e9,
      waiting: () => waiting,
      loopWaitingMax: 2,
    } as const;
    const session = await simulated(new SimulatedFiles(), policy);
    session.append({ ...NOTHING, entries: [command(1)] });
    session.storage.flush();
    // On the loop: durable before flush returns.
    expect(session.durable).toEqual([1]);
    session.append({ ...NOTHING, entries: [command(2, 2000)] });
    session.storage.flush();
    expect(session.durable).toEqual([1]);
    await session.untilDurable();
    waiting = 3;
    session.append({ ...NOTHING, entries: [command(3)] });
    await session.untilDurable();
    expect(session.storage.counts).toMatchObject({ syncsOnLoop: 1, syncsBeside: 2 });
    await session.storage.close();
  });

  test("adaptive: a disk that becomes slow is synced beside the loop", async () => {
    const slow = new SimulatedFiles();
    const open = slow.open.bind(slow);
    let spin = 0;
    slow.open = (path) => {
      const file = open(path);
      return {
        ...file,
        sync: () => {
          const until = process.hrtime.bigint() + BigInt(spin * 1_000_000);
          while (process.hrtime.bigint() < until);
          file.sync();
        },
      };
    };
    const session = await simulated(slow, { mode: "adaptive", loopMicrosMax: 500 });
    spin = 5;
    // The middle one of the latest nine decides.
    for (let i = 1; i <= 8; i += 1) {
      session.append({ ...NOTHING, entries: [command(i)] });
      await session.untilDurable();
    }
    expect(session.storage.counts.syncsOnLoop).toBeGreaterThan(0);
    expect(session.storage.counts.syncsBeside).toBeGreaterThan(0);
    spin = 0;
    await session.storage.close();
  });

  test("a process that is killed leaves records in the kernel: once read they must be made durable", async () => {
    const files = new SimulatedFiles();
    const first = await simulated(files, { mode: "async" });
    files.holdSyncs = true;
    first.append({ ...NOTHING, entries: [command(1)] });
    first.storage.flush();
    files.holdSyncs = false;
    // The process is gone; another one reads what the kernel still has.
    const second = await simulated(files, { mode: "loop" });
    expect(second.recovered.entries.length).toBe(1);
    const { sectors, names } = files.unsynced(files.ops.length);
    const powerless = new SimulatedFiles(files.after(files.ops.length, new Set([...sectors, ...names])));
    const third = await simulated(powerless, { mode: "loop" });
    expect(third.recovered.entries.length).toBe(1);
  });

  test("after a pause a mark is written, and from then on damage to the last batch is found", async () => {
    const damaged = async (markAfterMs: number | null): Promise<string> => {
      const files = new SimulatedFiles();
      const session = await simulated(files, { mode: "loop" }, { markAfterMs });
      session.append({ ...NOTHING, entries: [command(1)] });
      session.storage.flush();
      await new Promise((resolve) => setTimeout(resolve, 60));
      await turns();
      const image = files.image();
      const bytes = image.files.get(image.names.get("store/segment-0000000001.wal") as number) as Uint8Array;
      bytes[Buffer.from(bytes).indexOf(new Uint8Array(100).fill(1))] = 7;
      const opened = await walDriver({ segmentBytes: 8192, files: new SimulatedFiles(image) }).open("store", {
        hardCodec: (await import("./model.js")).hardCodec,
        onDurable: () => undefined,
        onFailure: () => undefined,
      });
      return opened.result;
    };
    expect(await damaged(5)).toBe("corrupt");
    // The control: without the mark it cannot be told from a torn batch.
    expect(await damaged(null)).toBe("valid");
  });
});

describe("failures", () => {
  test.each(["loop", "async"] as const)("a failed sync is final (%s)", async (mode) => {
    const files = new SimulatedFiles();
    const session = await simulated(files, { mode });
    session.append({ ...NOTHING, entries: [command(1)] });
    await session.untilDurable();
    files.failSyncsAfter = 0;
    session.append({ ...NOTHING, entries: [command(2)] });
    session.storage.flush();
    await turns();
    files.failSyncsAfter = Number.POSITIVE_INFINITY;
    session.storage.flush();
    await turns();
    expect(session.durable).toEqual([1]);
    expect((session.failures as StorageError[]).map((error) => error.detail.code)).toEqual(["sync-failed"]);
    expect(() => session.append(NOTHING)).toThrow("sync-failed");
    await expect(session.storage.close()).rejects.toMatchObject({ detail: { code: "sync-failed" } });
  });

  test("a full disk is final, and what was durable before is there at the next start", async () => {
    const files = new SimulatedFiles();
    const session = await simulated(files, { mode: "loop" });
    session.append({ ...NOTHING, entries: [command(1)] });
    await session.untilDurable();
    // A page is written whole: what it holds already comes before the second batch.
    files.failWritesAfter = heldSectors(files) + 1;
    session.append({ ...NOTHING, entries: [command(2, 3000)] });
    session.storage.flush();
    expect((session.failures as StorageError[]).map((error) => error.detail.code)).toEqual(["write-failed"]);
    const again = await simulated(new SimulatedFiles(files.image()), { mode: "loop" });
    expect(again.recovered.entries.map((entry) => entry.index)).toEqual([1]);
    expect(again.opened).toMatchObject({ cut: { file: "store/segment-0000000001.wal" } });
  });

  test("a full disk while a new segment is made is final too", async () => {
    const files = new SimulatedFiles();
    const session = await simulated(files, { mode: "loop" });
    files.failWritesAfter = 3;
    session.append({ ...NOTHING, entries: [command(1, 20_000)] });
    session.storage.flush();
    await turns();
    expect((session.failures as StorageError[]).map((error) => error.detail.code)).toEqual(["write-failed"]);
    expect(session.durable).toEqual([]);
  });
});

/** Sectors of the page that the log ends in which are written with whatever comes next. */
function heldSectors(files: SimulatedFiles): number {
  const sectors = files.ops.flatMap((op) =>
    op.type === "sector" && op.bytes.some((byte) => byte !== 0) ? [op.sector] : [],
  );
  return ((sectors[sectors.length - 1] as number) + 1) % 8;
}

describe("segments", () => {
  test("are written in whole pages: a part of one would have to be read first, where it is not cached", async () => {
    const files = new SimulatedFiles(EMPTY_DISK);
    const writes: { readonly at: number; readonly bytes: number }[] = [];
    const open = files.open.bind(files);
    files.open = (path) => {
      const file = open(path);
      return {
        ...file,
        write: (parts, at) => {
          const bytes = parts.reduce((sum, part) => sum + part.length, 0);
          // The header of a segment, which is written once, is a sector.
          if (bytes > 512) writes.push({ at, bytes });
          file.write(parts, at);
        },
      };
    };
    const session = await simulated(files, { mode: "loop" }, { segmentBytes: 65_536 });
    for (let i = 1; i <= 60; i += 1) {
      session.append({ ...NOTHING, entries: [command(i, (i * 397) % 9000)] });
      session.storage.flush();
      await session.untilDurable();
    }
    expect(writes.length).toBeGreaterThan(60);
    expect(writes.filter(({ at, bytes }) => at % 4096 !== 0 || bytes % 4096 !== 0)).toEqual([]);
    await session.storage.close();
    const again = await simulated(new SimulatedFiles(files.image()), { mode: "loop" }, { segmentBytes: 65_536 });
    expect(again.recovered.entries.map(({ index }) => index)).toEqual(Array.from({ length: 60 }, (_, i) => i + 1));
    // What an earlier process wrote into the last page stays there.
    again.append({ ...NOTHING, entries: [command(61)] });
    await again.untilDurable();
  });

  test("commands are handed to the file as they are, without a copy", async () => {
    const files = new SimulatedFiles(EMPTY_DISK);
    const parts = new Set<Uint8Array>();
    const open = files.open.bind(files);
    files.open = (path) => {
      const file = open(path);
      return {
        ...file,
        write: (given, at) => {
          for (const part of given) parts.add(part);
          file.write(given, at);
        },
      };
    };
    const session = await simulated(files, { mode: "loop" });
    const entry = command(1, 500);
    session.append({ ...NOTHING, entries: [entry] });
    session.storage.flush();
    expect(parts.has(entry.command)).toBe(true);
    await session.storage.close();
  });

  test("with snapshots, a long run uses the same few files again", async () => {
    const dir = mkdtempSync(join(tmpdir(), "synod-wal-"));
    try {
      const session = await Session.open(walDriver({ segmentBytes: 65_536 }), dir);
      const inodes = new Set<number>();
      for (let i = 1; i <= 1500; i += 1) {
        session.append({ ...NOTHING, entries: [command(i, 1000)] });
        if (i % 50 === 0) {
          await session.untilDurable();
          await session.storage.writeImage({ id: `at-${i}`, index: i }, [new Uint8Array(10)]);
          session.append({ ...NOTHING, snapshot: { id: `at-${i}`, index: i, round: 1, bytes: 10 } });
          for (const name of readdirSync(dir)) if (name.endsWith(".wal")) inodes.add(statSync(join(dir, name)).ino);
        }
      }
      await session.untilDurable();
      const names = readdirSync(dir).filter((name) => name.startsWith("segment-"));
      // 1.5 MB in segments of 64 KiB: at least 23 generations.
      expect(Math.max(...names.map((name) => Number(name.slice(8, 18))))).toBeGreaterThan(22);
      expect(names.length).toBeLessThan(6);
      expect(inodes.size).toBeLessThan(10);
      await session.storage.close();
    } finally {
      rmSync(dir, { recursive: true, force: true });
    }
  });

  test("a lock that a dead process left is no obstacle, one of a living process is", async () => {
    const dir = mkdtempSync(join(tmpdir(), "synod-wal-"));
    try {
      writeFileSync(join(dir, "LOCK"), "4194305 1\n");
      const release = nodeFiles.lock(dir);
      release();
      // The parent of this process lives; its beginning is taken from the system, as the lock itself does.
      const stat = readFileSync(`/proc/${process.ppid}/stat`, "utf8");
      writeFileSync(join(dir, "LOCK"), `${process.ppid} ${stat.slice(stat.lastIndexOf(")") + 2).split(" ")[19]}\n`);
      expect(() => nodeFiles.lock(dir)).toThrow("locked");
      // The same number, another beginning: a process of that number that is long gone.
      writeFileSync(join(dir, "LOCK"), `${process.ppid} 1\n`);
      nodeFiles.lock(dir)();
    } finally {
      rmSync(dir, { recursive: true, force: true });
    }
  });

  test("a lock of a process that has ended, and whose parent has not asked yet, is no obstacle", async () => {
    const dir = mkdtempSync(join(tmpdir(), "synod-wal-"));
    // The shell becomes a program that waits for no child; its child has ended by then.
    const parent = spawn("sh", ["-c", "sleep 0.2 & echo $!; exec sleep 20"], { stdio: ["ignore", "pipe", "ignore"] });
    try {
      const [printed] = (await once(parent.stdout, "data")) as [Buffer];
      const pid = Number(printed.toString());
      const statOf = (): string[] => {
        const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
        return stat.slice(stat.lastIndexOf(")") + 2).split(" ");
      };
      writeFileSync(join(dir, "LOCK"), `${pid} ${statOf()[19]}\n`);
      await expect.poll(() => statOf()[0], { timeout: 10_000 }).toBe("Z");
      nodeFiles.lock(dir)();
    } finally {
      parent.kill("SIGKILL");
      rmSync(dir, { recursive: true, force: true });
    }
  });
});
