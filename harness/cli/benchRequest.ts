/** What `synod bench` was asked for, from its options. */
import { tmpdir } from "node:os";
import { InvalidArgumentError, Option, type Command } from "commander";
import {
  type BenchPlan,
  type Demand,
  OPEN_CLIENTS,
  parseSubject,
  type ReadLevelName,
  runningCluster,
  type Subject,
  SUBJECT_WORDS,
  subjectOf,
  type Target,
} from "../subjects/bench/index.js";
import { InputError } from "../scenarios/index.js";
import { parseCount, parseDuration, parseNames } from "./arguments.js";

/** A benchmark that was asked for, its options read and checked. */
export interface BenchRequest {
  readonly plan: BenchPlan;
  /** Subjects that others are divided by, if they are measured. */
  readonly against: readonly string[];
  /** A file of results, to which lines are added; null: none. */
  readonly results: string | null;
  /** A page with tables and plots; null: none. */
  readonly html: string | null;
  /** The same tables for a page in Markdown; null: none. */
  readonly markdown: string | null;
  /** A folder for the plots as SVG; null: none. */
  readonly svg: string | null;
  /** Measure nothing: show what a file of results holds. */
  readonly from: string | null;
  /** Whether the user named the subjects, so that a missing one leaves the run incomplete. */
  readonly named: boolean;
}

const DEFAULT_SUBJECTS = [
  "raft",
  "multipaxos",
  "zab",
  "etcd",
  "zookeeper",
  "hraft",
  "plainLoop",
  "raft/nosync",
  "plainLoop/nosync",
] as const;
const DEFAULT_AGAINST = ["hraft", "etcd", "zookeeper", "plainLoop"] as const;

type Raw = Readonly<Record<string, unknown>>;

function parseSubjects(text: string): readonly Subject[] {
  return parseNames(text).map((name) => {
    try {
      return subjectOf(parseSubject(name));
    } catch (error) {
      if (error instanceof RangeError) throw new InvalidArgumentError(`${error.message}.`);
      throw error;
    }
  });
}

function parseCounts(text: string): readonly number[] {
  return parseNames(text).map(parseCount);
}

function parseShare(text: string): number {
  const share = /^\d+(\.\d+)?$/.test(text) ? Number(text) : Number.NaN;
  if (!(share <= 1)) throw new InvalidArgumentError("Expected a share from 0 to 1.");
  return share;
}

function parsePlace(text: string): string {
  if (!/^(leader|follower|any|[1-9]\d?)$/.test(text))
    throw new InvalidArgumentError("Expected leader, follower, any, or a node's place from 1.");
  return text;
}

function parseAddresses(text: string): readonly string[] {
  const addresses = parseNames(text);
  if (!addresses.every((address) => /^[^\s:]+:\d{1,5}$|^\[[0-9a-fA-F:]+\]:\d{1,5}$/.test(address)))
    throw new InvalidArgumentError("Expected addresses such as 127.0.0.1:7000, with commas.");
  return addresses;
}

/** The options of `synod bench`. */
export function addBenchOptions(command: Command): Command {
  return command
    .addOption(
      new Option("--subjects <names>", `with commas; each is ${SUBJECT_WORDS}`)
        .argParser(parseSubjects)
        .default(undefined, DEFAULT_SUBJECTS.join(",")),
    )
    .option("--endpoints <addresses>", "measure a cluster that is running, in the order of its members", parseAddresses)
    .addOption(
      new Option("--target <protocol>", "how --endpoints are spoken to")
        .choices(["lean", "etcd", "zookeeper"])
        .default("lean"),
    )
    .option("--cluster <id>", "the id of the cluster behind --endpoints, for the lean protocol", "synod")
    .option("--clients <counts>", "closed loop: each waits for its answer", parseCounts, [1, 8, 64, 256])
    .addOption(
      new Option("--rate <rates>", "open loop: requests a second, timed from when each should have left")
        .argParser(parseCounts)
        .conflicts("clients"),
    )
    .addOption(new Option("--sweep", "open loop at rising rates, to the knee").conflicts(["clients", "rate"]))
    .addOption(
      new Option("--p99-max <time>", "--sweep: a rate with a slower p99 is not kept up with")
        .argParser(parseDuration)
        .default(50, "50ms"),
    )
    .option("--reads <share>", "share of reads among the requests", parseShare, 0)
    .addOption(
      new Option("--level <level>", "what reads promise")
        .choices(["linearizable", "sync", "local"])
        .default("linearizable"),
    )
    .option("--at <node>", "which node is asked: leader, follower, any, or its place from 1", parsePlace, "leader")
    .option("--value-bytes <n>", "size of a value", parseCount, 256)
    .option("--keys <n>", "different keys", parseCount, 1000)
    .option("--rounds <n>", "how often everything is measured", parseCount, 5)
    .option("--keep-running", "start everything once, not anew for each round")
    .addOption(
      new Option("--duration <time>", "length of one measurement").argParser(parseDuration).default(2_000, "2s"),
    )
    .addOption(new Option("--warmup <time>", "before each measurement").argParser(parseDuration).default(1_000, "1s"))
    .addOption(
      new Option("--first-warmup <time>", "after each start, with many clients: code is compiled, log files are made")
        .argParser(parseDuration)
        .default(2_000, "2s"),
    )
    .option("--against <names>", "subjects that the others are divided by", parseNames, DEFAULT_AGAINST)
    .option("--dir <dir>", "where data goes: on the disk that is to be measured", tmpdir())
    .option("--results <file>", "add a line of JSON for each measurement")
    .option("--html <file>", "write a page with tables and plots")
    .option("--markdown <file>", "write the tables in Markdown")
    .option("--svg <dir>", "write the plots as files of their own")
    .option("--from <file>", "measure nothing: show what a file of results holds");
}

/** @throws InputError for options that cannot be */
export function benchRequest(options: Raw): BenchRequest {
  const endpoints = options["endpoints"] as readonly string[] | undefined;
  const named = options["subjects"] as readonly Subject[] | undefined;
  if (endpoints !== undefined && named !== undefined)
    throw new InputError({
      file: "bench",
      path: "",
      expected: "one of --endpoints and --subjects",
      found: "both",
    });
  const target = options["target"] as Target;
  const subjects =
    endpoints !== undefined
      ? [runningCluster(target, endpoints, options["cluster"] as string)]
      : (named ?? DEFAULT_SUBJECTS.map((name) => subjectOf(parseSubject(name))));
  const rates = options["rate"] as readonly number[] | undefined;
  const demands: readonly Demand[] =
    rates === undefined
      ? (options["clients"] as readonly number[]).map((clients) => ({ clients, rate: 0 }))
      : rates.map((rate) => ({ clients: OPEN_CLIENTS, rate }));
  return {
    plan: {
      subjects,
      demands,
      sweep: options["sweep"] === true ? { clients: 256, p99MaxUs: (options["p99Max"] as number) * 1000 } : null,
      rounds: options["rounds"] as number,
      keepRunning: options["keepRunning"] === true,
      durationMs: options["duration"] as number,
      warmupMs: options["warmup"] as number,
      firstWarmupMs: endpoints === undefined ? (options["firstWarmup"] as number) : 0,
      valueBytes: options["valueBytes"] as number,
      keys: options["keys"] as number,
      reads: options["reads"] as number,
      level: options["level"] as ReadLevelName,
      at: options["at"] as string,
      seed: 1,
      dir: options["dir"] as string,
    },
    against: options["against"] as readonly string[],
    results: (options["results"] as string | undefined) ?? null,
    html: (options["html"] as string | undefined) ?? null,
    markdown: (options["markdown"] as string | undefined) ?? null,
    svg: (options["svg"] as string | undefined) ?? null,
    from: (options["from"] as string | undefined) ?? null,
    named: named !== undefined || endpoints !== undefined,
  };
}
