/** Every property of Raft's specification can fail: each is broken once. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { check } from "tla2tools-runner";
import { expect, test } from "vitest";
import { specFolder } from "../../harness/conform/protocol.js";
import { forced } from "../../harness/conform/raft/conform.js";
import { Explorer } from "../../harness/conform/raft/explore.js";
import { boundsOf, configFile, models } from "../../harness/conform/raft/models.js";
import { raft } from "../../protocols/raft/index.js";

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
  const model = models.find((one) => one.name === name);
  if (model === undefined) throw new Error(`there is no model ${name}`);
  const { lines } = forced(new Explorer(raft, await boundsOf(model, raft)), model.prefix);
  const folder = mkdtempSync(join(tmpdir(), "synod-mutant-"));
  try {
    const config = join(folder, "mutant.cfg");
    const kind = property === "Refinement" ? "PROPERTY" : "INVARIANT";
    const alone = readFileSync(configFile(model), "utf8").replaceAll(/^(INVARIANTS|PROPERTY) .*$/gm, "");
    writeFileSync(config, `${change(alone)}\n${kind} ${property}\n`);
    const prefix = join(folder, "prefix.ndjson");
    writeFileSync(prefix, lines.map((step) => `${JSON.stringify(step)}\n`).join(""));
    const result = await check({
      spec: join(specFolder(), "raft", "MutantRaft.tla"),
      config,
      library: [join(specFolder(), "common")],
      environment: lines.length === 0 ? {} : { PREFIX: prefix },
      quickStart: true,
      timeoutMs: 100_000,
    });
    expect(result.reason).toBeNull();
    expect(result.verdict, `${result.distinctStates} states`).toBe("violated");
    expect(result.violation?.kind).toBe(property === "Refinement" ? "action property" : "invariant");
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});
