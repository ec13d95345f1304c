/** Frames cut at every place, random and hostile bytes. */
import { fc, test } from "@fast-check/vitest";
import { describe, expect } from "vitest";
import { FrameError, FrameReader, FrameWriter } from "../../harness/transport/index.js";

interface Frame {
  readonly kind: number;
  readonly body: Uint8Array;
}

const BYTES_MAX = 200_000;

const frames = fc.array(
  fc.record({
    kind: fc.integer({ min: 0, max: 255 }),
    body: fc.oneof(
      { weight: 9, arbitrary: fc.uint8Array({ maxLength: 60 }) },
      // Long enough to be referred to in place of copied, and to outgrow the writer's memory.
      {
        weight: 1,
        arbitrary: fc.integer({ min: 30_000, max: 150_000 }).map((size) => new Uint8Array(size).fill(size)),
      },
    ),
  }),
  { minLength: 1, maxLength: 12 },
);

function written(list: readonly Frame[]): Buffer {
  const w = new FrameWriter();
  for (const { kind, body } of list) {
    w.begin(kind, body.length);
    w.raw(body);
  }
  const { size } = w;
  const bytes = Buffer.concat(w.take());
  expect(bytes.length).toBe(size);
  return bytes;
}

function reader(into: Frame[]): FrameReader {
  return new FrameReader(BYTES_MAX, (kind, bytes, from, to) => {
    into.push({ kind, body: new Uint8Array(bytes.subarray(from, to)) });
    return true;
  });
}

describe("frames", () => {
  test.prop([frames, fc.array(fc.nat(2_000_000), { maxLength: 20 })])(
    "come out as they went in, wherever the stream is cut",
    (list, cuts) => {
      const bytes = written(list);
      const places = [...new Set(cuts.map((cut) => cut % bytes.length))].sort((a, b) => a - b);
      const found: Frame[] = [];
      const to = reader(found);
      let from = 0;
      for (const place of [...places, bytes.length]) {
        // A copy of its own, as the kernel's chunks are.
        if (place > from) to.push(Buffer.from(bytes.subarray(from, place)));
        from = Math.max(from, place);
      }
      expect(found.map(({ kind }) => kind)).toEqual(list.map(({ kind }) => kind));
      // Bytes are compared by the system: element by element the large ones would take minutes.
      for (const [i, { body }] of list.entries()) expect(Buffer.compare(found[i]?.body ?? Buffer.of(), body)).toBe(0);
    },
  );

  test("come out as they went in where every byte comes alone", () => {
    const list = [
      { kind: 1, body: new Uint8Array(0) },
      { kind: 255, body: new Uint8Array([1, 2, 3]) },
      { kind: 0, body: new Uint8Array(70).fill(9) },
    ];
    const found: Frame[] = [];
    const to = reader(found);
    for (const byte of written(list)) to.push(Buffer.from([byte]));
    expect(found).toEqual(list);
  });

  test.prop([fc.uint8Array({ maxLength: 400 }), fc.nat(50)])(
    "random bytes are frames, or a FrameError",
    (bytes, step) => {
      const to = new FrameReader(300, (_kind, chunk, from, end) => {
        expect(from).toBeLessThanOrEqual(end);
        expect(end).toBeLessThanOrEqual(chunk.length);
        expect(end - from).toBeLessThan(300);
        return true;
      });
      try {
        for (let at = 0; at < bytes.length; at += step + 1) to.push(Buffer.from(bytes.subarray(at, at + step + 1)));
      } catch (error) {
        expect(error).toBeInstanceOf(FrameError);
      }
    },
  );

  test.prop([fc.integer({ min: BYTES_MAX + 1, max: 2 ** 32 - 1 }), fc.nat(3)])(
    "a length beyond the limit is refused before anything is kept of it",
    (length, cut) => {
      const header = Buffer.alloc(5);
      header.writeUInt32BE(length, 0);
      const to = reader([]);
      expect(() => {
        to.push(Buffer.from(header.subarray(0, cut)));
        to.push(Buffer.from(header.subarray(cut)));
      }).toThrow(FrameError);
    },
  );

  test("who wants no more frames gets none", () => {
    const bytes = written([
      { kind: 1, body: new Uint8Array(1) },
      { kind: 2, body: new Uint8Array(1) },
    ]);
    const kinds: number[] = [];
    new FrameReader(100, (kind) => {
      kinds.push(kind);
      return false;
    }).push(bytes);
    expect(kinds).toEqual([1]);
  });

  test("what was taken stays as it is while the next turn is written", () => {
    const w = new FrameWriter();
    w.begin(1, 3);
    w.raw(new Uint8Array([1, 2, 3]));
    const first = Buffer.concat(w.take().map((part) => part));
    const parts = (() => {
      w.release();
      w.begin(2, 3);
      w.raw(new Uint8Array([4, 5, 6]));
      return w.take();
    })();
    w.renew();
    w.begin(3, 3);
    w.raw(new Uint8Array([7, 8, 9]));
    expect(Array.from(Buffer.concat(parts))).toEqual([0, 0, 0, 4, 2, 4, 5, 6]);
    expect([...first]).toEqual([0, 0, 0, 4, 1, 1, 2, 3]);
  });

  test.prop([fc.maxSafeNat(), fc.nat(0xffff), fc.nat(0xffff_ffff), fc.nat(255)])(
    "numbers come out as they went in",
    (big, small, middle, byte) => {
      const w = new FrameWriter();
      w.begin(9, 15);
      w.u53(big);
      w.u16(small);
      w.u32(middle);
      w.u8(byte);
      const bytes = Buffer.concat(w.take());
      expect(bytes.readUInt32BE(5) * 2 ** 32 + bytes.readUInt32BE(9)).toBe(big);
      expect([bytes.readUInt16BE(13), bytes.readUInt32BE(15), bytes[19]]).toEqual([small, middle, byte]);
    },
  );
});
