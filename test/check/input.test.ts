// Files in, columns out: every format, and what a bad line says.

import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import {
  checkFile,
  checkLinearizable,
  checkManifest,
  type History,
  historyFromEvents,
  readHistoryFile,
  readHistoryText,
  viewOperation,
} from "../../harness/check/index.js";
import { decodeHistory, encodeHistory, HistoryWriter } from "../../harness/record/history.js";
import { historyOf } from "./build.js";
import { randomHistory, randomOf } from "./generate.js";

const folder = mkdtempSync(join(tmpdir(), "synod-check-"));
afterAll(() => rmSync(folder, { recursive: true }));

function fileOf(name: string, text: string): string {
  const path = join(folder, name);
  writeFileSync(path, text);
  return path;
}

function problem(text: string, name = "bad.jsonl"): string {
  try {
    readHistoryFile(fileOf(name, text));
  } catch (error) {
    return (error as Error).message.replace(`${folder}/`, "");
  }
  return "no error";
}

const shape = {
  operations: 200,
  processes: 6,
  values: 0,
  weights: [4, 4, 3, 1, 1],
  unknownPercent: 10,
  wrongPercent: 0,
  sameTimePercent: 20,
  observedPercent: 50,
  keys: 3,
} as const;

describe("JSONL", () => {
  test("what the writer writes, the byte reader and JSON.parse read alike", () => {
    const events = randomHistory(7, shape);
    let text = "";
    const writer = new HistoryWriter((piece) => (text += piece), 100);
    for (const { index: _index, ...event } of events) writer.write(event);
    writer.end();
    expect(text).toBe(encodeHistory(events));
    expect([...decodeHistory(text)]).toEqual(events);
    const fast = readHistoryText(text);
    const slow = historyFromEvents(events);
    expect(fast.count).toBe(200);
    for (let i = 0; i < slow.count; i++) expect(viewOperation(fast, i)).toEqual(viewOperation(slow, i));
    expect([...fast.call]).toEqual([...slow.call]);
    expect([...fast.ret]).toEqual([...slow.ret]);
  });

  test("any JSON will do: blanks, other field order, escapes, nested values, CRLF, no last line end", () => {
    const text = [
      '{ "type": "invoke", "f": "put", "process": "p\\u0041", "value": "a\\"b", "key": "x", "time": 1 }',
      '{"process":"pA","time":2.5,"type":"ok","f":"put","key":"x","value":{"b":1,"a":[1,2]},"extra":{"deep":[{}]}}\r',
      "",
      '{"process":2,"time":3,"type":"invoke","f":"get","key":"x","value":null}',
      '{"process":2,"time":4,"type":"ok","f":"get","key":"x","value":"a\\u0022b"}',
    ].join("\n");
    const h = readHistoryText(text);
    expect(viewOperation(h, 0)).toMatchObject({ process: "pA", input: 'a"b', callTime: 1, retTime: 2.5 });
    expect(checkLinearizable(h).verdict).toBe("ok");
  });

  test("plain lines and JSON.parse agree, whatever is written", () => {
    const random = randomOf(11);
    const values = [
      '"a"',
      "17",
      "-3",
      "0",
      "null",
      "true",
      "false",
      '"\\u0061"',
      "1.5",
      "[1, 2]",
      "[]",
      '{"x":1}',
      "-0",
      "1e2",
    ];
    const pick = (list: readonly string[]): string => list[random(list.length)] as string;
    let read = 0;
    for (let n = 0; n < 3000; n++) {
      const blank = random(3) === 0 ? " " : "";
      const fields = [
        ["time", pick(["1", "12345678901234567", "1234567890123", "5.5", "0"])],
        ["process", pick(["1", "22", '"p"', "1234567"])],
        ["type", pick(['"invoke"', '"invoke"', '"invoke"', '"ok"', '"else"'])],
        ["f", pick(['"get"', '"put"', '"put"', '"cas"', '"delete"', '"append"'])],
        ["key", pick(['"k"', "7", "null", '"a longer key"', "false"])],
        ["value", pick([...values, `[${pick(values)},${pick(values)}]`])],
        [pick(["index", "node", "a_name_that_is_very_long"]), pick(values)],
      ].filter(() => random(12) > 0);
      if (random(2) === 0) fields.reverse();
      const line = `{${fields.map(([name, value]) => `${blank}"${name}":${blank}${value}`).join(`${blank},`)}${blank}}`;
      const outcome = (read: () => History): unknown => {
        try {
          const h = read();
          return viewOperation(h, 0);
        } catch (error) {
          return (error as Error).message;
        }
      };
      const slow = outcome(() => historyFromEvents(decodeHistory(line, "f"), {}, "f"));
      expect(
        outcome(() => readHistoryText(line, { format: "jsonl" }, "f")),
        line,
      ).toEqual(slow);
      if (typeof slow === "object") read += 1;
    }
    expect(read).toBeGreaterThan(300);
  });

  test("events out of time order are sorted", () => {
    const events = historyOf([
      [1, "put", "x", "a", 0, 10],
      [2, "get", "x", "a", 20, 30],
    ]);
    const shuffled = [2, 3, 0, 1].map((n) => events[n] as (typeof events)[number]);
    expect(checkLinearizable(historyFromEvents(shuffled)).verdict).toBe("ok");
  });

  const invoke = '{"index":0,"time":5,"process":1,"type":"invoke","f":"put","key":"x","value":"a"}';
  const bad: readonly (readonly [string, string, string])[] = [
    ["no JSON", `${invoke}\nnonsense\n`, "bad.jsonl:2: expected one JSON object on the line"],
    ["a cut line", invoke.slice(0, 40), "bad.jsonl:1: expected one JSON object on the line"],
    ["no type", '{"process":1,"f":"get"}', 'bad.jsonl:1: expected "type" to be "invoke", "ok", "fail" or "info"'],
    ["no process", '{"type":"ok","f":"get"}', 'bad.jsonl:1: expected "process" to be a number or a name'],
    ["a time in words", invoke.replace(":5", ':"soon"'), 'bad.jsonl:1: expected "time" to be nanoseconds as a number'],
    [
      "a compare-and-set that succeeded on something else",
      `${invoke.replace("put", "cas").replace('"a"', '["a","b"]')}\n${invoke
        .replace("invoke", "ok")
        .replace("put", "cas")
        .replace('"a"', '["a","b"],"observed":"c"')}`,
      'bad.jsonl:2: expected "observed" of a cas that succeeded to be the value it expected, "a", not "c"',
    ],
    ["a number that is none", invoke.replace(":0,", ":0x,"), "bad.jsonl:1: expected one JSON object on the line"],
    [
      "a number with a zero in front",
      invoke.replace(":5,", ":05,"),
      "bad.jsonl:1: expected one JSON object on the line",
    ],
    [
      "a key that is true",
      invoke.replace('"x"', "true"),
      'bad.jsonl:1: expected "key" to be a string, a number or null',
    ],
    [
      "a second call",
      `${invoke}\n${invoke}`,
      "bad.jsonl:2: expected process 1 to end its operation of line 1 before it calls again",
    ],
    [
      "an answer without a call",
      invoke.replace("invoke", "ok"),
      "bad.jsonl:1: expected an invoke of process 1 before this completion",
    ],
    [
      "another answer",
      `${invoke}\n${invoke.replace("invoke", "ok").replace("put", "get")}`,
      'bad.jsonl:2: expected a completion of "put", which process 1 called in line 1',
    ],
    [
      "a compare-and-set of one value",
      invoke.replace("put", "cas"),
      'bad.jsonl:1: expected "value" of a cas to be [expected, new]',
    ],
    [
      "an answer before its call",
      `${invoke}\n${invoke.replace("invoke", "ok").replace(":5", ":4")}`,
      "bad.jsonl:1: expected a completion no earlier than its invoke",
    ],
  ];
  for (const [name, text, message] of bad) test(`bad input: ${name}`, () => expect(problem(text)).toBe(message));

  test("an operation that the model does not know", () => {
    const path = fileOf("foreign.jsonl", `${invoke}\n`);
    expect(() => checkFile(path, { model: "cas-register" })).not.toThrow();
    const queue = fileOf("queue.jsonl", `${invoke.replace("put", "enqueue")}\n`);
    expect(() => checkFile(queue)).toThrow(/queue\.jsonl:1: expected an operation of model kv .*, not "enqueue"/);
  });
});

describe("Jepsen EDN", () => {
  test("maps over several lines, comments, tagged maps, keywords, the nemesis, independent keys", () => {
    const h = readHistoryText(`; a comment
[{:process 0, :type :invoke, :f :write, :value [7 1], :time 10}
 #jepsen.history.Op{:process :nemesis :type :info :f :start-partition :value {:a #{1 2}} :time 12}
 {:process 0 :type :ok
  :f :write ; inside
  :value [7 1] :time 20 :error nil}
 #_ {:ignored true}
 {:process :nemesis :type :info :f :stop-partition :value nil :time 25}
 {:process 1, :type :invoke, :f :read, :value [7 nil], :time 30}
 {:process 1, :type :ok, :f :read, :value [7 1], :time 40}
 {:process 1, :type :invoke, :f :cas, :value [7 [1 2]], :time 50}
 {:process 1, :type :info, :f :cas, :value [7 [1 2]], :time 60, :error [:timeout "slow"]}]`);
    expect(h.count).toBe(3);
    expect(viewOperation(h, 1)).toMatchObject({ key: 7, output: 1, outcome: "ok", line: 9 });
    expect(viewOperation(h, 2)).toMatchObject({ key: 7, input: [1, 2], outcome: "unknown" });
    expect(h.bands).toEqual([{ fromTime: 12, toTime: 25, text: 'start-partition {"a":[1,2]}' }]);
    expect(checkLinearizable(h).verdict).toBe("ok");
  });

  test("a list instead of a vector, a failed cas is no information", () => {
    const h = readHistoryText(
      "({:process 0 :type :invoke :f :cas :value [1 2]} {:process 0 :type :fail :f :cas :value [1 2]})",
    );
    expect(checkLinearizable(h).verdict).toBe("ok");
    expect(viewOperation(h, 0)).toMatchObject({ outcome: "fail" });
  });

  const bad: readonly (readonly [string, string])[] = [
    [
      "[{:process 0 :type :invoke :f :read}\n{:process 0 :type :done :f :read}]",
      "bad.edn:2: expected :type to be :invoke, :ok, :fail or :info",
    ],
    ["[{:process 0 :type\n :invoke :f :read", 'bad.edn:1: expected "}" for what opens here'],
    ["[{:process 0 :type :invoke :f :read}", 'bad.edn:1: expected "]" at the end of the history'],
    ["[\n3]", "bad.edn:2: expected a map with :process, :type, :f and :value"],
  ];
  for (const [text, message] of bad)
    test(`bad input: ${message}`, () => expect(problem(text, "bad.edn")).toBe(message));
});

describe("porcupine's formats", () => {
  test("etcd log: tabs or blanks, timeouts, failed compare-and-sets", () => {
    const h = readHistoryText(
      [
        "INFO  jepsen.util - 0\t:invoke\t:write\t3",
        "INFO  jepsen.util - 0  :ok  :write  3",
        "INFO  jepsen.util - 2\t:invoke\t:read\tnil",
        "INFO  jepsen.util - 2\t:fail\t:read\t:timed-out",
        "INFO  jepsen.util - 3\t:invoke\t:write\t9",
        "INFO  jepsen.util - 3\t:info\t:write\t:timed-out",
        "INFO  jepsen.util - 1\t:invoke\t:cas\t[3 4]",
        "INFO  jepsen.util - 1\t:fail\t:cas\t[3 4]",
      ].join("\n"),
    );
    expect(h.count).toBe(4);
    expect(checkLinearizable(h).verdict).toBe("ok");
    // Only the write that timed out can have made the comparison fail.
    expect(viewOperation(h, 3)).toMatchObject({ f: "cas", outcome: "fail" });
    expect(
      checkLinearizable(readHistoryText("INFO  jepsen.util - 1 :invoke :read nil\nINFO  jepsen.util - 1 :ok :read 5"))
        .verdict,
    ).toBe("violated");
    expect(problem("INFO  jepsen.util - what is this\n", "e.log")).toBe(
      'e.log:1: expected "INFO  jepsen.util - PROCESS :TYPE :F VALUE"',
    );
  });

  test("key-value log: keys start as the empty text", () => {
    const lines = [
      '{:process 0, :type :invoke, :f :get, :key "7", :value nil}',
      '{:process 0, :type :ok, :f :get, :key "7", :value ""}',
      '{:process 0, :type :invoke, :f :append, :key "7", :value "x 0 0 y"}',
      '{:process 0, :type :ok, :f :append, :key "7", :value "x 0 0 y"}',
      '{:process 0, :type :invoke, :f :get, :key "7", :value nil}',
    ];
    const ok = '{:process 0, :type :ok, :f :get, :key "7", :value "x 0 0 y"}';
    expect(checkLinearizable(readHistoryText([...lines, ok].join("\n"))).verdict).toBe("ok");
    expect(checkLinearizable(readHistoryText([...lines, ok.replace("x 0 0 y", "")].join("\n"))).verdict).toBe(
      "violated",
    );
  });
});

describe("manifests", () => {
  test("every line against its verdict; an empty file is read", () => {
    fileOf(
      "good.jsonl",
      encodeHistory(
        historyOf([
          [1, "put", "x", "a", 0, 5],
          [2, "get", "x", "a", 10, 15],
        ]),
      ),
    );
    fileOf(
      "stale.jsonl",
      encodeHistory(
        historyOf([
          [1, "put", "x", "a", 0, 5],
          [2, "get", "x", null, 10, 15],
        ]),
      ),
    );
    fileOf("empty.jsonl", "");
    const manifest = (expected: string): string =>
      fileOf(
        "M.tsv",
        `file\tmodel\tops\texpected\ngood.jsonl\tkv\t2\tlinearizable\nstale.jsonl\tkv\t2\t${expected}\nempty.jsonl\tkv\t0\tnone\n`,
      );
    expect(checkManifest(manifest("not-linearizable"))).toMatchObject({ verdict: "ok", agreeing: 3, operations: 4 });
    const wrong = checkManifest(manifest("linearizable"));
    expect(wrong.verdict).toBe("violated");
    expect(wrong.text).toContain("stale.jsonl: expected linearizable, got violated");
    expect(() => checkManifest(manifest("maybe"))).toThrow(/M\.tsv:3: expected an expectation/);
  });
});
