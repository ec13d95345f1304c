/** The bounded models of Raft: what TLC finds is what is written down, and the code comes to the same states. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { check } from "tla2tools-runner";
import { expect, test } from "vitest";
import { specFolder } from "../../harness/conform/protocol.js";
import type { CheckedProtocol } from "../../harness/conform/checked.js";
import { CHECKED } from "../../harness/conform/models.js";

const LONG = process.env["SYNOD_LONG"] !== undefined;
const raftModels = CHECKED.find(({ name }) => name === "raft") as CheckedProtocol;
const TIMEOUT_MS = 600_000;
const recorded = JSON.parse(readFileSync(join(specFolder(), "results/raft.json"), "utf8")) as Readonly<
  Record<string, { readonly distinctStates: number; readonly depth: number; readonly jarSha256: string }>
>;

test("every model's result is written down", () => {
  expect(Object.keys(recorded)).toEqual(raftModels.models.map(({ name }) => name));
});

test.each(LONG ? raftModels.models : raftModels.models.filter(({ name }) => name === "Small"))(
  "$name holds, as it is written down",
  { timeout: TIMEOUT_MS },
  async ({ name }) => {
    const result = await raftModels.check(name, { timeoutMs: TIMEOUT_MS });
    const { verdict, reason, distinctStates, depth, jarSha256 } = result;
    expect({ verdict, reason, distinctStates, depth, jarSha256 }).toEqual({
      verdict: "ok",
      reason: null,
      distinctStates: recorded[name]?.distinctStates,
      depth: recorded[name]?.depth,
      jarSha256: recorded[name]?.jarSha256,
    });
  },
);

test.each(LONG ? raftModels.models : raftModels.models.filter(({ name }) => name === "Small"))(
  "spec and code are equal in $name",
  { timeout: TIMEOUT_MS },
  async ({ name }) => {
    const outcome = await raftModels.conform(name, { timeoutMs: TIMEOUT_MS });
    expect(outcome.first).toEqual([]);
    expect(outcome.edgesReplayed).toBe(outcome.specEdges);
    expect(outcome.specEdges).toBeGreaterThan(500);
    expect([outcome.codeStates, outcome.onlyInSpec, outcome.onlyInCode]).toEqual([outcome.specStates, 0, 0]);
  },
);

test("with fair timers and links, somebody leads and what is taken is committed everywhere", {
  timeout: TIMEOUT_MS,
}, async () => {
  const result = await check({
    spec: join(specFolder(), "raft/MCRaft.tla"),
    config: join(specFolder(), "raft/MCRaftLive.cfg"),
    library: [join(specFolder(), "common")],
    quickStart: true,
    timeoutMs: TIMEOUT_MS,
  });
  expect([result.verdict, result.reason]).toEqual(["ok", null]);
  expect(result.distinctStates).toBeGreaterThan(50);
});
