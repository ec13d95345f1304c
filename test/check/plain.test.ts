// The byte reader beside JSON.parse, on lines that are meant to trip it.

import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { addEvent } from "../../harness/check/events.js";
import { type History, HistoryBuilder, readHistoryFile, viewOperation } from "../../harness/check/index.js";
import { decodeHistoryEvent } from "../../harness/record/history.js";
import { randomOf } from "./generate.js";

const rounds = Math.min(100_000, Number(process.env["SYNOD_FUZZ"] ?? 1500));
const folder = mkdtempSync(join(tmpdir(), "synod-plain-"));
const file = join(folder, "h");
afterAll(() => rmSync(folder, { recursive: true }));

/** What a reader makes of a history: all of it, or its complaint. */
function outcome(read: () => History): unknown {
  try {
    const h = read();
    const rows = Array.from({ length: h.count }, (_, i) => ({
      ...viewOperation(h, i),
      call: h.call[i],
      ret: h.ret[i],
      kind: h.kind[i],
    }));
    // Equal values must be one value.
    const same = rows.map((_, i) => [h.a.indexOf(h.a[i] as number), h.b.indexOf(h.b[i] as number)]);
    return { rows, same };
  } catch (error) {
    return (error as Error).message;
  }
}

/** The history by JSON.parse alone. */
function parsed(bytes: Buffer): History {
  const builder = new HistoryBuilder(file);
  for (const [i, line] of new TextDecoder().decode(bytes).split("\n").entries()) {
    const text = line.trim();
    if (text !== "") addEvent(builder, decodeHistoryEvent(text, file, i + 1), i + 1);
  }
  return builder.finish();
}

function agree(bytes: Buffer): unknown {
  writeFileSync(file, bytes);
  const fast = outcome(() => readHistoryFile(file, { format: "jsonl" }));
  const slow = outcome(() => parsed(bytes));
  expect(fast, JSON.stringify(bytes.toString("latin1"))).toEqual(slow);
  return fast;
}

const texts = ['"a"', '"2.1     "', '""', '"abc"', '"abcd"', '"abcde"', '"é"', '"日本 x"', '"\u2028"', '"\\u0061"'];
const numbers = ["0", "1", "12", "1234", "12345", "123456789", "1234567890", "123456789012345", "1234567890123456"];
const others = [
  "null",
  "true",
  "false",
  "-1",
  "-0",
  "-12345",
  "1.5",
  "1e3",
  "[]",
  "{}",
  "[1,2]",
  "[1,[2]]",
  "[null,3]",
];

type Pick = (list: readonly string[]) => string;

function fieldsOf(random: (below: number) => number, pick: Pick, n: number, isTame: boolean): [string, string][] {
  const any = (): string => pick([texts, numbers, others][random(3)] as readonly string[]);
  const names = ['"get"', '"put"', '"cas"', '"append"', '"delete"', '"enqueue"'];
  const tameName = names[(n >> 1) % names.length] as string;
  const fields: [string, string][] = [
    ["index", any()],
    ["time", isTame ? String(12345 * n) : random(6) > 0 ? pick(numbers) : any()],
    ["process", isTame || random(6) > 0 ? String(n >> 1) : any()],
    [
      "type",
      isTame && n % 2 === 0 ? '"invoke"' : pick(['"ok"', '"fail"', '"info"', ...(isTame ? [] : ["null", '"invoke"'])]),
    ],
    ["f", isTame ? tameName : pick([...names, '"ge"', "1"])],
    ["key", isTame || random(3) > 0 ? pick(['"k"', "null", '"k"', "12"]) : any()],
    ["value", (isTame && tameName === '"cas"') || random(4) === 0 ? `[${pick(texts)},${any()}]` : any()],
  ];
  if (random(4) === 0) fields.push(["observed", random(3) > 0 ? any() : `[${any()},${any()}]`]);
  if (random(4) === 0) fields.push(["level", pick(['"local"', '"linearizable"', '"long, longer, the longest"'])]);
  if (random(6) === 0) fields.push(["node", any()]);
  if (random(6) === 0) fields.push(["__proto__", any()], ["constructor", any()]);
  if (random(6) === 0) fields.push(fields[random(fields.length)] as [string, string]);
  if (isTame) return fields;
  if (random(6) === 0) fields.splice(random(fields.length), 1);
  if (random(6) === 0) fields.push([pick(["time", "process", "f", "value", "key", "type", "level"]), any()]);
  return fields;
}

/** Line `n` of a file; a tame one is a history event that follows the one before it. */
function lineOf(random: (below: number) => number, n: number, isTame: boolean): string {
  const pick: Pick = (list) => list[random(list.length)] as string;
  const fields = fieldsOf(random, pick, n, isTame);
  if (random(3) === 0) fields.sort(() => random(3) - 1);
  const gap = pick(["", "", "", " ", "\t", "  "]);
  const body = fields.map(([name, value]) => `"${name}":${gap}${value}`).join(`,${gap}`);
  const end = pick(["", "", "", " ", "\r", " \r", isTame ? "" : "x"]);
  return `${pick(["", "", "", " "])}{${body}}${end}`;
}

/** Changes a few bytes. */
function damage(bytes: Buffer, random: (below: number) => number): Buffer {
  const list = [...bytes];
  for (let n = random(3); n >= 0; n--) {
    const at = random(list.length);
    const dice = random(4);
    if (dice === 0) list[at] = random(256);
    else if (dice === 1) list.splice(at, 1 + random(3));
    else if (dice === 2)
      list.splice(at, 0, [0x22, 0x5c, 0x0a, 0x00, 0xff, 0xef, 0x7d, 0x2c, 0x30][random(9)] as number);
    else list.splice(at, 0, ...list.slice(at, at + random(40)));
    if (list.length === 0) return Buffer.from("{}");
  }
  return Buffer.from(list);
}

describe("plain lines", () => {
  test(`${rounds} random files read like JSON.parse reads them`, { timeout: 20_000 + rounds * 10 }, () => {
    let read = 0;
    for (let seed = 1; seed <= rounds; seed++) {
      const random = randomOf(seed);
      const lines = Array.from({ length: 1 + random(6) }, (_, n) => lineOf(random, n, seed % 3 > 0));
      const bytes = Buffer.from(lines.join("\n") + (random(2) === 0 ? "\n" : ""));
      const result = agree(random(2) === 0 ? bytes : damage(bytes, random));
      if (typeof result === "object") read += 1;
    }
    expect(read).toBeGreaterThan(rounds / 5);
  });

  test("many names in one place, long names, many fields", () => {
    const lines: string[] = [];
    for (let n = 0; n < 200; n++) {
      const f = n % 100 === 99 ? "x".repeat(n) : `f${n % 100}`;
      const extra = Array.from({ length: n % 40 }, (_, e) => `"extra${e}":${e}`);
      for (const type of ["invoke", "ok"]) {
        const fields = [`"process":${n % 7}`, ...extra, `"type":"${type}"`, `"f":"${f}"`, '"key":1', `"value":"v${n}"`];
        lines.push(`{${fields.join(",")}}`);
      }
    }
    expect(agree(Buffer.from(lines.join("\n")))).toBeTypeOf("object");
  });

  test("few keys and nodes that become many, of every kind and in every place", () => {
    for (let seed = 1; seed <= 40; seed++) {
      const random = randomOf(seed);
      const lines: string[] = [];
      for (let n = 0; n < 300; n++) {
        const many = n < 60 ? 3 : 1 + random(80);
        const key = [`"k${random(many)}"`, `"k${random(many)}"`, `"k${random(many)}"`, "null", String(random(many))][
          seed % 2 === 0 ? random(5) : 0
        ] as string;
        const key2 = random(30) === 0 ? [`"key":"other"`] : random(30) === 0 ? [`"key":[1]`] : [];
        const node =
          random(3) > 0 ? [`"node":"n${random(many)}"`] : random(3) > 0 ? [`"node":"${"n".repeat(random(90))}"`] : [];
        const place = [`"key":${key}`, ...key2];
        const tail = random(2) === 0 ? [...place, `"value":"v${n}"`] : [`"value":${n}`, ...place];
        for (const type of ["invoke", "ok"]) {
          const fields = [`"time":${1000 * n}`, `"process":${n}`, `"type":"${type}"`, '"f":"put"', ...tail, ...node];
          lines.push(`{${fields.join(random(50) === 0 ? " , " : ",")}}`);
        }
      }
      agree(Buffer.from(lines.join(seed % 3 === 0 ? "\r\n" : "\n")));
    }
  });

  test("lines across the edges of what is read at once, and lines longer than that", () => {
    for (let seed = 1; seed <= 6; seed++) {
      const random = randomOf(seed);
      const lines: string[] = [];
      for (let bytes = 0; bytes < 700_000; bytes += (lines.at(-1) as string).length) {
        const n = lines.length;
        const length = random(400) === 0 ? random(700_000) : random(seed % 2 === 0 ? 800 : 3000);
        const text = random(9) === 0 ? "é".repeat(length >> 1) : "x".repeat(length);
        lines.push(
          `{"time":${n},"process":${n},"type":"invoke","f":"put","key":"k${n % 5}","value":"${text}${n % 9}"}`,
        );
      }
      const h = agree(Buffer.from(lines.join("\n"))) as { rows: { input: string }[] };
      expect(h.rows.length).toBe(lines.length);
    }
  });

  test("numbers of every length before every character", () => {
    const random = randomOf(7);
    for (let digits = 1; digits <= 18; digits++) {
      for (const behind of ["", " ", "0", "e1", ".5", "/", ":", "\u0000", "é", "\u007f"]) {
        const number = Array.from({ length: digits }, () => random(10)).join("");
        const line = (time: string, value: string, skipped: string): string =>
          `{"index":${skipped},"time":${time},"process":1,"type":"invoke","f":"put","value":${value}}`;
        for (const wrong of [0, 1, 2]) {
          const [a, b, c] = [0, 1, 2].map((n) => (n === wrong ? number + behind : String(n))) as [
            string,
            string,
            string,
          ];
          agree(Buffer.from(line(a, b, c)));
        }
      }
    }
  });

  test("a byte order mark at the start is skipped, elsewhere it is a character", () => {
    const line = (f: string, value: string): string =>
      `{"process":1,"type":"invoke","f":"${f}","key":"k","value":"${value}"}\n`;
    expect(agree(Buffer.from(`\ufeff${line("put", "\ufeffa")}`))).toMatchObject({ rows: [{ input: "\ufeffa" }] });
    expect(agree(Buffer.from(line("\ufeffput", "a")))).toMatchObject({ rows: [{ f: "\ufeffput", kind: 6 }] });
    const edn = `\ufeff[{:process 0 :type :invoke :f :write :value 1}]`;
    writeFileSync(file, edn);
    expect(readHistoryFile(file).count).toBe(1);
  });

  test("bytes that are no UTF-8 are the replacement character, so two of them are one value", () => {
    const line = (process: number, byte: number): Buffer =>
      Buffer.concat([
        Buffer.from(`{"process":${process},"type":"invoke","f":"put","key":"k","value":"`),
        Buffer.from([byte]),
        Buffer.from('"}\n'),
      ]);
    const result = agree(Buffer.concat([line(1, 0xff), line(2, 0xfe)])) as { same: number[][] };
    expect(result.same).toEqual([
      [0, 0],
      [0, 0],
    ]);
  });

  test("deep nesting is no trouble", () => {
    agree(Buffer.from(`{"process":1,"type":"invoke","f":"put","value":${"[".repeat(5000)}${"]".repeat(5000)}}`));
    agree(Buffer.from(`{"process":1,"type":"invoke","f":"put","value":${"[".repeat(50_000)}`));
  });
});
