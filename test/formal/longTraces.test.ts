/** Long traces are followed to their end, and an event near it that is not what happened is told from what is. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { specFolder, type TracedProtocol, type TraceEvent } from "../../harness/conform/protocol.js";
import { tracedEvents } from "../../harness/conform/runs.js";
import { TRACED } from "../../harness/conform/traced.js";
import { validateEvents } from "../../harness/conform/validate.js";
import { loadScenario, resolveOptions } from "../../harness/scenarios/index.js";
import { type AnyModule, anyModule } from "../../protocols/core/index.js";
import { multipaxos } from "../../protocols/multipaxos/index.js";
import { raft } from "../../protocols/raft/index.js";
import { zab } from "../../protocols/zab/index.js";

const MODULES: readonly AnyModule[] = [anyModule(raft), anyModule(multipaxos), anyModule(zab)];
const LONG = process.env["SYNOD_LONG"] !== undefined;
const INPUTS = LONG ? 60_000 : 3000;
const FROM_END = 50;
/** How far a replica takes entries for decided, by the name that each protocol has for it. */
const DECIDED = ["commitIndex", "decided", "lastCommitted"];

interface Shown extends TraceEvent {
  readonly state: Readonly<Record<string, unknown>>;
}

function longTrace({ name }: TracedProtocol): readonly Shown[] {
  const module = MODULES.find((one) => one.name === name) as AnyModule;
  const scenario = { ...loadScenario("calm"), durationMs: 600_000 };
  const options = resolveOptions(scenario, module, "matched", scenario.name);
  return tracedEvents({ module, scenario, options, timing: "matched", seed: 1 }, INPUTS) as readonly Shown[];
}

/** The trace with one more entry decided in one event near its end, and the place of that event. */
function tampered(trace: readonly Shown[]): readonly [number, Shown[]] {
  const fieldOf = ({ state }: Shown): string | undefined => DECIDED.find((field) => typeof state[field] === "number");
  const at = trace.findLastIndex((event, k) => k <= trace.length - FROM_END && fieldOf(event) !== undefined);
  const event = trace[at] as Shown;
  const field = fieldOf(event) as string;
  const state = { ...event.state, [field]: (event.state[field] as number) + 1 };
  return [at, trace.with(at, { ...event, state })];
}

describe.each(TRACED)("a long trace of $title", (protocol) => {
  test("is accepted, and rejected at the event that was changed", { timeout: 600_000 }, async () => {
    const trace = longTrace(protocol);
    const [at, changed] = tampered(trace);
    expect(at).toBeGreaterThan(INPUTS / 2);
    const { results } = await validateEvents(protocol, [trace, changed], { timeoutMs: 500_000, heapMiB: 4096 });
    expect(results).toMatchObject([
      { verdict: "accepted", matched: trace.length - 1 },
      { verdict: "rejected", rejectedAt: at, differences: [{ what: "state" }] },
    ]);
  });
});

/** One that is not would be applied to a log that TLC does not know. */
test.each(["raft/TraceRaft.cfg", "multipaxos/TraceMultiPaxos.cfg"])("%s replaces all that is done with logs", (cfg) => {
  const defined = [...readFileSync(join(specFolder(), "common/Log.tla"), "utf8").matchAll(/^(\w+)(?:\(.*\))? ==/gm)];
  const replaced = [...readFileSync(join(specFolder(), cfg), "utf8").matchAll(/^ *(\w+) <- Shared\w+$/gm)];
  expect(defined.length).toBeGreaterThan(5);
  expect(replaced.map(([, name]) => name)).toEqual(defined.map(([, name]) => name));
});
