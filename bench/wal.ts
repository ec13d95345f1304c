/**
 * Append and sync of the write-ahead log, beside the floor of the same minute: a bare write and fdatasync of as many bytes
 * into a file that was filled with zeros. One write at a time, each durable before the next, as with one client.
 */
import { closeSync, fdatasync, fdatasyncSync, mkdtempSync, openSync, rmSync, writeSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  levelDriver,
  type StorageDriver,
  type StorageOptions,
  type SyncPolicy,
  walDriver,
} from "../harness/storage/index.js";
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
  /** Over all rounds, in microseconds. */
  readonly p50Us: number;
  readonly p99Us: number;
  /** Median over the rounds of this subject's p50 divided by the floor's in the same round, and its range. */
  readonly toFloor: number;
  readonly toFloorRange: readonly [number, number];
}

const FLOOR = "bare write + fdatasyncSync";
const FILE_BYTES = 16 * 2 ** 20;
const WARM_UP = 50;

type Measure = (bytes: number, writes: number, dir: string) => Promise<number[]>;

function since(begin: bigint): number {
  return Number(process.hrtime.bigint() - begin) / 1000;
}

/** `beside`: the sync runs on a thread of the pool, as `async` does. */
function bare(beside: boolean): Measure {
  return async (bytes, writes, dir) => {
    const descriptor = openSync(join(dir, "bare"), "w");
    const zeros = Buffer.alloc(2 ** 20);
    for (let at = 0; at < FILE_BYTES; at += zeros.length) writeSync(descriptor, zeros, 0, zeros.length, at);
    fdatasyncSync(descriptor);
    const data = Buffer.alloc(bytes, 7);
    const micros: number[] = [];
    let at = 0;
    for (let i = 0; i < writes; i += 1) {
      if (at + bytes > FILE_BYTES) at = 0;
      const begin = process.hrtime.bigint();
      writeSync(descriptor, data, 0, bytes, at);
      if (beside)
        await new Promise<void>((resolve, reject) =>
          fdatasync(descriptor, (e) => (e === null ? resolve() : reject(e))),
        );
      else fdatasyncSync(descriptor);
      micros.push(since(begin));
      at += bytes;
    }
    closeSync(descriptor);
    return micros;
  };
}

function stored(driver: StorageDriver, more: Partial<StorageOptions<RaftHard>>): Measure {
  return async (bytes, writes, dir) => {
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
    const micros: number[] = [];
    for (let seq = 1; seq <= writes; seq += 1) {
      const begin = process.hrtime.bigint();
      const entries = [{ index: seq, round: 1, kind: "command", command } as const];
      storage.append({ seq, hard: null, truncateFrom: null, snapshot: null, entries });
      storage.flush();
      if (durable < seq) {
        await new Promise<void>((resolve) => {
          wake = resolve;
        });
      }
      micros.push(since(begin));
    }
    await storage.close();
    return micros;
  };
}

const LOOP: SyncPolicy = { mode: "loop" };
const ASYNC: SyncPolicy = { mode: "async" };
const SUBJECTS: readonly (readonly [string, Measure])[] = [
  [FLOOR, bare(false)],
  ["wal, sync on the loop", stored(walDriver(), { sync: LOOP })],
  ["wal, adaptive", stored(walDriver(), {})],
  ["bare write + fdatasync beside", bare(true)],
  ["wal, sync beside the loop", stored(walDriver(), { sync: ASYNC })],
  ["classic-level, sync", stored(levelDriver(), {})],
  ["wal, unsafeNoSync", stored(walDriver(), { unsafeNoSync: true })],
];

function quantile(sorted: readonly number[], share: number): number {
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] as number;
}

function ascending(values: readonly number[]): number[] {
  return values.slice().sort((a, b) => a - b);
}

/** Interleaved rounds, odd ones in reverse order; ratios are paired within a round. */
export async function measureWal(options: WalBenchOptions): Promise<WalBenchRow[]> {
  const rows: WalBenchRow[] = [];
  for (const bytes of options.sizes) {
    const rounds = SUBJECTS.map((): number[][] => []);
    for (let round = 0; round < options.rounds; round += 1) {
      const order = SUBJECTS.map((_, i) => (round % 2 === 0 ? i : SUBJECTS.length - 1 - i));
      for (const i of order) {
        const [, measure] = SUBJECTS[i] as (typeof SUBJECTS)[number];
        const dir = mkdtempSync(join(options.dir, "synod-bench-"));
        try {
          const micros = await measure(bytes, options.writes + WARM_UP, dir);
          rounds[i]?.push(ascending(micros.slice(WARM_UP)));
        } finally {
          rmSync(dir, { recursive: true, force: true });
        }
      }
    }
    const floors = (rounds[0] as number[][]).map((micros) => quantile(micros, 0.5));
    for (const [i, [subject]] of SUBJECTS.entries()) rows.push(rowOf(subject, bytes, rounds[i] as number[][], floors));
  }
  return rows;
}

function rowOf(subject: string, bytes: number, rounds: readonly number[][], floors: readonly number[]): WalBenchRow {
  const all = ascending(rounds.flat());
  const ratios = ascending(rounds.map((micros, round) => quantile(micros, 0.5) / (floors[round] as number)));
  return {
    subject,
    bytes,
    p50Us: quantile(all, 0.5),
    p99Us: quantile(all, 0.99),
    toFloor: quantile(ratios, 0.5),
    toFloorRange: [ratios[0] as number, ratios[ratios.length - 1] as number],
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
