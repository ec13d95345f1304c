/**
 * Every property of the specifications can fail: a mistake in the specification, or a bound that is too low, breaks it.
 * What cannot fail proves nothing. Every test run tries a few, the long one all.
 */
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { check, type CheckResult } from "tla2tools-runner";
import { describe, expect, test } from "vitest";
import type { ModelledProtocol } from "../../harness/conform/checked.js";
import { checkModel } from "../../harness/conform/conform.js";
import { multipaxosModels } from "../../harness/conform/multipaxos/models.js";
import { specFolder } from "../../harness/conform/protocol.js";
import { raftModels } from "../../harness/conform/raft/models.js";
import type { Protocol } from "../../protocols/core/index.js";

const LONG = process.env["SYNOD_LONG"] !== undefined;
const TIMEOUT_MS = LONG ? 600_000 : 120_000;

interface SpecMutant {
  readonly property: string;
  /** Part of every test run: it breaks within seconds. */
  readonly quick: boolean;
  readonly check: () => Promise<CheckResult>;
}

const configs = (protocol: string, pattern: RegExp): string[] =>
  readdirSync(join(specFolder(), protocol)).filter((file) => pattern.test(file));

/** A model of a protocol under a specification with mistakes, and another .cfg file. */
function broken<P extends Protocol, D extends object>(
  protocol: ModelledProtocol<P, D>,
  name: string,
  spec: string,
  config: string,
): Promise<CheckResult> {
  const model = [...protocol.models, ...protocol.specModels].find((one) => one.name === name);
  if (model === undefined) throw new Error(`${protocol.title} has no model ${name}`);
  const settings = { spec: join(specFolder(), spec), config, deadlock: false, quickStart: true, timeoutMs: TIMEOUT_MS };
  return checkModel(protocol, model, settings);
}

/** Which definition of MutantRaft.tla or MutantRaftReads.tla takes the place of which, in which model; or another change. */
const RAFT: readonly (readonly [property: string, model: string, change: string | ((config: string) => string)])[] = [
  ["ElectionSafety", "Disk", (config) => config.replace("ElectionQuorum = 2", "ElectionQuorum = 1")],
  ["OneLeaderPerTerm", "Disk", (config) => config.replace("ElectionQuorum = 2", "ElectionQuorum = 1")],
  ["ToldIsDurable", "Small", "WaitsFor <- WaitsForNothing"],
  ["TermMonotonic", "Disk", "ApplyWrite <- ForgetfulWrite"],
  ["CommitMonotonic", "Learner", "CommitTo <- CommitAsTold"],
  ["DurableAcknowledged", "Small", "WaitsFor <- WaitsForNothing"],
  ["Refinement", "Small", "WaitsFor <- WaitsForNothing"],
  ["LeaderCompleteness", "Figure8", "Committable <- CommittableOfAnyTerm"],
  ["StateMachineSafety", "Small", "CommitTo <- CommitToTheEnd"],
  ["LogMatching", "Truncate", (config) => `${longer(config)}\nCONSTANT AppendNew <- AppendOnly\n`],
  ["Elected", "Live", "CanBecomeLeader <- NeverWins"],
  ["Served", "Live", "CommitTo <- NeverTold"],
  ["LeaseReads", "Reads", "MaySilence <- SilentAtAnyTime"],
  ["LeaseReads", "Reads", (config) => `${losing(config)}\nCONSTANT Sticky <- NeverSticky\n`],
  ["FreshReads", "Reads", "StartReadRound <- EarlierRound"],
  ["FreshAnswers", "Reads", (config) => `${losing(config)}\nCONSTANT TermCommitted <- CommittedAlready\n`],
];
const RAFT_QUICK: ReadonlySet<string> = new Set(["DurableAcknowledged", "LeaderCompleteness", "Served"]);

/** Longer logs, and requests for them. */
function longer(config: string): string {
  return config.replace("LogMax = 1", "LogMax = 2").replace(', "ClientRequest"', "");
}

/** Messages are lost, too. */
function losing(config: string): string {
  return config.replace(', "Drop"', "");
}

function raftMutant([property, model, change]: (typeof RAFT)[number]): SpecMutant {
  const run = async (): Promise<CheckResult> => {
    const own = readFileSync(join(specFolder(), "raft", `MCRaft${model}.cfg`), "utf8");
    const changed = typeof change === "string" ? `${own}\nCONSTANT ${change}\n` : change(own);
    expect(changed).not.toBe(own);
    const isInvariant = new RegExp(`^INVARIANTS .*\\b${property}\\b`, "m").test(own);
    const alone = changed.replaceAll(/^(INVARIANTS|PROPERTY|PROPERTIES) .*$/gm, "");
    const folder = mkdtempSync(join(tmpdir(), "synod-mutant-"));
    try {
      const config = join(folder, "mutant.cfg");
      writeFileSync(config, `${alone}\n${isInvariant ? "INVARIANT" : "PROPERTY"} ${property}\n`);
      const spec = model === "Reads" ? "raft/MutantRaftReads.tla" : "raft/MutantRaft.tla";
      return await broken(raftModels, model, spec, config);
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  };
  return { property, quick: RAFT_QUICK.has(property), check: run };
}

/** Mutants of Multi-Paxos and ZAB have a .cfg file each. Those of a model with a prefix need the prefix. */
function multipaxosMutant(file: string): SpecMutant {
  const property = file.slice("Mutant".length, -".cfg".length);
  const config = join(specFolder(), "multipaxos", file);
  const model = property === "LeaseReads" ? "Lease" : "Small";
  return {
    property,
    quick: ["ToldIsDurable", "Served"].includes(property),
    check: () => broken(multipaxosModels, model, "multipaxos/MutantMultiPaxos.tla", config),
  };
}

function zabMutant(file: string): SpecMutant {
  const property = file.slice("MutantZab".length, -".cfg".length);
  return {
    property,
    quick: ["Agreement", "CommittedOnQuorum", "Progress"].includes(property),
    check: () =>
      check({
        spec: join(specFolder(), "zab/MutantZab.tla"),
        config: join(specFolder(), "zab", file),
        library: [join(specFolder(), "common")],
        quickStart: true,
        timeoutMs: TIMEOUT_MS,
      }),
  };
}

const MUTANTS: Readonly<Record<string, () => readonly SpecMutant[]>> = {
  raft: () => RAFT.map(raftMutant),
  multipaxos: () => configs("multipaxos", /^Mutant.*\.cfg$/).map(multipaxosMutant),
  zab: () => configs("zab", /^MutantZab.*\.cfg$/).map(zabMutant),
};

/** @param protocol its name */
export function specMutantsSuite(protocol: string): void {
  const mutants = MUTANTS[protocol]?.() ?? [];
  describe(`mistakes in the specification of ${protocol}`, () => canFail(protocol, mutants));
}

function canFail(protocol: string, mutants: readonly SpecMutant[]): void {
  test("every property that a model claims has a mistake that breaks it", () => {
    const claimed = configs(protocol, /^MC.*\.cfg$/).flatMap((file) => {
      const lines = readFileSync(join(specFolder(), protocol, file), "utf8").matchAll(
        /^(?:INVARIANTS?|PROPERTY|PROPERTIES) (.*)$/gm,
      );
      return [...lines].flatMap(([, names]) => (names as string).trim().split(" "));
    });
    expect(claimed.length).toBeGreaterThan(20);
    expect([...new Set(mutants.map(({ property }) => property))].sort()).toEqual([...new Set(claimed)].sort());
  });

  for (const mutant of mutants.filter(({ quick }) => LONG || quick)) {
    test(`${mutant.property} can fail`, { timeout: TIMEOUT_MS }, async () => {
      const { verdict, reason, violation, counterexample, distinctStates } = await mutant.check();
      expect([verdict, reason], `${distinctStates} states`).toEqual(["violated", null]);
      // TLC names a broken refinement by its place, and a temporal property not at all.
      if (violation?.kind === "invariant") expect(violation.property).toBe(mutant.property);
      else expect(violation?.kind).toMatch(/property$/);
      expect(counterexample?.states.length).toBeGreaterThan(1);
    });
  }
}
