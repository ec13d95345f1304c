/** Damage to what was durable: found, named, and never read as something else. */
import { fc } from "@fast-check/vitest";
import { describe, expect, test } from "vitest";
import { type Opened, StorageError, walDriver } from "../../harness/storage/index.js";
import { hardCodec, Model, type TestHard } from "./model.js";
import { type DiskImage, SECTOR, SimulatedFiles } from "./simulatedFiles.js";

const DIR = "store";

async function openOn(image: DiskImage | SimulatedFiles): Promise<Opened<TestHard>> {
  const files = image instanceof SimulatedFiles ? image : new SimulatedFiles(image);
  const driver = walDriver({ segmentBytes: 4096, sparesMax: 1, markAfterMs: null, files });
  return driver.open<TestHard>(DIR, { hardCodec, onDurable: () => undefined, onFailure: () => undefined });
}

/** A store of several segments, one of them used before, with a snapshot in force, closed in order. */
async function store(): Promise<{
  readonly image: DiskImage;
  readonly state: unknown;
  readonly used: Map<string, number>;
}> {
  const files = new SimulatedFiles();
  const opened = await openOn(files);
  if (opened.result === "corrupt") throw opened.error;
  const { storage } = opened;
  const model = new Model();
  for (let i = 1; i <= 24; i += 1) {
    const sizes = [(i * 211) % 900, 40];
    const snapshot = i === 10 || i === 14 ? 1 : null;
    const { write, image } = model.next({
      type: "write",
      hard: i % 3 === 0,
      truncate: null,
      snapshot,
      sizes,
      gap: 0,
      flush: "now",
    });
    if (image !== null) await storage.writeImage(image.name, [image.bytes]);
    storage.append({ ...write, seq: i });
    storage.flush();
    while (storage.busy) await new Promise(setImmediate);
  }
  await storage.close();
  const used = new Map<string, number>();
  const image = files.image();
  const segments = [...image.names.keys()].filter((path) => path.includes("segment-")).sort((a, b) => (a < b ? -1 : 1));
  for (const path of segments) used.set(path, lastRecord(contentOf(image, path)));
  return { image, state: model.stored(), used };
}

function contentOf(image: DiskImage, path: string): Uint8Array {
  return image.files.get(image.names.get(path) as number) as Uint8Array;
}

/** Where the last record of this segment's own generation begins: the mark or the seal that ends it. */
function lastRecord(bytes: Uint8Array): number {
  const view = Buffer.from(bytes);
  const generation = view.readUInt32BE(20);
  let last = 0;
  for (let at = SECTOR; at < bytes.length; at += SECTOR) {
    if (view.readUInt32BE(at) === 0x53594e52 && view.readUInt32BE(at + 20) === generation) last = at;
  }
  return last;
}

function changed(image: DiskImage, path: string, change: (bytes: Uint8Array) => Uint8Array): DiskImage {
  const files = new Map(image.files);
  files.set(image.names.get(path) as number, change(contentOf(image, path).slice()));
  return { files, names: image.names };
}

function flipped(image: DiskImage, path: string, bit: number): DiskImage {
  return changed(image, path, (bytes) => {
    bytes[bit >>> 3] = (bytes[bit >>> 3] as number) ^ (1 << (bit & 7));
    return bytes;
  });
}

function plain(opened: Opened<TestHard>): unknown {
  if (opened.result !== "valid") throw new Error(`the store is ${opened.result}`);
  const { hard, snapshot, entries } = opened.recovered;
  return {
    hard,
    snapshot,
    entries: entries.map((entry) =>
      entry.kind === "noop" ? entry : { ...entry, command: new Uint8Array(entry.command) },
    ),
  };
}

function expectCorrupt(opened: Opened<TestHard>, path: string): void {
  expect(opened.result).toBe("corrupt");
  if (opened.result !== "corrupt") return;
  expect(opened.error).toBeInstanceOf(StorageError);
  expect(opened.error.detail.file).toContain(path);
  expect(opened.error.detail.advice).toContain("must not start");
}

const built = await store();
const segments = [...built.used.keys()];
const images = [...built.image.names.keys()].filter((path) => path.endsWith(".image"));

describe("damage to a store that was closed", () => {
  test("the store has something to damage: several segments, a used one among them, one image, and it opens", async () => {
    expect(segments.length).toBeGreaterThan(3);
    expect(segments[0]).not.toContain("0000000001");
    expect(images.length).toBe(1);
    expect(plain(await openOn(built.image))).toEqual(built.state);
  });

  test("any flipped bit up to the last record of a segment is found", async () => {
    const place = fc
      .constantFrom(...segments)
      .chain((path) => fc.tuple(fc.constant(path), fc.nat((built.used.get(path) as number) * 8 - 1)));
    await fc.assert(
      fc.asyncProperty(place, async ([path, bit]) => {
        expectCorrupt(await openOn(flipped(built.image, path, bit)), path);
      }),
      { numRuns: 1500 },
    );
  });

  test("every bit of every header is found", async () => {
    const path = segments[1] as string;
    const bytes = contentOf(built.image, path);
    const view = Buffer.from(bytes);
    let tried = 0;
    for (let at = 0; at < (built.used.get(path) as number); at += SECTOR) {
      if (at > 0 && view.readUInt32BE(at) !== 0x53594e52) continue;
      for (let bit = at * 8; bit < (at + 64) * 8; bit += 1) {
        expectCorrupt(await openOn(flipped(built.image, path, bit)), path);
        tried += 1;
      }
    }
    expect(tried).toBeGreaterThan(1000);
  });

  test("any flipped bit anywhere else changes nothing of what is read", async () => {
    const last = segments[segments.length - 1] as string;
    const from = (built.used.get(last) as number) * 8;
    const to = contentOf(built.image, last).length * 8 - 1;
    // A spare may hold anything: here, a segment's old life.
    const files = new Map(built.image.files).set(1000, contentOf(built.image, segments[0] as string).slice());
    const names = new Map(built.image.names).set(`${DIR}/spare-9.wal`, 1000);
    const image = { files, names };
    const state = JSON.stringify(plain(await openOn(image)));
    expect(state).toBe(JSON.stringify(plain(await openOn(built.image))));
    const tail = fc.tuple(fc.constant(last), fc.integer({ min: from, max: to }));
    const spare = fc.tuple(fc.constant(`${DIR}/spare-9.wal`), fc.nat(4096 * 8 - 1));
    await fc.assert(
      fc.asyncProperty(fc.oneof(tail, spare), async ([path, bit]) => {
        expect(JSON.stringify(plain(await openOn(flipped(image, path, bit))))).toBe(state);
      }),
      { numRuns: 500 },
    );
  });

  test("any flipped bit of the image in force is found", async () => {
    const path = images[0] as string;
    const bits = contentOf(built.image, path).length * 8;
    await fc.assert(
      fc.asyncProperty(fc.nat(bits - 1), async (bit) => {
        expectCorrupt(await openOn(flipped(built.image, path, bit)), path);
      }),
      { numRuns: 500 },
    );
  });

  test("a sector that was zeroed, or that holds another sector's bytes, is found", async () => {
    for (const path of segments) {
      for (let at = 0; at < (built.used.get(path) as number); at += SECTOR) {
        expectCorrupt(await openOn(changed(built.image, path, (bytes) => bytes.fill(0, at, at + SECTOR))), path);
        const other = contentOf(built.image, path).slice((at + SECTOR) % 4096, ((at + SECTOR) % 4096) + SECTOR);
        if (Buffer.compare(other, contentOf(built.image, path).subarray(at, at + SECTOR)) === 0) continue;
        const misdirected = changed(built.image, path, (bytes) => {
          bytes.set(other, at);
          return bytes;
        });
        expectCorrupt(await openOn(misdirected), path);
      }
    }
  });

  test("a segment that is absent, shortened, or another segment's copy is found", async () => {
    for (const [i, path] of segments.entries()) {
      const names = new Map(built.image.names);
      names.delete(path);
      const opened = await openOn({ files: built.image.files, names });
      // Without the first, the second looks like the first of a store that was compacted; a snapshot is in force here.
      if (i > 0) expectCorrupt(opened, path);
      expectCorrupt(await openOn(changed(built.image, path, (bytes) => bytes.slice(0, 4096 - SECTOR))), path);
      const other = segments[(i + 1) % segments.length] as string;
      expectCorrupt(await openOn(changed(built.image, path, () => contentOf(built.image, other).slice())), path);
    }
  });

  test("an absent image in force is found, and so is an absent log beside an image", async () => {
    const names = new Map(built.image.names);
    names.delete(images[0] as string);
    expectCorrupt(await openOn({ files: built.image.files, names }), images[0] as string);
    const only = new Map([...built.image.names].filter(([path]) => path.endsWith(".image")));
    const opened = await openOn({ files: built.image.files, names: only });
    expect(opened).toMatchObject({ result: "corrupt", error: { detail: { code: "missing-file" } } });
  });

  test("without a snapshot, the absence of the first segment is found", async () => {
    const files = new SimulatedFiles();
    const opened = await openOn(files);
    if (opened.result === "corrupt") throw opened.error;
    const entry = { index: 1, round: 1, kind: "command", command: new Uint8Array(3000) } as const;
    for (let seq = 1; seq <= 3; seq += 1) {
      opened.storage.append({
        seq,
        hard: null,
        truncateFrom: null,
        snapshot: null,
        entries: [{ ...entry, index: seq }],
      });
    }
    await opened.storage.close();
    files.remove(`${DIR}/segment-0000000001.wal`);
    expectCorrupt(await openOn(files), `${DIR}/segment-0000000001.wal`);
  });

  test("the error names file, place and what to do", async () => {
    const path = segments[1] as string;
    const opened = await openOn(flipped(built.image, path, (SECTOR + 80) * 8));
    expect(opened).toMatchObject({
      result: "corrupt",
      error: { detail: { code: "bad-checksum", file: path, offsetBytes: SECTOR } },
    });
  });
});
