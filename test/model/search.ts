/** Runs fast-check over clusters of one protocol and says how to repeat what it finds. */
import { boolean, check, constantFrom, integer, modelRun, noShrink, property, record } from "fast-check";
import type { AnyModule } from "../../protocols/core/index.js";
import { Cluster, emptyTally, type Setup, type Tally } from "./cluster.js";
import { commandsFor, Model } from "./commands.js";

export interface Replay {
  readonly seed: number;
  /** fast-check's way to the run and through its shrinking. */
  readonly path?: string | undefined;
  /** Which of the commands ran on that way. */
  readonly replayPath?: string | undefined;
}

export interface Found {
  readonly message: string;
  readonly replay: Replay;
  readonly setup: Setup;
  /** The commands that ran, in words. */
  readonly commands: readonly string[];
  readonly shrinks: number;
}

export interface Searched {
  readonly runs: number;
  readonly tally: Tally;
  /** null: every run agreed with the model. */
  readonly found: Found | null;
}

/** From the environment: what a failure's message says. Absent: this seed, from its first run. */
export function replayFromEnvironment(seed: number): Replay {
  const { SYNOD_MODEL_SEED, SYNOD_MODEL_PATH, SYNOD_MODEL_REPLAY } = process.env;
  return {
    seed: SYNOD_MODEL_SEED === undefined ? seed : Number(SYNOD_MODEL_SEED),
    path: SYNOD_MODEL_PATH,
    replayPath: SYNOD_MODEL_REPLAY,
  };
}

/** At most `runs` runs, and the shrinking of the first one that fails. Deterministic. */
export function search(module: AnyModule, replay: Replay, runs: number): Searched {
  const tally = emptyTally();
  const setups = record({
    // A smaller seed is not a simpler run.
    seed: noShrink(integer({ min: 0, max: 0xffffffff })),
    nodes: constantFrom(3, 5),
    lease: boolean(),
  });
  const agrees = property(setups, commandsFor(module.readLevels, replay.replayPath), (setup, commands) => {
    const cluster = new Cluster(module, setup, tally);
    modelRun(() => ({ model: new Model(), real: cluster }), commands);
    cluster.finish();
  });
  const { path } = replay;
  const details = check(agrees, {
    seed: replay.seed,
    numRuns: runs,
    ...(path === undefined ? {} : { path, endOnFailure: true }),
  });
  if (!details.failed) return { runs: details.numRuns, tally, found: null };
  if (details.counterexample === null) throw new Error("fast-check skipped too many runs");
  const [setup, commands] = details.counterexample as [Setup, object];
  // Only the text of the commands says which of them ran.
  const text = String(commands);
  const replayPath = /replayPath="(.*?)"/.exec(text)?.[1];
  const found: Replay = { seed: details.seed, path: details.counterexamplePath ?? undefined, replayPath };
  const ran = text
    .replace(/\/\*.*?\*\//, "")
    .split(/(?<=\)),/)
    .map((command) => command.trim())
    .filter((command) => command !== "");
  return {
    runs: details.numRuns,
    tally,
    found: {
      message: messageOf(module.name, details.errorInstance, setup, ran, found),
      replay: found,
      setup,
      commands: ran,
      shrinks: details.numShrinks,
    },
  };
}

function messageOf(
  protocol: string,
  error: unknown,
  setup: Setup,
  commands: readonly string[],
  replay: Replay,
): string {
  const what = error instanceof Error ? `${error.name}: ${error.message}` : String(error);
  return [
    `${protocol}: ${what}`,
    `${setup.nodes} nodes, world seed ${setup.seed}${setup.lease ? ", leases where there are any" : ""}, after ${commands.length} commands`,
    ...commands.map((command, i) => `  ${i + 1}. ${command}`),
    `repeat: ${commandOf(protocol, replay)}`,
  ].join("\n");
}

/** A line for a POSIX shell. */
export function commandOf(protocol: string, { seed, path, replayPath }: Replay): string {
  const settings = [`SYNOD_MODEL_SEED=${seed}`];
  if (path !== undefined) settings.push(`SYNOD_MODEL_PATH=${path}`);
  if (replayPath !== undefined) settings.push(`SYNOD_MODEL_REPLAY='${replayPath}'`);
  return `${settings.join(" ")} npm test -- test/model/model.test.ts -t ${protocol}`;
}
