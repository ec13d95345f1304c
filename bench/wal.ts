/**
 * Append and sync of the write-ahead log, beside the floor of the same minute: a bare write and fdatasync of as many bytes
 * into a file that was filled with zeros. One write at a time, each durable before the next, as with one client.
 */
import { closeSync, fdatasync, fdatasyncSync, mkdtempSync, openSync, rmSync, writeSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { median } from "../harness/record/index.js";
import {
  levelDriver,
  type StorageDriver,
  type StorageOptions,
  type SyncPolicy,
  walDriver,
} from "../harness/storage/index.js";
import { Bench } from "tinybench";
import { raft } from "../protocols/raft/index.js";
import type { RaftHard } from "../protocols/raft/messages.js";

export interface WalBenchOptions {
  /** Bytes of each command. */
  readonly sizes: readonly number[];
  /** Writes of each subject in each round. */
  readonly writes: number;
  readonly rounds: number;
  /** Where the files go; on the disk that is to be measured. */
  readonly dir: string;
}

export interface WalBenchRow {
  readonly subject: string;
  readonly bytes: number;
  /** Medians over the rounds, in microseconds. */
  readonly p50Us: number;
  readonly p99Us: number;
  /** Median over the rounds of this subject's p50 divided by the floor's in the same round, and its range. */
  readonly toFloor: number;
  readonly toFloorRange: readonly [number, number];
}

const FLOOR = "bare write + fdatasyncSync";
const FILE_BYTES = 16 * 2 ** 20;
const WARM_UP = 50;

/** One write that is durable when the promise resolves. */
interface Writer {
  write(): Promise<void> | void;
  close(): Promise<void> | void;
}

type Open = (bytes: number, dir: string) => Promise<Writer>;

/** `beside`: the sync runs on a thread of the pool, as `async` does. */
function bare(beside: boolean): Open {
  return async (bytes, dir) => {
    const descriptor = openSync(join(dir, "bare"), "w");
    const zeros = Buffer.alloc(2 ** 20);
    for (let at = 0; at < FILE_BYTES; at += zeros.length) writeSync(descriptor, zeros, 0, zeros.length, at);
    fdatasyncSync(descriptor);
    const data = Buffer.alloc(bytes, 7);
    let at = 0;
    const place = (): number => {
      if (at + bytes > FILE_BYTES) at = 0;
      at += bytes;
      return at - bytes;
    };
    return {
      write: beside
        ? () => {
            writeSync(descriptor, data, 0, bytes, place());
            return new Promise<void>((resolve, reject) =>
              fdatasync(descriptor, (e) => (e === null ? resolve() : reject(e))),
            );
          }
        : () => {
            writeSync(descriptor, data, 0, bytes, place());
            fdatasyncSync(descriptor);
          },
      close: () => closeSync(descriptor),
    };
  };
}

function stored(driver: StorageDriver, more: Partial<StorageOptions<RaftHard>>): Open {
  return async (bytes, dir) => {
    let wake: (() => void) | null = null;
    let durable = 0;
    const opened = await driver.open<RaftHard>(join(dir, "store"), {
      hardCodec: raft.hardCodec,
      onDurable: (upTo) => {
        durable = upTo;
        wake?.();
      },
      onFailure: (error) => {
        throw error;
      },
      ...more,
    });
    if (opened.result === "corrupt") throw opened.error;
    const { storage } = opened;
    const command = new Uint8Array(bytes).fill(7);
    let seq = 0;
    return {
      async write() {
        seq += 1;
        const entries = [{ index: seq, round: 1, kind: "command", command } as const];
        storage.append({ seq, hard: null, truncateFrom: null, snapshot: null, entries });
        storage.flush();
        if (durable >= seq) return;
        await new Promise<void>((resolve) => {
          wake = resolve;
        });
      },
      close: () => storage.close(),
    };
  };
}

const LOOP: SyncPolicy = { mode: "loop" };
const ASYNC: SyncPolicy = { mode: "async" };
const SUBJECTS: readonly (readonly [string, Open])[] = [
  [FLOOR, bare(false)],
  ["wal, sync on the loop", stored(walDriver(), { sync: LOOP })],
  ["wal, adaptive", stored(walDriver(), {})],
  ["bare write + fdatasync beside", bare(true)],
  ["wal, sync beside the loop", stored(walDriver(), { sync: ASYNC })],
  ["classic-level, sync", stored(levelDriver(), {})],
  ["wal, unsafeNoSync", stored(walDriver(), { unsafeNoSync: true })],
];

interface Sample {
  readonly p50Us: number;
  readonly p99Us: number;
}

async function sample(subject: string, open: Open, bytes: number, options: WalBenchOptions): Promise<Sample> {
  const dir = mkdtempSync(join(options.dir, "synod-bench-"));
  try {
    const writer = await open(bytes, dir);
    const bench = new Bench({ iterations: options.writes, time: 0, warmupIterations: WARM_UP, warmupTime: 0 });
    bench.add(subject, () => writer.write());
    await bench.run();
    await writer.close();
    const result = bench.tasks[0]?.result;
    if (result === undefined || !("latency" in result)) throw new Error(`${subject}: no result`);
    return { p50Us: result.latency.p50 * 1000, p99Us: result.latency.p99 * 1000 };
  } finally {
    rmSync(dir, { recursive: true, force: true });
  }
}

/** Interleaved rounds, odd ones in reverse order; ratios are paired within a round. */
export async function measureWal(options: WalBenchOptions): Promise<WalBenchRow[]> {
  const rows: WalBenchRow[] = [];
  for (const bytes of options.sizes) {
    const rounds = SUBJECTS.map((): Sample[] => []);
    for (let round = 0; round < options.rounds; round += 1) {
      const order = SUBJECTS.map((_, i) => (round % 2 === 0 ? i : SUBJECTS.length - 1 - i));
      for (const i of order) {
        const [subject, open] = SUBJECTS[i] as (typeof SUBJECTS)[number];
        rounds[i]?.push(await sample(subject, open, bytes, options));
      }
    }
    const floors = rounds[0] as Sample[];
    for (const [i, [subject]] of SUBJECTS.entries()) rows.push(rowOf(subject, bytes, rounds[i] as Sample[], floors));
  }
  return rows;
}

function rowOf(subject: string, bytes: number, rounds: readonly Sample[], floors: readonly Sample[]): WalBenchRow {
  const ratios = rounds.map(({ p50Us }, round) => p50Us / (floors[round] as Sample).p50Us);
  return {
    subject,
    bytes,
    p50Us: median(rounds.map(({ p50Us }) => p50Us)) as number,
    p99Us: median(rounds.map(({ p99Us }) => p99Us)) as number,
    toFloor: median(ratios) as number,
    toFloorRange: [Math.min(...ratios), Math.max(...ratios)],
  };
}

/** Prints a table. Files go to the folder named by SYNOD_BENCH_DIR, or to the system's folder for temporary files. */
export async function benchWal(): Promise<void> {
  const dir = process.env["SYNOD_BENCH_DIR"] ?? tmpdir();
  const rows = await measureWal({ sizes: [256, 4096, 65_536, 1_048_576], writes: 300, rounds: 5, dir });
  process.stdout.write("| subject | bytes | p50 us | p99 us | p50 to the floor (range) |\n|---|---|---|---|---|\n");
  for (const row of rows) {
    const range = row.toFloorRange.map((ratio) => ratio.toFixed(2)).join(" to ");
    const numbers = `${row.p50Us.toFixed(0)} | ${row.p99Us.toFixed(0)} | ${row.toFloor.toFixed(2)} (${range})`;
    process.stdout.write(`| ${row.subject} | ${row.bytes} | ${numbers} |\n`);
  }
}
