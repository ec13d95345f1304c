/**
 * Power fails at every step of a workload, and of each recovery. What was acknowledged must be there, whole and in order;
 * what was not may be there, as a whole batch of whole writes, or not.
 */
import { fc } from "@fast-check/vitest";
import { describe, expect, test } from "vitest";
import {
  type Opened,
  type StorageOptions,
  type Stored,
  type SyncPolicy,
  walDriver,
} from "../../harness/storage/index.js";
import { hardCodec, Model, type Step, type TestHard, writesArbitrary } from "./model.js";
import { type DiskImage, EMPTY_DISK, losses, SimulatedFiles } from "./simulatedFiles.js";

const DIR = "store";
const SMALL = { segmentBytes: 4096, markAfterMs: null } as const;

/** A text per state: what a store came back with is looked up in what the model passed through. */
function canonical(stored: Stored<TestHard>): string {
  const entries = stored.entries.map((entry) =>
    entry.kind === "command"
      ? [entry.index, entry.round, Buffer.from(entry.command).toString("hex")]
      : [entry.index, entry.round],
  );
  return JSON.stringify([stored.hard, stored.snapshot, entries]);
}

interface Run {
  readonly files: SimulatedFiles;
  /** `states[k]`: after k writes. */
  readonly states: readonly string[];
  /** Step numbers: how many writes had been handed over, and how many were acknowledged, by then. */
  readonly appended: readonly number[];
  readonly acknowledged: readonly number[];
  /** Where `open` had returned. */
  readonly openedAt: number;
}

async function openOn(files: SimulatedFiles, more: Partial<StorageOptions<TestHard>> = {}): Promise<Opened<TestHard>> {
  const driver = walDriver({ ...SMALL, files });
  const failed = (error: Error): void => {
    throw error;
  };
  return driver.open<TestHard>(DIR, { hardCodec, onDurable: () => undefined, onFailure: failed, ...more });
}

/** Runs a workload on `image` and writes down when what was promised. */
async function workload(
  image: DiskImage,
  model: Model,
  steps: readonly Step[],
  sync: SyncPolicy,
  unsafeNoSync = false,
): Promise<Run> {
  const files = new SimulatedFiles(image);
  const states = [canonical(model.stored())];
  const appended: number[] = [];
  const acknowledged: number[] = [];
  const opened = await openOn(files, {
    sync,
    unsafeNoSync,
    onDurable: (upTo) => {
      while (acknowledged.length < upTo) acknowledged.push(files.ops.length);
    },
  });
  if (opened.result === "corrupt") throw opened.error;
  const openedAt = files.ops.length;
  const { storage } = opened;
  for (const step of steps) {
    if (step.type === "reopen") continue;
    const { write, image: picture } = model.next(step);
    states.push(canonical(model.stored()));
    if (picture !== null) await storage.writeImage(picture.name, [picture.bytes]);
    appended.push(files.ops.length);
    storage.append({ ...write, seq: appended.length });
    if (step.flush !== "later") storage.flush();
    while (step.flush === "wait" && acknowledged.length < appended.length) await new Promise(setImmediate);
  }
  await storage.close();
  return { files, states, appended, acknowledged, openedAt };
}

interface Tally {
  crashes: number;
  cut: number;
  corrupt: number;
  unacknowledgedKept: number;
  nested: number;
}

const emptyTally = (): Tally => ({ crashes: 0, cut: 0, corrupt: 0, unacknowledgedKept: 0, nested: 0 });

function before(times: readonly number[], time: number): number {
  let count = 0;
  while (count < times.length && (times[count] as number) <= time) count += 1;
  return count;
}

/** Opens what a crash left and says which of the model's states it is. */
async function recovered(run: Run, image: DiskImage, time: number, tally: Tally): Promise<SimulatedFiles> {
  const files = new SimulatedFiles(image, time + 2);
  const opened = await openOn(files);
  tally.crashes += 1;
  if (opened.result === "corrupt") throw new Error(`crash before step ${time}: ${opened.error.message}`);
  const acknowledged = before(run.acknowledged, time);
  const handedOver = before(run.appended, time);
  const found = opened.result === "absent" ? run.states[0] : canonical(opened.recovered);
  const allowed = run.states.slice(acknowledged, handedOver + 1);
  if (!allowed.includes(found as string)) {
    const known = run.states.indexOf(found as string);
    throw new Error(
      `crash before step ${time}: state ${known} found, ${acknowledged} to ${handedOver} allowed: ${found}`,
    );
  }
  if (opened.result === "valid" && opened.cut !== null) tally.cut += 1;
  if (allowed.indexOf(found as string) > 0 && found !== run.states[acknowledged]) tally.unacknowledgedKept += 1;
  return files;
}

function generator(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
}

interface Effort {
  readonly exhaustiveMax: number;
  readonly samples: number;
  /** Share of recoveries that lose power themselves. */
  readonly nested: number;
}

async function crashEverywhere(run: Run, effort: Effort, tally: Tally): Promise<void> {
  const random = generator(run.files.ops.length);
  for (let time = 0; time <= run.files.ops.length; time += 1) {
    for (const lost of losses(run.files, time, effort.exhaustiveMax, effort.samples, random)) {
      const again = await recovered(run, run.files.after(time, lost), time, tally);
      if (random() >= effort.nested) continue;
      // Power fails once more while the node starts, somewhere, losing something.
      const stop = Math.floor(random() * (again.ops.length + 1));
      const { sectors, names } = again.unsynced(stop);
      const kept = Math.floor(random() * (names.length + 1));
      const gone = new Set([...names.slice(kept), ...sectors.filter(() => random() < 0.5)]);
      await recovered(run, again.after(stop, gone), time, tally);
      tally.nested += 1;
    }
  }
}

function write(sizes: readonly number[], more: Partial<Extract<Step, { readonly type: "write" }>> = {}): Step {
  return { type: "write", hard: false, truncate: null, snapshot: null, sizes, gap: 0, flush: "wait", ...more };
}

describe("a loss of power", () => {
  test.each([
    ["on the loop", { mode: "loop" }],
    ["beside the loop", { mode: "async" }],
  ] as const)("at every step, with every subset of what was not synced (syncs %s)", async (_name, sync) => {
    const steps = [
      write([10, 20], { hard: true }),
      write([600], { flush: "later" }),
      write([900, 0, 30], { hard: true, flush: "now" }),
      write([100], { truncate: 1 }),
      write([], { hard: true }),
      write([700, 700], { gap: 2 }),
      write([50], { snapshot: 1 }),
      write([900]),
      write([1200], { flush: "now" }),
      write([10], { snapshot: 0, truncate: 2, hard: true }),
      write([600, 600]),
      write([5000]),
      write([20]),
    ];
    const tally = emptyTally();
    const run = await workload(EMPTY_DISK, new Model(), steps, sync);
    await crashEverywhere(run, { exhaustiveMax: 2 ** 7, samples: 12, nested: 0.05 }, tally);
    expect(tally.crashes).toBeGreaterThan(1000);
    expect(tally.cut).toBeGreaterThan(0);
    expect(tally.unacknowledgedKept).toBeGreaterThan(0);
    expect(tally.nested).toBeGreaterThan(0);
  });

  test("at every step of random workloads, with random subsets, in life after life", async () => {
    const tally = emptyTally();
    await fc.assert(
      fc.asyncProperty(writesArbitrary(14), writesArbitrary(14), fc.nat(), async (first, second, pick) => {
        const model = new Model();
        const one = await workload(EMPTY_DISK, model, first, { mode: pick % 2 === 0 ? "loop" : "async" });
        await crashEverywhere(one, { exhaustiveMax: 4, samples: 2, nested: 0.1 }, tally);
        // A second life on what a clean end left: old segments are used again, with their old bytes.
        const two = await workload(one.files.image(), model, second, { mode: pick % 3 === 0 ? "loop" : "async" });
        await crashFrom(two, tally);
      }),
      { numRuns: 12 },
    );
    expect(tally.crashes).toBeGreaterThan(2000);
    expect(tally.cut).toBeGreaterThan(0);
  });

  async function crashFrom(run: Run, tally: Tally): Promise<void> {
    const random = generator(run.openedAt);
    for (let time = 0; time <= run.files.ops.length; time += 1) {
      for (const lost of losses(run.files, time, 4, 2, random)) {
        await recovered(run, run.files.after(time, lost), time, tally);
      }
    }
  }

  test.each([
    ["file", "sync"],
    ["folder", "syncFolder"],
  ] as const)("is found to lose acknowledged writes where a sync of a %s does nothing", async (_name, type) => {
    const run = await workload(
      EMPTY_DISK,
      new Model(),
      [1, 2, 3, 4].map((i) => write([400 * i, 700])),
      { mode: "loop" },
    );
    for (let i = run.files.ops.length - 1; i >= run.openedAt; i -= 1) {
      // Times are places in this list: a step that does nothing takes the place of the sync.
      const op = run.files.ops[i];
      if (op?.type === type) run.files.ops[i] = { type: "syncFolder", dir: "nowhere" };
    }
    const effort = { exhaustiveMax: 4, samples: 6, nested: 0 };
    await expect(crashEverywhere(run, effort, emptyTally())).rejects.toThrow("crash before step");
  });

  test("without syncs may lose acknowledged writes, and says so in the option's name only: what is found is still a prefix", async () => {
    const steps = [1, 2, 3, 4, 5, 6].map((i) => write([100 * i], { hard: i % 2 === 0 }));
    const run = await workload(EMPTY_DISK, new Model(), steps, { mode: "loop" }, true);
    let lost = 0;
    const random = generator(7);
    for (let time = run.openedAt; time <= run.files.ops.length; time += 1) {
      for (const gone of losses(run.files, time, 256, 30, random)) {
        const opened = await openOn(new SimulatedFiles(run.files.after(time, gone)));
        if (opened.result !== "valid") throw new Error(`crash before step ${time}: ${opened.result}`);
        const found = run.states.indexOf(canonical(opened.recovered));
        expect(found).toBeGreaterThanOrEqual(0);
        if (found < before(run.acknowledged, time)) lost += 1;
      }
    }
    // The control of this whole file: were nothing ever lost here, the simulated disk would not lose anything either.
    expect(lost).toBeGreaterThan(0);
  });
});
