/**
 * The checker's reader of JSONL beside JSON.parse, on two histories it writes itself. Three ways of JSON.parse, none of
 * which builds anything of the objects: on lines that are strings already; the file read as one string, split and parsed;
 * the file streamed through readline.
 */
import { closeSync, createReadStream, mkdtempSync, openSync, readFileSync, rmSync, statSync, writeSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { type History, type OperationView, readHistoryFile, viewOperation } from "../harness/check/index.js";
import { encodeHistoryEvent, type HistoryEvent, type HistoryValue } from "../harness/record/history.js";
import { generate } from "./checkerHistories.js";

/** `counters`: numbers as values, one key. `padded`: 64 bytes of text as values, 20 keys, node and level, as the simulator writes. */
type Shape = "counters" | "padded";

/** Writes a history as JSONL, an event every 1.371 microseconds. */
function writeHistory(h: History, path: string, shape: Shape): void {
  const file = openSync(path, "w");
  const said = (value: HistoryValue): HistoryValue => {
    if (shape === "counters" || value === null) return value;
    return Array.isArray(value) ? value.map(said) : String(value).padEnd(64);
  };
  let lines: string[] = [];
  for (let index = 0; index < h.eventAt.length; index++) {
    const code = h.eventAt[index] as number;
    const view = viewOperation(h, code >> 1);
    lines.push(encodeHistoryEvent(eventOf(view, index, (code & 1) === 0, shape, said)));
    if (lines.length < 10_000 && index < h.eventAt.length - 1) continue;
    writeSync(file, `${lines.join("\n")}\n`);
    lines = [];
  }
  closeSync(file);
}

function eventOf(
  view: OperationView,
  index: number,
  isCall: boolean,
  shape: Shape,
  said: (value: HistoryValue) => HistoryValue,
): HistoryEvent {
  const { f, key, process, outcome } = view;
  const base = { index, time: 1_000_000 + index * 1371, process: process as number, f, key: key as string };
  // A failed comparison says what it expected only; what it would have set is of no matter here.
  const input = said(f === "cas" ? [(view.input as readonly HistoryValue[])[0] ?? null, 0] : view.input);
  const more = {
    ...(shape === "padded" && !isCall ? { node: `n${1 + (index % 3)}` } : {}),
    ...(!isCall && f === "cas" && outcome === "fail" ? { observed: said(view.output ?? null) } : {}),
    ...(shape === "padded" && f === "get" ? { level: index % 4 === 0 ? "local" : "linearizable" } : {}),
  };
  if (isCall) return { ...base, type: "invoke", value: input, ...more };
  return {
    ...base,
    type: outcome === "ok" ? "ok" : "fail",
    value: f === "get" ? said(view.output ?? null) : input,
    ...more,
  };
}

type Taken = { readonly wallMs: number; readonly cpuMs: number };

async function take(work: () => void | Promise<void>): Promise<Taken> {
  const before = process.cpuUsage();
  const startedMs = performance.now();
  await work();
  const wallMs = performance.now() - startedMs;
  const { user, system } = process.cpuUsage(before);
  return { wallMs, cpuMs: (user + system) / 1000 };
}

let sink = 0;
function parse(line: string): void {
  if (line !== "") sink += typeof JSON.parse(line) === "object" ? 1 : 0;
}

const ways: { readonly [name: string]: (path: string) => Promise<Taken> } = {
  ours: (path) => take(() => void (sink += readHistoryFile(path).count)),
  "lines already split": (path) => {
    const lines = readFileSync(path, "utf8").split("\n");
    return take(() => lines.forEach(parse));
  },
  "read, split, parsed": (path) => take(() => readFileSync(path, "utf8").split("\n").forEach(parse)),
  "readline, parsed": (path) =>
    take(async () => {
      for await (const line of createInterface({ input: createReadStream(path) })) parse(line);
    }),
};

function median(values: readonly number[]): number {
  return [...values].sort((x, y) => x - y)[values.length >> 1] ?? Number.NaN;
}

/** Prints a table. `rounds`: each way once a round, in turns. */
export async function measureParsing(rounds: number): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), "synod-parsing-"));
  process.stdout.write(
    "| history | way | wall, ms: median (least) | processor, ms | ours is faster: wall | processor |\n",
  );
  process.stdout.write("| --- | --- | --- | --- | --- | --- |\n");
  for (const shape of ["counters", "padded"] as const) {
    const path = join(folder, `${shape}.jsonl`);
    const operations = shape === "counters" ? 500_000 : 100_000;
    const keys = shape === "counters" ? 1 : 20;
    const kind = "unique";
    const workload = {
      name: shape,
      operations,
      clients: 50,
      keys,
      kind,
      bad: false,
      unknownPercent: 0,
      seed: 10,
    } as const;
    writeHistory(generate(workload), path, shape);
    const taken: { [way: string]: Taken[] } = {};
    for (let round = 0; round < rounds; round++) {
      for (const [way, run] of Object.entries(ways)) (taken[way] ??= []).push(await run(path));
    }
    const mb = (statSync(path).size / 1e6).toFixed(0);
    for (const [way, list] of Object.entries(taken))
      print(`${shape}, ${2 * operations} events, ${mb} MB`, way, list, taken["ours"] as Taken[]);
  }
  rmSync(folder, { recursive: true });
  if (sink === 0) throw new Error("nothing was read");
}

function print(history: string, way: string, list: readonly Taken[], ours: readonly Taken[]): void {
  const cell = (of: (t: Taken) => number): string =>
    `${median(list.map(of)).toFixed(0)} (${Math.min(...list.map(of)).toFixed(0)})`;
  const ratio = (of: (t: Taken) => number): string => {
    const least = Math.min(...list.map(of)) / Math.min(...ours.map(of));
    return `${median(list.map((t, n) => of(t) / of(ours[n] as Taken))).toFixed(2)}x (${least.toFixed(2)}x)`;
  };
  const wall = (t: Taken): number => t.wallMs;
  const cpu = (t: Taken): number => t.cpuMs;
  const ratios = way === "ours" ? "- | -" : `${ratio(wall)} | ${ratio(cpu)}`;
  process.stdout.write(`| ${history} | ${way} | ${cell(wall)} | ${cell(cpu)} | ${ratios} |\n`);
}
