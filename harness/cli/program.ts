/** The verbs and their options, as commander knows them. */
import { Command, Option } from "commander";
import type { TimingProfile } from "../../protocols/core/index.js";
import {
  collect,
  parseCount,
  parseDuration,
  parseMinutes,
  parseNames,
  parseSeed,
  parseSeeds,
  parseTraced,
} from "./arguments.js";
import { SYNOD_VERSION } from "../record/index.js";
import { addBenchOptions, benchRequest } from "./benchRequest.js";
import { addCheckOptions, checkRequest } from "./checkRequest.js";
import type { ExitCode } from "./exit.js";
import { type Streams, terminal, type Terminal } from "./terminal.js";
import { check, checkAll } from "./verbs/check.js";
import type { ClusterOptions } from "./verbs/cluster.js";
import type { CompareOptions } from "./verbs/compare.js";
import { conform } from "./verbs/conform.js";
import { doctor } from "./verbs/doctor.js";
import { model } from "./verbs/model.js";
import { plan } from "./verbs/plan.js";
import { replay } from "./verbs/replay.js";
import { scenarios } from "./verbs/scenarios.js";
import { sim, type SimOptions } from "./verbs/sim.js";
import { step } from "./verbs/step.js";
import { validate } from "./verbs/validate.js";

const EXIT_WORDS = `
Exit codes: 0 all well, 1 a property was violated, 2 unknown or incomplete, 64 wrong usage or bad input.`;

/** The command line, parsed once. */
export interface Program {
  /** Parses the arguments, runs the verb and gives its exit code. Rejects with CommanderError for wrong usage. */
  run(): Promise<ExitCode>;
}

/** @param argv without node and script */
export function createProgram(argv: readonly string[], streams: Streams): Program {
  let code: ExitCode = 0;
  const program = new Command("synod")
    .description("A laboratory for replicated-log consensus: Raft, Multi-Paxos and ZAB under the same faults.")
    .version(SYNOD_VERSION)
    .option("--json", "print one JSON object on standard output; everything else goes to standard error")
    .addHelpText("after", EXIT_WORDS)
    .configureOutput({
      writeOut: streams.out,
      writeErr: streams.err,
      outputError: (text, write) => write(text.replace(/^error: /, "synod: ")),
    })
    .exitOverride();
  const verb = (name: string, words: string, act: Act): Command => {
    const command = program.command(name).description(words).addHelpText("after", EXIT_WORDS);
    command.option("--json", "print one JSON object on standard output; everything else goes to standard error");
    return command.action(async () => {
      const options = command.opts<Raw>();
      const json = options["json"] === true || program.opts()["json"] === true;
      code = await act(terminal(json, streams), options, command.args);
    });
  };
  addRunVerbs(verb, argv);
  addFileVerbs(verb);
  addLiveVerbs(verb);
  addSoakVerb(verb);
  addBenchVerb(verb);
  return {
    async run() {
      // Without a verb there is nothing to do but to say what there is.
      await program.parseAsync(argv.length === 0 ? ["--help"] : [...argv], { from: "user" });
      return code;
    },
  };
}

type Raw = Readonly<Record<string, unknown>>;
type Act = (out: Terminal, options: Raw, args: readonly string[]) => ExitCode | Promise<ExitCode>;
type AddVerb = (name: string, words: string, act: Act) => Command;

function timingOption(): Option {
  return new Option("--timing <profile>", "equal detection budgets, or the defaults of the protocols' real systems")
    .choices(["matched", "native"])
    .default("matched");
}

function deadlineOption(): Option {
  return new Option("--deadline <time>", "give up the check of a history after this long")
    .argParser(parseDuration)
    .default(20_000, "20s");
}

function formalDeadline(): Option {
  return new Option("--deadline <time>", "give up one model after this long")
    .argParser(parseDuration)
    .default(600_000, "10m");
}

function durationOption(): Option {
  return new Option("--duration <time>", "length of the measured part, in place of the scenario's").argParser(
    parseDuration,
  );
}

function addRunVerbs(verb: AddVerb, argv: readonly string[]): void {
  const command = `npx synod ${argv.join(" ")}`.trim();
  const comparing = (added: Command): Command =>
    added
      .option("--protocols <names>", "with commas; the consensus protocols if absent", parseNames)
      .addOption(new Option("--protocol <name>", "a single one").conflicts("protocols"))
      .option("--scenario <name or file>", "may be given several times", collect)
      .option("--seeds <seeds>", "for example 1..200", parseSeeds)
      .addOption(new Option("--seed <n>", "a single one").argParser(parseSeed).conflicts("seeds"))
      .option("--matrix [seeds]", "the incident's matrix besides, with these seeds (1 if none are given)", parseSeeds)
      .addOption(timingOption())
      .addOption(durationOption())
      .addOption(deadlineOption())
      .option("--out <dir>", "where report.html and results.ndjson go", "out");
  comparing(
    verb(
      "compare",
      "protocols x scenarios x seeds: paired results, all checks, an HTML report",
      async (out, options) => {
        // Loaded only here: what draws the report takes longer to load than any other verb takes to run.
        const { compare, compareDefaults } = await import("./verbs/compare.js");
        return compare({ ...compareDefaults(command), ...compareOptions(options), ...liveOptions(options) }, out);
      },
    ),
  )
    .addOption(
      new Option(
        "--real",
        "on clusters of processes on this machine, in real time; one seed if none are given",
      ).conflicts("matrix"),
    )
    .option(
      "--traced <events>",
      "of each node's trace in a real run; merged they end at 200000; 0: no trace",
      parseTraced,
    );
  comparing(
    verb("start", "the main job: the incident's telling cells, its matrix, and other faults", async (out, options) => {
      const { start } = await import("./verbs/start.js");
      return start(out, { ...compareOptions(options), command });
    }),
  );
  verb("sim", "one seeded run of one protocol", (out, options) => sim(simOptions(options), out))
    .requiredOption("--protocol <name>", "raft, multipaxos, zab or quorumregister")
    .requiredOption("--scenario <name or file>", "see `synod scenarios`")
    .option("--seed <n>", "0 to 4294967295", parseSeed, 1)
    .addOption(timingOption())
    .addOption(durationOption())
    .option("--steps <n>", "stop after this many step inputs", parseCount)
    .option("--trace <file>", "write the trace, NDJSON")
    .option("--history <file>", "write the client history, JSONL")
    .option("--out <dir>", "write the run's manifest and record")
    .option("--validate", "validate the run's trace against the TLA+ specification, by the run's beginning")
    .option("--shrink", "if a property breaks: leave out faults and operations until none can go")
    .addOption(deadlineOption());
}

function compareOptions(options: Raw): Partial<CompareOptions> {
  const { protocol, protocols, scenario, seed, seeds, matrix, timing, duration, deadline, out } = options;
  return {
    ...(protocols === undefined ? {} : { protocols: protocols as readonly string[] }),
    ...(protocol === undefined ? {} : { protocols: [protocol as string] }),
    ...(scenario === undefined ? {} : { scenarios: [...new Set(scenario as readonly string[])] }),
    ...(seeds === undefined ? {} : { seeds: seeds as readonly number[] }),
    ...(seed === undefined ? {} : { seeds: [seed as number] }),
    ...(matrix === undefined ? {} : { matrixSeeds: matrix === true ? [1] : (matrix as readonly number[]) }),
    timing: timing as TimingProfile,
    durationMs: duration as number | undefined,
    checkDeadlineMs: deadline as number,
    out: out as string,
  };
}

/** Only `compare` has them. A live run takes as long as it says, so there is one seed unless somebody asks for more. */
function liveOptions({ real, traced, seed, seeds }: Raw): Partial<CompareOptions> {
  return {
    ...(real === true ? { real: true } : {}),
    ...(real === true && seed === undefined && seeds === undefined ? { seeds: [1] } : {}),
    ...(traced === undefined ? {} : { tracedMax: traced as number }),
  };
}

function simOptions(options: Raw): SimOptions {
  return {
    protocol: options["protocol"] as string,
    scenario: options["scenario"] as string,
    seed: options["seed"] as number,
    timing: options["timing"] as TimingProfile,
    durationMs: options["duration"] as number | undefined,
    steps: options["steps"] as number | undefined,
    trace: options["trace"] as string | undefined,
    history: options["history"] as string | undefined,
    out: options["out"] as string | undefined,
    validate: options["validate"] === true,
    shrink: options["shrink"] === true,
    checkDeadlineMs: options["deadline"] as number,
  };
}

function addFileVerbs(verb: AddVerb): void {
  verb("replay", "a run manifest again, to the same hash", (out, options, args) =>
    replay(args[0] as string, options["deadline"] as number, out),
  )
    .argument("<manifest>", "as `synod sim --out` writes it")
    .addOption(deadlineOption());
  const checking = verb("check", "a client history against a consistency level", (out, options, args) => {
    const request = checkRequest(options, args);
    return request.manifest === undefined
      ? check(args[0] as string, request, out)
      : checkAll(request.manifest, request, out);
  });
  addCheckOptions(checking).addOption(deadlineOption());
  verb("model", "a protocol's TLA+ specification, explored by TLC within bounds", (out, options, args) =>
    model(args[0] as string, options["config"] as string, options["deadline"] as number, out),
  )
    .argument("<protocol>", "raft, multipaxos or zab")
    .option("--config <model>", "a model's name, or all: see `synod model <protocol> --config list`", "small")
    .addOption(formalDeadline());
  verb("conform", "specification and code against each other, edge by edge and state by state", (out, options, args) =>
    conform(args[0] as string, options["config"] as string, options["deadline"] as number, out),
  )
    .argument("<protocol>", "raft, multipaxos or zab")
    .option("--config <model>", "a model's name, or all", "small")
    .addOption(formalDeadline());
  verb("validate", "a traced run against the TLA+ specification of its protocol", (out, options, args) =>
    validate(args[0] as string, options["spec"] as string | undefined, out),
  )
    .argument("<trace>", "NDJSON, as `synod sim --trace` writes it")
    .option("--spec <name>", "raft, multipaxos or zab; what the trace says if absent");
  verb("step", "the script driver by hand: type events, see effects", (out, options, args) =>
    step(args[0], options["protocol"] as string | undefined, out),
  )
    .argument("[file]", "a script; standard input if absent")
    .option("--protocol <name>", "the protocol of `cluster` lines that name none");
  verb("scenarios", "what can be run", (out) => scenarios(out));
  verb("doctor", "what this machine has and lacks, and the line that installs it", (out) => doctor(out));
  verb("plan", "look at a topology before it is deployed", (out, _options, args) =>
    plan(args[0] as string, out),
  ).argument("<file>", "sites, round trips, nodes, timeouts");
}

function addBenchVerb(verb: AddVerb): void {
  const command = verb("bench", "commit latency and throughput of systems, side by side", async (out, options) => {
    const { bench } = await import("./verbs/bench.js");
    return bench(benchRequest(options), out);
  });
  addBenchOptions(command);
}

function addLiveVerbs(verb: AddVerb): void {
  verb("node", "one node of a cluster whose members are given by address", async (_out, _raw, args) => {
    const { runNodeProcess } = await import("../drivers/real/index.js");
    return runNodeProcess(args[0] as string);
  }).argument("<config>", "JSON, the same members in each node's: see harness/drivers/real/config.ts");
  verb(
    "cluster",
    "a cluster of processes on this machine; with an action: an order to one that runs",
    async (out, raw, args) => {
      const { cluster, orderCluster } = await import("./verbs/cluster.js");
      const [action, node] = args;
      return action === undefined
        ? cluster(clusterOptions(raw), out)
        : orderCluster(action, node, raw["dir"] as string, out);
    },
  )
    .argument("[action]", "status, kill, pause, resume, restart or stop")
    .argument("[node]", "n1 and so on, for kill, pause, resume and restart")
    .option("--protocol <name>", "raft, multipaxos or zab", "raft")
    .option("--nodes <n>", "voters", parseCount, 3)
    .option("--learners <n>", "learners besides", parseCount)
    .addOption(
      new Option("--scenario <name or file>", "its nodes, settings, weather and faults").conflicts([
        "nodes",
        "learners",
      ]),
    )
    .addOption(timingOption())
    .option("--seed <n>", "of weather and faults", parseSeed, 1)
    .option("--dir <dir>", "configurations, logs and data of the nodes", "out/cluster")
    .option("--fresh", "throw away what an earlier cluster has stored there");
}

function addSoakVerb(verb: AddVerb): void {
  verb(
    "soak",
    "live clusters under everything that can happen to them; at the end every acknowledged write is there",
    async (out, raw) => {
      const { soak, soakDefaults } = await import("./verbs/soak.js");
      const { protocol, protocols, seed, minutes, traced, out: dir, deadline } = raw;
      return soak(
        {
          ...soakDefaults(),
          ...(protocols === undefined ? {} : { protocols: protocols as readonly string[] }),
          ...(protocol === undefined ? {} : { protocols: [protocol as string] }),
          ...(seed === undefined ? {} : { seed: seed as number }),
          ...(traced === undefined ? {} : { tracedMax: traced as number }),
          durationMs: minutes as number,
          out: dir as string,
          checkDeadlineMs: deadline as number,
        },
        out,
      );
    },
  )
    .option("--protocols <names>", "with commas; the consensus protocols if absent", parseNames)
    .addOption(new Option("--protocol <name>", "a single one").conflicts("protocols"))
    .addOption(
      new Option("--minutes <n>", "of each protocol, 0.15 to 1440").argParser(parseMinutes).default(600_000, "10"),
    )
    .option("--seed <n>", "of faults and weather; drawn and printed if absent", parseSeed)
    .option("--traced <events>", "of each node's trace; merged they end at 200000; 0: no trace", parseTraced)
    .addOption(
      new Option("--deadline <time>", "give up the check of a history after this long")
        .argParser(parseDuration)
        .default(120_000, "2m"),
    )
    .option("--out <dir>", "data, logs, traces and histories of the runs", "out");
}

function clusterOptions(options: Raw): ClusterOptions {
  return {
    protocol: options["protocol"] as string,
    scenario: options["scenario"] as string | undefined,
    nodes: options["nodes"] as number,
    learners: (options["learners"] as number | undefined) ?? 0,
    timing: options["timing"] as TimingProfile,
    seed: options["seed"] as number,
    dir: options["dir"] as string,
    fresh: options["fresh"] === true,
  };
}
