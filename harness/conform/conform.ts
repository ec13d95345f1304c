/** A protocol's bounded models: checked by TLC, and held against the protocol's code in both directions. */
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Protocol, ProtocolModule } from "../../protocols/core/index.js";
import { check, type CheckResult, graph, type TlcOptions } from "tla2tools-runner";
import type { Model, ModelledProtocol, ModelOutcome, SpecModel, Step } from "./checked.js";
import { explore, type Explored, Explorer, type Move, WORDS_MAX } from "./explorer.js";
import { specFolder } from "./protocol.js";
import { compare, replay } from "./replay.js";
import { gather, sizeOf, type SpecGraph } from "./specGraph.js";

type GraphSettings = Pick<TlcOptions, "timeoutMs" | "heapMiB">;

/** A model with the graph that TLC made of it, for any number of cores. */
export interface Planned<P extends Protocol, D extends object> {
  readonly protocol: ModelledProtocol<P, D>;
  readonly model: Model;
  readonly graph: SpecGraph;
}

/** A prefix as the spec reads it: each step's name, and the text of its arguments. */
interface Line {
  readonly name: string;
  readonly args: string;
}

/** Takes the prefix's steps in the code. @throws Error for a step that fits no choice, or more than one */
function prefixLines<P extends Protocol, D extends object>(
  explorer: Explorer<P, D>,
  prefix: readonly Step[],
): readonly Line[] {
  let state = new Int32Array(WORDS_MAX);
  let length = explorer.initial(state);
  const lines: Line[] = [];
  for (const [action, ...parts] of prefix) {
    const fitting: (readonly [Move, number])[] = [];
    explorer.moves(state, length, false, (move, at) => {
      if (move.name === action && parts.every((part) => move.args.includes(part))) fitting.push([move, at]);
    });
    const [first, another] = fitting;
    const words = `${action} ${parts.join(" ")}`;
    if (first === undefined) throw new Error(`the prefix cannot do ${words} after ${lines.length} steps`);
    if (another !== undefined) throw new Error(`${words} is not one step but ${fitting.length}`);
    const [move, at] = first;
    length = explorer.take(state, length, move, at, false);
    if (length < 0) throw new Error(`the prefix fails at ${words}: ${explorer.why}`);
    state = explorer.target.slice();
    lines.push({ name: move.name, args: move.args });
  }
  return lines;
}

/** Runs TLC on a model, with a folder for the files that it needs. */
async function withModel<P extends Protocol, D extends object, T>(
  protocol: ModelledProtocol<P, D>,
  model: SpecModel,
  purpose: "check" | "graph",
  run: (options: TlcOptions, folder: string, prefixLength: number) => Promise<T>,
): Promise<T> {
  const { prefix: steps, spec = protocol.spec, deadlock = false, size } = model;
  const lines =
    steps.length === 0 ? [] : prefixLines(new Explorer(protocol.adapter(protocol.module, model, false)), steps);
  const folder = await mkdtemp(join(tmpdir(), "synod-model-"));
  try {
    const prefix = join(folder, "prefix.ndjson");
    await writeFile(prefix, lines.map((line) => `${JSON.stringify(line)}\n`).join(""));
    const options: TlcOptions = {
      spec: join(specFolder(), spec),
      config: join(specFolder(), protocol.config(model, purpose)),
      library: [join(specFolder(), "common")],
      environment: lines.length === 0 ? {} : { PREFIX: prefix },
      quickStart: size === "small",
      deadlock,
    };
    return await run(options, folder, lines.length);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/**
 * The model's properties, by TLC.
 * @param settings also in place of the model's own specification and .cfg file
 * @throws ToolError without Java or jar
 */
export function checkModel<P extends Protocol, D extends object>(
  protocol: ModelledProtocol<P, D>,
  model: SpecModel,
  settings: Partial<TlcOptions>,
): Promise<CheckResult> {
  return withModel(protocol, model, "check", (options) => check({ ...options, ...settings }));
}

/**
 * @param properties whether the same run checks what must hold, where the model has one .cfg file for both. @default false
 * @throws ToolError without Java or jar, Error where TLC did not finish
 */
export function planModel<P extends Protocol, D extends object>(
  protocol: ModelledProtocol<P, D>,
  model: Model,
  settings: GraphSettings = {},
  properties = false,
): Promise<Planned<P, D>> {
  return withModel(protocol, model, "graph", async (options, folder, prefixLength) => {
    const own = await readFile(options.config as string, "utf8");
    const config = join(folder, "graph.cfg");
    const emitted = own.replaceAll(/^ACTION_CONSTRAINT Emit$/gm, "");
    // Else the graph alone: what must hold is checked by `synod model`.
    const kept = properties ? emitted : emitted.replaceAll(/^(INVARIANTS?|PROPERTY|PROPERTIES) .*$/gm, "");
    await writeFile(config, `${kept}\nACTION_CONSTRAINT Emit\n`);
    const items = graph({ ...options, ...settings, config });
    const adapter = protocol.adapter(protocol.module, model, false);
    return { protocol, model, graph: await gather(adapter, prefixLength, items) };
  });
}

/**
 * Holds a core against the graph of a model.
 * @param hasty ends at the first difference, for planted bugs
 */
export function conformPlanned<P extends Protocol, D extends object>(
  { protocol, model, graph: spec }: Planned<P, D>,
  module: ProtocolModule<P>,
  hasty = false,
): ModelOutcome {
  const explorer = new Explorer(protocol.adapter(module, model, true));
  const replayed = replay(explorer, spec, hasty);
  const { states: specStates, edges: specEdges } = sizeOf(spec);
  const parted = hasty && replayed.divergences > 0;
  const explored =
    replayed.way === null || parted ? null : exploreFresh(protocol, module, model, replayed.way, specStates, hasty);
  const code = explored?.code ?? null;
  const compared = explored === null ? null : compare(explored.explorer, spec, explored.code);
  const exploreMs = explored?.fastestMs ?? 0;
  const perSecond = (count: number, ms: number): number => Math.round((count * 1000) / Math.max(ms, 0.001));
  const found = [replayed.first, compared?.first ?? null];
  return {
    name: model.name,
    specStates,
    specEdges,
    edgesReplayed: replayed.edges,
    divergences: replayed.divergences,
    firstAt: replayed.firstAt,
    codeStates: compared?.codeStates ?? 0,
    codeEdges: code?.edges ?? 0,
    onlyInSpec: compared?.onlyInSpec ?? specStates,
    onlyInCode: compared?.onlyInCode ?? 0,
    statesPerSecond: perSecond(compared?.codeStates ?? 0, exploreMs),
    edgesPerSecond: perSecond(code?.edges ?? 0, exploreMs),
    coreSteps: explored?.explorer.replicas.steps ?? 0,
    exploreMs: tenths(exploreMs),
    replayMs: tenths(replayed.wallMs),
    tlcStatesPerSecond: perSecond(spec.result.distinctStates, spec.result.wallMs),
    wallMs: tenths(spec.result.wallMs + replayed.wallMs + exploreMs),
    first: found.filter((one) => one !== null),
    way: replayed.way,
  };
}

function tenths(ms: number): number {
  return Math.round(ms * 10) / 10;
}

/** A short exploration is made again, as what is timed would else be the compiler. */
const SHORT_MS = 500;
const RUNS_MAX = 4;

/** From where the prefix ends, with a core that has not stepped before, so that its time is all there is to pay for. */
function exploreFresh<P extends Protocol, D extends object>(
  protocol: ModelledProtocol<P, D>,
  module: ProtocolModule<P>,
  model: Model,
  way: readonly string[],
  specStates: number,
  once: boolean,
): { readonly explorer: Explorer<P, D>; readonly code: Explored; readonly fastestMs: number } | null {
  let fastestMs = Number.POSITIVE_INFINITY;
  for (let run = 1; ; run += 1) {
    const explorer = new Explorer(protocol.adapter(module, model, false));
    const start = startOf(explorer, way);
    if (start === null) return null;
    // A planted bug may have no end of states.
    const code = explore(explorer, start, start.length, 4 * specStates + 10_000);
    fastestMs = Math.min(fastestMs, code.wallMs);
    if (once || run === RUNS_MAX || code.wallMs > SHORT_MS) return { explorer, code, fastestMs };
  }
}

/** Every step that the code can take in a model, behind a prefix. @throws Error where the code cannot take the prefix */
export function exploreModel<P extends Protocol, D extends object>(
  protocol: ModelledProtocol<P, D>,
  model: Model,
  way: readonly string[],
): void {
  const explorer = new Explorer(protocol.adapter(protocol.module, model, true));
  const start = startOf(explorer, way);
  if (start === null) throw new Error(`the code cannot take the prefix of ${model.name}`);
  explore(explorer, start, start.length, Number.POSITIVE_INFINITY);
}

/** Where these labels lead from the initial state; null: the code cannot take one of them. */
function startOf<P extends Protocol, D extends object>(
  explorer: Explorer<P, D>,
  way: readonly string[],
): Int32Array | null {
  let state = new Int32Array(WORDS_MAX);
  let length = explorer.initial(state);
  for (const label of way) {
    let found: readonly [Move, number] | null = null as readonly [Move, number] | null;
    explorer.moves(state, length, false, (move, at) => {
      if (`${move.name} ${move.args}` === label) found = [move, at];
    });
    if (found === null) return null;
    length = explorer.take(state, length, found[0], found[1], false);
    if (length < 0) return null;
    state = explorer.target.slice();
  }
  return state.slice(0, length);
}
