/**
 * The linearizability checker beside porcupine (a Go program in bench/porcupine), on the same histories in memory, in
 * turns, warm; only the check is timed. `node dist/bench/checkers.js [--manifest FILE] [--rounds N] [--only TEXT]`
 * `--parsing` measures reading instead (checkersParsing.ts).
 * Without Go the columns of porcupine stay empty and the output says so.
 */
import { type ChildProcessWithoutNullStreams, spawn, spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { createInterface } from "node:readline";
import { pathToFileURL } from "node:url";
import { checkLinearizable, type History, readHistoryFile, viewOperation } from "../harness/check/index.js";
import { generate, type Workload } from "./checkerHistories.js";
import { measureParsing } from "./checkersParsing.js";

type Case = { readonly name: string; readonly set: string; readonly history: History };
type Answer = { readonly verdict: string; readonly us: number };

const porcupineMs = 20_000;

/** Porcupine as a process that answers one request at a time. */
class Porcupine {
  private readonly child: ChildProcessWithoutNullStreams;
  private readonly waiting: ((line: string) => void)[] = [];
  private constructor(child: ChildProcessWithoutNullStreams) {
    this.child = child;
    createInterface({ input: child.stdout }).on("line", (line) => this.waiting.shift()?.(line));
  }

  /** Builds the Go program into `folder`; null if that fails. */
  static start(folder: string): Porcupine | null {
    const binary = join(folder, "porcupine");
    const built = spawnSync("go", ["build", "-o", binary, "."], { cwd: join("bench", "porcupine"), stdio: "inherit" });
    if (built.status !== 0) return null;
    const child = spawn(binary, [], { env: { ...process.env, GOMAXPROCS: "2" } });
    child.stderr.pipe(process.stderr);
    return new Porcupine(child);
  }

  async load(h: History): Promise<void> {
    await this.ask({ load: loadOf(h) });
  }

  async check(): Promise<Answer> {
    return JSON.parse(await this.ask({ check: porcupineMs })) as Answer;
  }

  stop(): void {
    this.child.stdin.end();
  }

  private ask(request: unknown): Promise<string> {
    return new Promise((resolve) => {
      this.waiting.push(resolve);
      this.child.stdin.write(`${JSON.stringify(request)}\n`);
    });
  }
}

/** Kinds of the history's columns that porcupine gets: read, write, cas, failed cas, append. Others constrain nothing. */
function loadOf(h: History): unknown {
  const isText = h.kind.includes(4);
  const ops: number[][] = [];
  for (let i = 0; i < h.count; i++) {
    const kind = h.kind[i] as number;
    if (kind > 4) continue;
    const unknown = viewOperation(h, i).outcome === "unknown";
    ops.push([h.key[i], kind, h.a[i], h.b[i], h.call[i], unknown ? -1 : h.ret[i]] as number[]);
  }
  const texts = isText ? Array.from({ length: h.values.count }, (_, id) => String(h.values.value(id) ?? "")) : [];
  return { kind: isText ? "text" : "register", ops, texts, initial: h.initial };
}

const generated: readonly Workload[] = [
  ...Array.from({ length: 60 }, (_, n) => workload(`small ${n}`, 85, 5, 1, "small", n % 3 > 0, 9, n)),
  ...seeds((n) => workload(`kv 50 clients ok, seed ${n}`, 2000, 50, 10, "append", false, 0, n)),
  ...seeds((n) => workload(`kv 50 clients bad, seed ${n}`, 2000, 50, 10, "append", true, 0, n)),
  workload("kv 10 clients ok", 1000, 10, 10, "append", false, 0, 3),
  workload("1 key, 50 clients, 1k ok", 1000, 50, 1, "unique", false, 0, 4),
  workload("1 key, 50 clients, 1k bad", 1000, 50, 1, "unique", true, 0, 5),
  workload("1 key, 50 clients, 10k ok", 10_000, 50, 1, "unique", false, 0, 6),
  workload("1 key, 50 clients, 10k unknown", 10_000, 50, 1, "unique", false, 2, 7),
  workload("1 key, 5 clients, 10k ok", 10_000, 5, 1, "unique", false, 0, 8),
  workload("100 keys, 50 clients, 100k ok", 100_000, 50, 100, "unique", false, 0, 9),
  workload("1 key, 50 clients, 1M ok", 1_000_000, 50, 1, "unique", false, 0, 10),
  workload("1 key, 50 clients, 1M bad", 1_000_000, 50, 1, "unique", true, 0, 11),
  workload("100 keys, 50 clients, 1M ok", 1_000_000, 50, 100, "unique", false, 0, 12),
];

/** Seeds 1 to 20. */
function seeds(make: (seed: number) => Workload): Workload[] {
  return Array.from({ length: 20 }, (_, n) => make(n + 1));
}

function workload(
  name: string,
  operations: number,
  clients: number,
  keys: number,
  kind: Workload["kind"],
  bad: boolean,
  unknownPercent: number,
  seed: number,
): Workload {
  return { name, operations, clients, keys, kind, bad, unknownPercent, seed };
}

/** The histories whose names hold `only`; the others are not even made. */
function* cases(manifest: string | undefined, only: string): Generator<Case> {
  if (manifest !== undefined) {
    for (const line of readFileSync(manifest, "utf8").trim().split("\n").slice(1)) {
      const [file, model] = line.split("\t") as [string, string];
      if (!file.includes(only)) continue;
      const options = model === "kv-append" ? { initial: "" } : {};
      const set = file.split("/")[0] as string;
      yield {
        name: file,
        set: set === "kv" ? file : set,
        history: readHistoryFile(join(dirname(manifest), file), options),
      };
    }
  }
  for (const w of generated) {
    if (!w.name.includes(only)) continue;
    const set = w.name.startsWith("small") ? "60 small, generated" : w.name.replace(/, seed \d+$/, "");
    yield { name: w.name, set, history: generate(w) };
  }
}

const median = (values: readonly number[]): number =>
  [...values].sort((x, y) => x - y)[values.length >> 1] ?? Number.NaN;
const least = (values: readonly number[]): number => Math.min(...values);

type Row = {
  readonly set: string;
  readonly name: string;
  readonly ours: Answer;
  readonly theirs: Answer | null;
  readonly oursLeast: number;
  readonly theirsLeast: number;
};

async function measure(one: Case, porcupine: Porcupine | null, rounds: number): Promise<Row> {
  const large = one.history.count > 50_000;
  const times = large ? 5 : rounds;
  const ours: number[] = [];
  const theirs: number[] = [];
  let verdict = "";
  let theirVerdict = "";
  // Porcupine keeps a bit set as long as the history per configuration: beyond this it only fills the memory.
  const compared = porcupine !== null && !(one.history.count > 20_000);
  if (compared) await porcupine.load(one.history);
  // The compiler works beside the checks and may get no processor for a while: warm means some time, not some runs.
  const warmUntilMs = performance.now() + 150;
  for (let warm = 0; warm < (large ? 1 : 20) || (!large && performance.now() < warmUntilMs); warm++)
    checkLinearizable(one.history, { shrinkMs: 0 });
  let theirRounds = times;
  for (let round = 0; round < times; round++) {
    const startedMs = performance.now();
    verdict = checkLinearizable(one.history, { shrinkMs: 0 }).verdict;
    ours.push((performance.now() - startedMs) * 1000);
    if (!compared || round >= theirRounds) continue;
    const answer = await porcupine.check();
    theirVerdict = answer.verdict;
    theirs.push(answer.us);
    if (answer.us > 2e6) theirRounds = 1; // Once is enough for what takes seconds.
  }
  return {
    set: one.set,
    name: one.name,
    ours: { verdict, us: median(ours) },
    theirs: compared ? { verdict: theirVerdict, us: median(theirs) } : null,
    oursLeast: least(ours),
    theirsLeast: theirs.length === 0 ? Number.NaN : least(theirs),
  };
}

function print(rows: readonly Row[]): void {
  const sets = new Map<string, Row[]>();
  for (const row of rows) sets.set(row.set, [...(sets.get(row.set) ?? []), row]);
  const line = (cells: readonly string[]): void => void process.stdout.write(`| ${cells.join(" | ")} |\n`);
  line(["history", "ours, ms (least)", "verdict", "porcupine, ms (least)", "verdict", "ratio"]);
  line(["---", "---", "---", "---", "---", "---"]);
  const ms = (us: number): string => (Number.isNaN(us) ? "-" : (us / 1000).toFixed(us < 1e5 ? 3 : 0));
  for (const [set, list] of sets) {
    const sum = (of: (row: Row) => number): number => list.reduce((total, row) => total + of(row), 0);
    const ours = sum((row) => row.ours.us);
    const theirs = sum((row) => row.theirs?.us ?? Number.NaN);
    const verdicts = (of: (row: Row) => string): string => [...new Set(list.map(of))].join(", ");
    line([
      list.length > 1 ? `${set}, sum of ${list.length}` : set,
      `${ms(ours)} (${ms(sum((row) => row.oursLeast))})`,
      verdicts((row) => row.ours.verdict),
      `${ms(theirs)} (${ms(sum((row) => row.theirsLeast))})`,
      verdicts((row) => row.theirs?.verdict ?? "not run"),
      Number.isNaN(theirs) ? "-" : `${(theirs / ours).toFixed(1)}x`,
    ]);
    if (list.length === 1) continue;
    printSpread(set, list);
  }
}

/** How the files of a set differ: the ratios of the medians and, in brackets, of the least times. */
function printSpread(set: string, list: readonly Row[]): void {
  const compared = list.filter((row) => row.theirs !== null);
  if (compared.length === 0) return;
  const ratio = (row: Row): number => (row.theirs as Answer).us / row.ours.us;
  const leastRatio = (row: Row): number => row.theirsLeast / row.oursLeast;
  const say = (choose: (values: readonly number[]) => number): string =>
    `${choose(compared.map(ratio)).toFixed(1)}x (${choose(compared.map(leastRatio)).toFixed(1)}x)`;
  const below = (limit: number): string => {
    const rows = compared.filter((row) => ratio(row) < limit);
    const names = rows.map((row) => `${row.name} ${ratio(row).toFixed(1)}x`).join("; ");
    return `below ${limit}x: ${rows.length}${rows.length === 0 || rows.length > 8 ? "" : ` (${names})`}`;
  };
  process.stdout.write(
    `\n${set}: per file least ${say(least)}, median ${say(median)}, most ${say((v) => Math.max(...v))}; ${below(0.8)}; ${below(25)}\n\n`,
  );
}

/** The benchmark. `args`: see the head of this file. */
export async function benchCheckers(args: readonly string[] = []): Promise<void> {
  const option = (name: string): string | undefined => (args.includes(name) ? args[args.indexOf(name) + 1] : undefined);
  const rounds = Number(option("--rounds") ?? 9);
  if (args.includes("--parsing")) return measureParsing(rounds);
  const folder = mkdtempSync(join(tmpdir(), "synod-porcupine-"));
  const porcupine = Porcupine.start(folder);
  if (porcupine === null)
    process.stderr.write("synod: no Go tool chain (or no module proxy): porcupine is left out.\n");
  const rows: Row[] = [];
  for (const one of cases(option("--manifest"), option("--only") ?? "")) {
    if (one.history.count === 0) continue;
    rows.push(await measure(one, porcupine, rounds));
    process.stderr.write(`${one.name}\n`);
  }
  print(rows);
  porcupine?.stop();
  rmSync(folder, { recursive: true });
}

if (process.argv[1] !== undefined && import.meta.url === pathToFileURL(process.argv[1]).href) {
  await benchCheckers(process.argv.slice(2));
}
