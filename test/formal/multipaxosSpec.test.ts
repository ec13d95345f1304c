/** TLC on the bounded models of Multi-Paxos: what holds, what must not, and the numbers written down in spec/results. */
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { check } from "tla2tools-runner";
import { expect, test } from "vitest";
import type { Model } from "../../harness/conform/checked.js";
import { checkModel } from "../../harness/conform/conform.js";
import { multipaxosModels, specModels } from "../../harness/conform/multipaxos/models.js";
import { specFolder } from "../../harness/conform/protocol.js";

interface Written {
  readonly distinctStates: number;
  readonly generatedStates: number;
  readonly depth: number;
  /** Milliseconds, on whatever machine wrote it. */
  readonly wallMs: number;
  readonly jarSha256: string;
}

const specPath = (file: string): string => join(specFolder(), "multipaxos", file);
const LONG = process.env["SYNOD_LONG"] !== undefined;
const REWRITE = process.env["SYNOD_REWRITE"] !== undefined && LONG;
const TIMEOUT = LONG ? 1_800_000 : 120_000;
const FILE = join(specFolder(), "results", "multipaxos.json");
const QUICK: ReadonlySet<string> = new Set(["Small", "Live"]);
const written: Record<string, Written> = REWRITE
  ? {}
  : (JSON.parse(readFileSync(FILE, "utf8")) as Record<string, Written>);

for (const model of [...multipaxosModels.models, ...specModels].filter(({ name }) => LONG || QUICK.has(name))) {
  test(`${model.name} holds, in as many states as written down`, { timeout: TIMEOUT }, async () => {
    const result = await checkModel(multipaxosModels, model, { quickStart: !LONG, heapMiB: 3000 });
    expect([result.verdict, result.reason, result.violation]).toEqual(["ok", null, null]);
    const { distinctStates, generatedStates, depth, jarSha256 } = result;
    if (REWRITE) {
      written[model.name] = { distinctStates, generatedStates, depth, wallMs: Math.round(result.wallMs), jarSha256 };
      writeFileSync(FILE, `${JSON.stringify(written, null, 2)}\n`);
    }
    const { wallMs: _, ...expected } = written[model.name] as Written;
    expect({ distinctStates, generatedStates, depth, jarSha256 }).toEqual(expected);
  });
}

/** What each wrong definition must break; `after`: the model whose prefix it needs. */
const wrong: readonly { readonly property: string; readonly after?: Model | undefined }[] = [
  { property: "ToldIsDurable" },
  { property: "DecidedIsDurable" },
  { property: "Refinement" },
  { property: "AcceptedBelowPromised" },
  { property: "Agreement" },
  { property: "OneValuePerBallot" },
  { property: "ContiguousApply" },
  { property: "PromiseMonotonic" },
  { property: "LeaseReads", after: specModels.find(({ name }) => name === "Lease") },
];
const QUICKLY_BROKEN = 1;

for (const { property, after } of LONG ? wrong : wrong.slice(0, QUICKLY_BROKEN)) {
  test(`${property} can fail`, { timeout: TIMEOUT }, async () => {
    const spec = specPath("MutantMultiPaxos.tla");
    const config = specPath(`Mutant${property}.cfg`);
    const library = [join(specFolder(), "common")];
    const settings = { spec, config, library, quickStart: true };
    const result = after === undefined ? await check(settings) : await checkModel(multipaxosModels, after, settings);
    expect([result.verdict, result.violation?.property]).toEqual(["violated", property]);
    expect(result.counterexample?.states.length).toBeGreaterThan(1);
  });
}
