/** Holds a protocol's core equal to its models, and every planted bug caught by traces, replay or comparison of graphs. */
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import { describe, expect, test } from "vitest";
import type { ModelledProtocol } from "../../../harness/conform/checked.js";
import { conformPlanned, type Planned, planModel } from "../../../harness/conform/conform.js";
import { type MutantRow, mutantsFile } from "../../../harness/conform/mutants.js";
import type { TracedProtocol, TraceEvent } from "../../../harness/conform/protocol.js";
import { validateEvents } from "../../../harness/conform/validate.js";
import { isCheckedWithGraph, isQuick } from "../quick.js";
import { expectRecorded } from "../recorded.js";
import { type AnyModule, anyModule, type Protocol, type ProtocolModule } from "../../../protocols/core/index.js";

/** A bug planted into a core. */
export interface Mutant<P extends Protocol> {
  /** Names the bug of a real system that this one follows, where it has a name. */
  readonly id: string;
  /** What goes wrong, in a line. */
  readonly what: string;
  readonly module: ProtocolModule<P>;
}

export interface MutantSubject<P extends Protocol, D extends object> {
  readonly protocol: ModelledProtocol<P, D>;
  readonly traced: TracedProtocol;
  readonly mutants: () => Promise<readonly Mutant<P>[]>;
  /** Seeds of the traces that are tried for each planted bug, and how many inputs each has. */
  readonly seeds: readonly number[];
  readonly inputs: number;
  readonly trace: (module: AnyModule, seed: number, inputs: number) => readonly TraceEvent[];
}

const LONG = process.env["SYNOD_LONG"] !== undefined;
const REWRITE = process.env["SYNOD_REWRITE"] !== undefined;
/** Every tie of every bug, for the table; else one is enough. */
const ALL = LONG || REWRITE;
const TIMEOUT_MS = ALL ? 3_600_000 : 200_000;
const TLC_TIMEOUT_MS = ALL ? 1_200_000 : 100_000;
/** A core with a planted bug may reach very much more than the specification. */
const HEAP_MIB = 3000;

export function mutantSuite<P extends Protocol, D extends object>(subject: MutantSubject<P, D>): void {
  const { protocol } = subject;
  const seen = new Set<string>();
  const models = protocol.models.filter((model) => {
    const config = protocol.config(model, "graph");
    const first = !seen.has(config);
    seen.add(config);
    return first && (LONG || isQuick(protocol.name, model) || (REWRITE && model.size === "small"));
  });
  const plans: Planned<P, D>[] = [];

  describe(`${protocol.title} against its specification`, () => {
    for (const model of models) {
      test(`${model.name}: ${model.about}`, { timeout: TIMEOUT_MS }, async () => {
        const settings = { timeoutMs: TLC_TIMEOUT_MS, heapMiB: HEAP_MIB };
        const both = !LONG && isCheckedWithGraph(protocol.name, model);
        const plan = await planModel(protocol, model, settings, both);
        plans.push(plan);
        if (both) expectRecorded(protocol.name, model.name, plan.graph.result);
        const found = conformPlanned(plan, protocol.module);
        expect(found.first).toEqual([]);
        expect(found.edgesReplayed).toBe(found.specEdges);
        expect(found.specEdges).toBeGreaterThan(20);
        expect([found.codeStates, found.divergences]).toEqual([found.specStates, 0]);
        expect([found.onlyInSpec, found.onlyInCode]).toEqual([0, 0]);
      });
    }

    test("every planted bug is caught", { timeout: TIMEOUT_MS }, async () => {
      const mutants = await subject.mutants();
      expect(mutants.length).toBeGreaterThanOrEqual(12);
      const byTrace = await caughtByTraces(subject, mutants);
      const rows = mutants.map((mutant): MutantRow => {
        const { id, what } = mutant;
        return { id, what, trace: byTrace.get(id) ?? null, ...caughtByModels(plans, mutant) };
      });
      hold(protocol.name, rows);
    });
  });
}

/** One run of TLC for the traces of every core. */
async function caughtByTraces<P extends Protocol, D extends object>(
  { traced, seeds, inputs, trace, protocol }: MutantSubject<P, D>,
  mutants: readonly Mutant<P>[],
): Promise<ReadonlyMap<string, NonNullable<MutantRow["trace"]>>> {
  const recorded = REWRITE ? new Map<string, MutantRow>() : rowsOf(protocol.name);
  const tried = mutants.flatMap(({ id, module }) => {
    // Where it is known which seed shows the bug, that one is enough.
    const known = recorded.get(id);
    const wanted = known === undefined ? seeds : known.trace === null ? [] : [known.trace.seed];
    return wanted.map((seed) => ({ id, seed, events: trace(anyModule(module), seed, inputs) }));
  });
  if (tried.length === 0) return new Map();
  const found = await validateEvents(
    traced,
    tried.map(({ events }) => events),
    {
      timeoutMs: TLC_TIMEOUT_MS,
      heapMiB: HEAP_MIB,
    },
  );
  expect(found.results.filter(({ verdict }) => verdict === "inconclusive")).toEqual([]);
  const caught = new Map<string, NonNullable<MutantRow["trace"]>>();
  for (const [at, { rejectedAt }] of found.results.entries()) {
    const { id, seed } = tried[at] as (typeof tried)[number];
    const before = caught.get(id);
    if (rejectedAt === null || (before !== undefined && before.event <= rejectedAt)) continue;
    caught.set(id, { seed, event: rejectedAt });
  }
  return caught;
}

/** The model that shows it after the fewest edges, and the one whose graph differs in the fewest states that were explored. */
function caughtByModels<P extends Protocol, D extends object>(
  plans: readonly Planned<P, D>[],
  { module }: Mutant<P>,
): Pick<MutantRow, "replay" | "graph"> {
  let replay: MutantRow["replay"] = null;
  let graph: MutantRow["graph"] = null;
  for (const plan of plans) {
    const found = conformPlanned(plan, module, true);
    const model = plan.model.name;
    if (found.firstAt > 0 && (replay === null || found.firstAt < replay.edge))
      replay = { model, edge: found.firstAt, ms: found.replayMs };
    if (!ALL && replay !== null) break;
    // As if there were no replay.
    const alone = found.divergences === 0 ? found : conformPlanned(plan, module);
    if (alone.onlyInCode + alone.onlyInSpec === 0 || alone.codeStates === 0) continue;
    if (graph !== null && graph.codeStates <= alone.codeStates) continue;
    const { onlyInSpec, onlyInCode, codeStates, exploreMs } = alone;
    graph = { model, onlyInSpec, onlyInCode, codeStates, ms: exploreMs };
  }
  return { replay, graph };
}

function rowsOf(protocol: string): Map<string, MutantRow> {
  const file = mutantsFile(protocol);
  if (!existsSync(file)) return new Map();
  const rows = JSON.parse(readFileSync(file, "utf8")) as readonly MutantRow[];
  return new Map(rows.map((row) => [row.id, row]));
}

/** Every planted bug is caught, and is one of those that are written down. */
function hold(protocol: string, rows: readonly MutantRow[]): void {
  if (REWRITE) {
    const file = mutantsFile(protocol);
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, `[\n${rows.map((row) => `  ${JSON.stringify(row)}`).join(",\n")}\n]\n`);
  }
  const recorded = rowsOf(protocol);
  expect(rows.map(({ id }) => id)).toEqual([...recorded.keys()]);
  const isFree = ({ id, trace, replay, graph }: MutantRow): boolean => {
    if (trace !== null || replay !== null || graph !== null) return false;
    // The short run has not every model; whoever it misses is known to be caught by one that it leaves out.
    const known = recorded.get(id);
    return ALL || known === undefined || (known.replay === null && known.graph === null);
  };
  expect(rows.filter(isFree).map(({ id }) => id)).toEqual([]);
}
