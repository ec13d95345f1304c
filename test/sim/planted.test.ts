/** Every invariant catches a bug that was planted for it: a checker that cannot fail says nothing. */
import { afterEach, describe, expect, test, vi } from "vitest";
import { Sessions } from "../../harness/host/sessions.js";
import type { Fault } from "../../harness/scenarios/index.js";
import type { AnyModule, Entry, Status } from "../../protocols/core/index.js";
import {
  type Effects,
  firstBroken,
  PROTOCOLS,
  RAFT,
  runSeed,
  scenarioOf,
  type Step,
  withEffects,
  withInputs,
} from "./support.js";

const CRASHES: readonly Fault[] = [
  { type: "crash-after-persist", nodes: "all", withinMs: 1.5, chance: 0.002, atMs: 500 },
  { type: "crash", nodes: "all", atMs: 2_000, forMs: 50, everyMs: 5_000, tornWrite: 0.5 },
];
const QUIET = scenarioOf([]);
const STORMY = scenarioOf(CRASHES);
/** Old messages arrive late, and the nodes that get them have been down in between. */
const LATE = scenarioOf(
  [
    { type: "crash-after-persist", nodes: "all", withinMs: 1.5, chance: 0.05, atMs: 100 },
    { type: "weather", between: "all", weather: { delayMs: { min: 1, max: 50 }, jitterMs: 600, loss: 0.1 }, atMs: 0 },
  ],
  { durationMs: 15_000 },
);
const ELECTIONS = scenarioOf(
  [
    { type: "crash", nodes: "leader", atMs: 1_000, forMs: 300, everyMs: 2_500 },
    { type: "weather", between: "all", weather: { delayMs: { min: 1, max: 40 }, jitterMs: 80, loss: 0.1 }, atMs: 0 },
  ],
  { nodes: 5, durationMs: 20_000 },
);
/** Everyone's timer runs out at nearly the same moment, so that elections collide. */
const RACES = scenarioOf([{ type: "crash", nodes: "leader", atMs: 500, forMs: 1_000, everyMs: 2_500 }], {
  nodes: 5,
  links: { kind: "datagram", local: { delayMs: 20, jitterMs: 20 } },
  options: { raft: { preVote: false, checkQuorum: false, electionTimeoutMinMs: 1_000, electionTimeoutMaxMs: 1_060 } },
});

afterEach(() => vi.restoreAllMocks());

describe.each(PROTOCOLS.map((module) => [module.name, module] as const))("%s", (_, module) => {
  test("without a planted bug nothing breaks and writes commit", () => {
    for (const scenario of [QUIET, STORMY, ELECTIONS]) {
      const { record } = runSeed(module, scenario, 1);
      expect(record.reasons).toEqual([]);
      expect(record.committed).toBeGreaterThan(20);
    }
  });

  test("messages that do not wait for their write: a quorum of disks is missing", () => {
    const hasty = withEffects(module, (effects) =>
      effects.map((effect) => (effect.type === "send" ? { ...effect, after: 0 } : effect)),
    );
    expect(firstBroken(hasty, QUIET, 3).record.broken?.invariant).toBe("quorum of disks");
  });

  test("a replica that counts its own copy before it is durable: a quorum of disks is missing", () => {
    const step: Step = (state, input, nowMs) => {
      if (input.type === "durable") return [];
      const effects = module.step(state, input, nowMs);
      const written = effects.findLast((effect) => effect.type === "persist");
      if (written === undefined) return effects;
      return [...effects, ...module.step(state, { type: "durable", upTo: written.seq }, nowMs)];
    };
    const slowLeader: Fault = { type: "slow-disk", nodes: "leader", syncMs: 40, atMs: 0 };
    const broken = firstBroken({ ...module, step }, scenarioOf([slowLeader]), 3).record.broken;
    expect(broken?.invariant).toBe("quorum of disks");
  });

  test("a commit without a quorum: a quorum of disks is missing", () => {
    const create: AnyModule["create"] = (config, recovered) => {
      const bootstrap = { ...config.bootstrap, quorums: { election: 2, replication: 1 } };
      return module.create({ ...config, bootstrap }, recovered);
    };
    expect(firstBroken({ ...module, create }, QUIET, 3).record.broken?.invariant).toBe("quorum of disks");
  });

  test("a replica that applies another command than the others: state-machine safety", () => {
    let applied = 0;
    const liar = withEffects(module, (effects) =>
      effects.map((effect) => {
        if (effect.type !== "apply" || effect.entry.kind === "noop") return effect;
        applied += 1;
        if (applied % 50 !== 0) return effect;
        const { index, round } = effect.entry;
        return { type: "apply", entry: { kind: "noop", index, round } };
      }),
    );
    const broken = firstBroken(liar, QUIET, 3).record.broken?.invariant;
    expect(["state-machine safety", "quorum of disks"]).toContain(broken);
  });

  test("a write that takes back what was applied: durability", () => {
    let writes = 0;
    const forgetful = withEffects(module, (effects) =>
      effects.map((effect) => {
        if (effect.type !== "persist" || effect.entries.length === 0) return effect;
        writes += 1;
        const [first] = effect.entries;
        if (writes < 100 || first === undefined || first.index < 12) return effect;
        return { ...effect, truncateFrom: first.index - 10 };
      }),
    );
    expect(firstBroken(forgetful, QUIET, 3).record.broken?.invariant).toBe("durability");
  });

  test("a commit index that falls: monotonic commit", () => {
    let asked = 0;
    const status = (state: object): Status => {
      const own = module.status(state);
      asked += 1;
      return asked % 997 === 0 && own.commitIndex > 0 ? { ...own, commitIndex: own.commitIndex - 1 } : own;
    };
    expect(firstBroken({ ...module, status }, QUIET, 3).record.broken?.invariant).toBe("monotonic commit");
  });

  test("an index that is applied twice: the host stops the replica", () => {
    let applied = 0;
    const stutter = withEffects(module, (effects) =>
      effects.flatMap((effect): Effects => {
        if (effect.type !== "apply") return [effect];
        applied += 1;
        return applied === 100 ? [effect, effect] : [effect];
      }),
    );
    const { broken } = firstBroken(stutter, QUIET, 1).record;
    expect(broken?.invariant).toBe("no replica throws");
    expect(broken?.detail).toContain("applied after");
  });

  test("a session that is forgotten: an acknowledged write has the wrong result", () => {
    vi.spyOn(Sessions.prototype, "admit").mockReturnValue("fresh");
    vi.spyOn(Sessions.prototype, "find").mockReturnValue(undefined);
    const lossy = scenarioOf([
      { type: "pause", nodes: "leader", atMs: 500, forMs: 900, everyMs: 1_500 },
      { type: "crash", nodes: "leader", atMs: 1_000, forMs: 300, everyMs: 2_000 },
    ]);
    expect(firstBroken(module, lossy, 20).record.broken?.invariant).toBe("acknowledged writes");
  });

  test("the term, promise or epoch is never written: something breaks after crashes", () => {
    const amnesia = withEffects(module, (effects) =>
      effects.map((effect) => (effect.type === "persist" ? { ...effect, hard: null } : effect)),
    );
    expect(firstBroken(amnesia, LATE, 60).record.broken).not.toBeNull();
  });
});

describe("raft, where the protocol promises more", () => {
  test("a voter that votes again in the same term: election safety", () => {
    const twice = withInputs(RAFT, (input, state) => {
      const voter = state as { votedFor: number; readonly role: string };
      if (input.type === "message" && input.message.type === "RequestVote" && voter.role === "Follower") {
        voter.votedFor = 0;
      }
      return input;
    });
    expect(firstBroken({ ...twice, invariants: [] }, RACES, 20).record.broken?.invariant).toBe("election safety");
  });

  test("a voter that takes every log for up to date: leader completeness", () => {
    const blind = withInputs(RAFT, (input) => {
      if (input.type !== "message") return input;
      if (!("lastLogIndex" in input.message)) return input;
      return { ...input, message: { ...input.message, lastLogIndex: 1e9, lastLogTerm: 1e9 } as typeof input.message };
    });
    const behind = scenarioOf(
      [
        { type: "partition", groups: [["n3"], ["n1", "n2"]], atMs: 300, forMs: 1_700 },
        { type: "crash", nodes: "n1", atMs: 1_999, forMs: 4_000 },
        { type: "crash", nodes: "n2", atMs: 1_999, forMs: 1 },
      ],
      { durationMs: 6_000 },
    );
    expect(firstBroken({ ...blind, invariants: [] }, behind, 20).record.broken?.invariant).toBe("leader completeness");
  });

  test("a follower that keeps other bytes under the same index and term: log matching", () => {
    let entries = 0;
    const garbling = withInputs(RAFT, (input) => {
      if (input.type !== "message" || input.message.type !== "AppendEntries") return input;
      const message = input.message as typeof input.message & { readonly entries: readonly Entry[] };
      entries += message.entries.length;
      if (entries < 50) return input;
      const noops = message.entries.map(({ index, round }) => ({ kind: "noop" as const, index, round }));
      return { ...input, message: { ...message, entries: noops } as typeof input.message };
    });
    expect(firstBroken(garbling, QUIET, 1).record.broken?.invariant).toBe("log matching");
  });

  test("the protocol's own invariants are asked at every step", () => {
    let asked = 0;
    const own = {
      name: "planted",
      check: (): string | null => {
        asked += 1;
        return asked > 1_000 ? "asked a thousand times" : null;
      },
    };
    const { record } = runSeed({ ...RAFT, invariants: [own] }, QUIET, 1);
    expect(record.broken).toMatchObject({ invariant: "planted", detail: "asked a thousand times", event: 1_001 });
  });
});
