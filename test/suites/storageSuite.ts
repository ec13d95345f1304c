/** What every storage must do, whatever it keeps its bytes in. Each test gets a fresh folder; `create` is given it. */
import { fc } from "@fast-check/vitest";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import type { Opened, Storage, StorageDriver, StorageOptions, Stored, Write } from "../../harness/storage/index.js";
import { hardCodec, Model, type TestHard, writesArbitrary } from "../storage/model.js";

export interface StorageSubject {
  readonly name: string;
  /** A driver and a folder that nothing was ever stored in. */
  create(): { readonly driver: StorageDriver; readonly dir: string };
  destroy(dir: string): void;
}

type Open = Exclude<Opened<TestHard>, { readonly result: "corrupt" }>;

/** One opening, with what it was told. */
export class Session {
  readonly durable: number[] = [];
  readonly failures: unknown[] = [];
  readonly opened: Open;
  private seq = 0;
  private waiting: (() => void)[] = [];

  private constructor(opened: Open, durable: number[], failures: unknown[]) {
    this.opened = opened;
    this.durable = durable;
    this.failures = failures;
  }

  static async open(
    driver: StorageDriver,
    dir: string,
    more: Partial<StorageOptions<TestHard>> = {},
  ): Promise<Session> {
    const durable: number[] = [];
    const failures: unknown[] = [];
    let session: Session | null = null;
    const opened = await driver.open<TestHard>(dir, {
      hardCodec,
      onDurable: (upTo) => {
        durable.push(upTo);
        for (const wake of session?.waiting.splice(0) ?? []) wake();
      },
      onFailure: (error) => failures.push(error),
      ...more,
    });
    if (opened.result === "corrupt") throw opened.error;
    session = new Session(opened, durable, failures);
    return session;
  }

  get storage(): Storage<TestHard> {
    return this.opened.storage;
  }

  get recovered(): Stored<TestHard> {
    if (this.opened.result === "absent") throw new Error("the store was absent");
    return this.opened.recovered;
  }

  get durableUpTo(): number {
    return this.durable[this.durable.length - 1] ?? 0;
  }

  append(write: Omit<Write<TestHard>, "seq">): number {
    this.seq += 1;
    this.storage.append({ ...write, seq: this.seq });
    return this.seq;
  }

  async untilDurable(seq: number = this.seq): Promise<void> {
    this.storage.flush();
    while (this.durableUpTo < seq) await new Promise<void>((resolve) => this.waiting.push(resolve));
  }
}

const NOTHING = { hard: null, truncateFrom: null, snapshot: null, entries: [] } as const;

function command(index: number, round: number, bytes: readonly number[]) {
  return { index, round, kind: "command", command: new Uint8Array(bytes) } as const;
}

function noop(index: number, round: number) {
  return { index, round, kind: "noop" } as const;
}

function plain(stored: Stored<TestHard>): Stored<TestHard> {
  const entries = stored.entries.map((entry) =>
    entry.kind === "command" ? { ...entry, command: new Uint8Array(entry.command) } : entry,
  );
  return { hard: stored.hard, snapshot: stored.snapshot, entries };
}

export function storageSuite(subject: StorageSubject): void {
  describe(`${subject.name} keeps the storage contract`, () => {
    let driver: StorageDriver;
    let dir: string;

    beforeEach(() => {
      ({ driver, dir } = subject.create());
    });

    afterEach(() => subject.destroy(dir));

    async function reopened(session: Session): Promise<Session> {
      await session.storage.close();
      return Session.open(driver, dir);
    }

    test("a folder without a store is absent, and openings are counted from 1", async () => {
      const first = await Session.open(driver, dir);
      expect(first.opened.result).toBe("absent");
      expect(first.opened.incarnation).toBe(1);
      const second = await reopened(first);
      expect(second.opened.incarnation).toBe(2);
      const third = await reopened(second);
      expect(third.opened.incarnation).toBe(3);
      expect(plain(third.recovered)).toEqual({ hard: null, snapshot: null, entries: [] });
      await third.storage.close();
    });

    test("hard state and entries come back as they were", async () => {
      const first = await Session.open(driver, dir);
      const entries = [command(1, 1, []), noop(2, 1), command(3, 2, [0, 1, 255])];
      first.append({ ...NOTHING, hard: { term: 2, vote: 3 }, entries });
      await first.untilDurable();
      const second = await reopened(first);
      expect(plain(second.recovered)).toEqual({ hard: { term: 2, vote: 3 }, snapshot: null, entries });
      await second.storage.close();
    });

    test("a write takes effect in the order hard state, truncation, snapshot, entries", async () => {
      const first = await Session.open(driver, dir);
      first.append({ ...NOTHING, entries: [1, 2, 3, 4, 5].map((index) => command(index, 1, [index])) });
      await first.storage.writeImage({ id: "1-a", index: 2 }, [new Uint8Array([1, 2]), new Uint8Array([3])]);
      first.append({
        hard: { term: 9, vote: 1 },
        truncateFrom: 4,
        snapshot: { id: "1-a", index: 2, round: 1, bytes: 3 },
        entries: [command(4, 9, [44]), command(6, 9, [66])],
      });
      await first.untilDurable();
      const second = await reopened(first);
      expect(plain(second.recovered)).toEqual({
        hard: { term: 9, vote: 1 },
        snapshot: { id: "1-a", index: 2, round: 1, bytes: 3 },
        entries: [command(3, 1, [3]), command(4, 9, [44]), command(6, 9, [66])],
      });
      expect([...(await second.storage.readImage("1-a"))]).toEqual([1, 2, 3]);
      await second.storage.close();
    });

    test("holes stay holes, and an index put again is replaced", async () => {
      const first = await Session.open(driver, dir);
      first.append({ ...NOTHING, entries: [command(7, 1, [7]), command(3, 1, [3])] });
      first.append({ ...NOTHING, entries: [command(3, 5, [33])] });
      await first.untilDurable();
      const second = await reopened(first);
      expect(plain(second.recovered).entries).toEqual([command(3, 5, [33]), command(7, 1, [7])]);
      await second.storage.close();
    });

    test("a snapshot above everything leaves no entry, and the log goes on behind it", async () => {
      const first = await Session.open(driver, dir);
      first.append({ ...NOTHING, entries: [command(1, 1, [1])] });
      await first.storage.writeImage({ id: "far", index: 1000 }, []);
      first.append({ ...NOTHING, snapshot: { id: "far", index: 1000, round: 4, bytes: 0 } });
      first.append({ ...NOTHING, entries: [command(1001, 5, [2])] });
      await first.untilDurable();
      const second = await reopened(first);
      expect(plain(second.recovered)).toEqual({
        hard: null,
        snapshot: { id: "far", index: 1000, round: 4, bytes: 0 },
        entries: [command(1001, 5, [2])],
      });
      await second.storage.close();
    });

    test("older images go once a newer snapshot is in force, newer ones stay", async () => {
      const first = await Session.open(driver, dir);
      for (const index of [1, 2, 3])
        await first.storage.writeImage({ id: `i${index}`, index }, [new Uint8Array([index])]);
      first.append({ ...NOTHING, snapshot: { id: "i2", index: 2, round: 1, bytes: 1 } });
      await first.untilDurable();
      first.append({ ...NOTHING, hard: { term: 1, vote: 0 } });
      await first.untilDurable();
      await expect(first.storage.readImage("i1")).rejects.toMatchObject({ detail: { code: "missing-snapshot" } });
      expect([...(await first.storage.readImage("i2"))]).toEqual([2]);
      expect([...(await first.storage.readImage("i3"))]).toEqual([3]);
      await first.storage.close();
    });

    test("a snapshot without its image is refused before it is written", async () => {
      const first = await Session.open(driver, dir);
      const write = { ...NOTHING, snapshot: { id: "none", index: 2, round: 1, bytes: 1 } };
      expect(() => first.append(write)).toThrow("names an image that is not here");
      await first.storage.close();
    });

    test("onDurable rises, reaches everything that was flushed, and is never called from within append", async () => {
      const first = await Session.open(driver, dir);
      for (let i = 1; i <= 50; i += 1) {
        const before = first.durable.length;
        first.append({ ...NOTHING, entries: [command(i, 1, [i])] });
        expect(first.durable.length).toBe(before);
        if (i % 7 === 0) first.storage.flush();
        if (i % 20 === 0) await first.untilDurable();
      }
      await first.untilDurable();
      expect(first.durable).toEqual([...new Set(first.durable)].sort((a, b) => a - b));
      expect(first.durableUpTo).toBe(50);
      expect(first.storage.counts.writes).toBe(50);
      expect(first.storage.counts.batches).toBeLessThan(50);
      await first.storage.close();
    });

    test("what is appended from within onDurable is stored too", async () => {
      const appended: number[] = [];
      let storage: Storage<TestHard> | null = null;
      let done: (() => void) | null = null;
      const finished = new Promise<void>((resolve) => {
        done = resolve;
      });
      const session = await Session.open(driver, dir, {
        onDurable: (upTo) => {
          if (upTo === 10) return done?.();
          appended.push(upTo + 1);
          storage?.append({ ...NOTHING, seq: upTo + 1, entries: [noop(upTo + 1, 1)] });
          setImmediate(() => storage?.flush());
        },
      });
      storage = session.storage;
      storage.append({ ...NOTHING, seq: 1, entries: [noop(1, 1)] });
      storage.flush();
      await finished;
      expect(appended).toEqual([2, 3, 4, 5, 6, 7, 8, 9, 10]);
      const second = await reopened(session);
      expect(second.recovered.entries.length).toBe(10);
      await second.storage.close();
    });

    test("close makes durable what was appended and not flushed, and ends everything", async () => {
      const first = await Session.open(driver, dir);
      first.append({ ...NOTHING, entries: [command(1, 1, [1])] });
      const second = await reopened(first);
      expect(first.durableUpTo).toBe(1);
      expect(second.recovered.entries.length).toBe(1);
      expect(() => first.storage.append({ ...NOTHING, seq: 2 })).toThrow("closed");
      await expect(first.storage.readImage("x")).rejects.toMatchObject({ detail: { code: "closed" } });
      await second.storage.close();
    });

    test("a second opening of the same folder is refused", async () => {
      const first = await Session.open(driver, dir);
      await expect(Session.open(driver, dir)).rejects.toMatchObject({ detail: { code: "locked" } });
      await first.storage.close();
    });

    test("without syncs everything is still there after a close, and the counts say that none was made", async () => {
      const first = await Session.open(driver, dir, { unsafeNoSync: true });
      for (let i = 1; i <= 20; i += 1) first.append({ ...NOTHING, entries: [command(i, 1, [i])] });
      await first.untilDurable();
      expect(first.storage.counts.syncsOnLoop + first.storage.counts.syncsBeside).toBe(0);
      const second = await reopened(first);
      expect(second.recovered.entries.length).toBe(20);
      await second.storage.close();
    });

    test("any sequence of writes and openings comes to the same state as in memory", async () => {
      let written = 0;
      await fc.assert(
        fc.asyncProperty(writesArbitrary(30), async (writes) => {
          const model = new Model();
          const { driver, dir } = subject.create();
          let session = await Session.open(driver, dir);
          for (const step of writes) {
            if (step.type === "reopen") {
              session = await reopenedAt(session, driver, dir);
              expect(plain(session.recovered)).toEqual(model.stored());
              continue;
            }
            const { write, image } = model.next(step);
            if (image !== null) await session.storage.writeImage(image.name, [image.bytes]);
            session.append(write);
            written += 1;
            if (step.flush === "wait") await session.untilDurable();
            else if (step.flush === "now") session.storage.flush();
          }
          session = await reopenedAt(session, driver, dir);
          expect(plain(session.recovered)).toEqual(model.stored());
          await session.storage.close();
          subject.destroy(dir);
        }),
        { numRuns: 12 },
      );
      expect(written).toBeGreaterThan(50);
    });
  });
}

async function reopenedAt(session: Session, driver: StorageDriver, dir: string): Promise<Session> {
  await session.storage.close();
  return Session.open(driver, dir);
}
