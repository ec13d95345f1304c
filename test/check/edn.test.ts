// EDN that comes in pieces is read as if it came at once, with the same complaints.

import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { readHistoryFile, readHistoryText, viewOperation } from "../../harness/check/index.js";
import { EdnReader } from "../../harness/check/read/edn.js";
import { randomOf } from "./generate.js";

const folder = mkdtempSync(join(tmpdir(), "synod-edn-"));
afterAll(() => rmSync(folder, { recursive: true }));

const event = '{:process 12, :type :invoke ; why\n :f :write :value [1 "a\\"\\u00e9; \\n日本"], :time 12.5e3}';
const texts = [
  `[${event} ${event}]`,
  `(${event}\n#_ {:skipped "]"} ${event});end`,
  `${event}\n\n${event}`,
  '#{1 2} #inst "2020" \\a \\newline -12 +3N 1.5M nil true false :k/w sym #"re"',
  "[{:a 1}",
  "[{:a 1}] 2",
  "{:a}",
  "[1 }",
  '["open',
  "",
  " ; only a comment",
];

function read(pieces: Iterable<string>): unknown {
  try {
    return JSON.stringify([...new EdnReader(pieces, "f").elements()]);
  } catch (error) {
    return (error as Error).message;
  }
}

test("pieces of every length", () => {
  for (const text of texts) {
    const whole = read([text]);
    for (let length = 1; length < Math.min(60, text.length + 1); length++) {
      const pieces = Array.from({ length: Math.ceil(text.length / length) }, (_, n) =>
        text.slice(n * length, (n + 1) * length),
      );
      expect(read(pieces), `${text} in pieces of ${length}`).toEqual(whole);
    }
  }
});

test("a file larger than what is read at once, with characters across the edges", () => {
  const random = randomOf(3);
  const lines: string[] = [];
  for (let n = 0; n < 6000; n++) {
    const value = `"${"é日x ".repeat(random(40))}${n}"`;
    for (const type of ["invoke", "ok"])
      lines.push(
        `{:process ${n % 9}, :type :${type}, :f :put, :key "k${n % 5}"${random(2) === 0 ? "\n" : ""}, :value ${value}}`,
      );
  }
  const text = `[${lines.join("\n")}]`;
  const file = join(folder, "large.edn");
  writeFileSync(file, text);
  const [streamed, whole] = [readHistoryFile(file), readHistoryText(text)];
  expect(streamed.count).toBe(6000);
  for (const i of [0, 1, 2999, 5999]) expect(viewOperation(streamed, i)).toEqual(viewOperation(whole, i));
  expect(streamed.a).toEqual(whole.a);
  expect(streamed.line).toEqual(whole.line);

  writeFileSync(file, `${text.slice(0, -1)}\n{:process 1}]`);
  expect(() => readHistoryFile(file)).toThrow(`large.edn:${text.split("\n").length + 1}: expected :type`);
});
