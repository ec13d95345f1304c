/** Every property of Raft's specification can fail: each is broken once. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { checkModel } from "../../harness/conform/conform.js";
import { modelOf } from "../../harness/conform/models.js";
import { specFolder } from "../../harness/conform/protocol.js";
import { raftModels } from "../../harness/conform/raft/models.js";

function put(name: string, inPlaceOf: string): (config: string) => string {
  return (config) => `${config}\nCONSTANT ${inPlaceOf} <- ${name}\n`;
}

/** Longer logs, and requests for them. */
function longer(config: string): string {
  return config.replace("LogMax = 1", "LogMax = 2").replace(', "ClientRequest"', "");
}

/** The property, the model, what is changed in it. */
const MUTANTS: readonly (readonly [property: string, model: string, change: (config: string) => string])[] = [
  ["ElectionSafety", "Disk", (config) => config.replace("ElectionQuorum = 2", "ElectionQuorum = 1")],
  ["DurableAcknowledged", "Small", put("WaitsForNothing", "WaitsFor")],
  ["Refinement", "Small", put("WaitsForNothing", "WaitsFor")],
  ["LeaderCompleteness", "Figure8", put("CommittableOfAnyTerm", "Committable")],
  ["StateMachineSafety", "Small", put("CommitToTheEnd", "CommitTo")],
  ["LogMatching", "Truncate", (config) => put("AppendOnly", "AppendNew")(longer(config))],
];

test.each(MUTANTS)("%s can fail", { timeout: 120_000 }, async (property, name, change) => {
  const model = modelOf(raftModels, name);
  const folder = mkdtempSync(join(tmpdir(), "synod-mutant-"));
  try {
    const config = join(folder, "mutant.cfg");
    const kind = property === "Refinement" ? "PROPERTY" : "INVARIANT";
    const alone = readFileSync(join(specFolder(), raftModels.config(model, "check")), "utf8").replaceAll(
      /^(INVARIANTS|PROPERTY) .*$/gm,
      "",
    );
    writeFileSync(config, `${change(alone)}\n${kind} ${property}\n`);
    const spec = join(specFolder(), "raft", "MutantRaft.tla");
    const result = await checkModel(raftModels, model, { spec, config, quickStart: true, timeoutMs: 100_000 });
    expect(result.reason).toBeNull();
    expect(result.verdict, `${result.distinctStates} states`).toBe("violated");
    expect(result.violation?.kind).toBe(property === "Refinement" ? "action property" : "invariant");
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});
