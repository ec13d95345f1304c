/** A comparison made by a formula, in the shape of the incident: fast, then slow with a gap, then fast again. */
import type {
  Comparison,
  IncidentCell,
  IncidentRow,
  MetricName,
  PairedRow,
  Prediction,
  RunRecord,
  ScenarioNote,
  SummaryRow,
} from "../../harness/record/index.js";
import { median, medianInterval } from "../../harness/record/index.js";

export const PROTOCOLS = ["raft", "multipaxos", "zab"] as const;

const METRIC_NAMES: readonly MetricName[] = [
  "committed",
  "p50Ms",
  "p99Ms",
  "unavailableMs",
  "longestGapMs",
  "elections",
  "messagesPerOp",
  "bytesPerOp",
  "syncsPerOp",
  "unknown",
  "failed",
  "staleReads",
];

export interface Shape {
  readonly scenario: string;
  readonly protocol: string;
  readonly seed: number;
  /** Bins of 1 s without commits, from 60 s on. */
  readonly gapSeconds: number;
  readonly silent?: boolean;
}

/** A run of 180 s: 800 commits a second, then 20 while the link is slow (30 s to 150 s). */
export function run(shape: Shape): RunRecord {
  const { scenario, protocol, seed, gapSeconds, silent = false } = shape;
  const commits = Array.from({ length: 180 }, (_, i) => {
    if (silent || (i >= 60 && i < 60 + gapSeconds)) return 0;
    return i >= 30 && i < 150 ? 20 + ((i * 7 + seed) % 5) : 800 + ((i * 13 + seed) % 50);
  });
  const slow = 222 + PROTOCOLS.indexOf(protocol as (typeof PROTOCOLS)[number]) * 9;
  const committed = commits.reduce((a, b) => a + b, 0);
  const upperMs = Array.from({ length: 180 }, (_, i) => 0.5 * 1.05 ** i);
  const fast = upperMs.findIndex((ms) => ms >= 1.2);
  const late = upperMs.findIndex((ms) => ms >= slow);
  const counts = upperMs.map((_, i) =>
    silent ? 0 : i === fast ? 40_000 : i >= late && i < late + 20 ? 150 - i / 2 : 0,
  );
  return {
    scenario,
    protocol,
    seed,
    driver: "sim",
    clock: "virtual",
    timing: "matched",
    traceHash: `00000000${(seed * 7919).toString(16).padStart(8, "0")}`,
    events: 120_000 + seed,
    virtualMs: 180_000,
    wallMs: 400,
    verdicts: { linearizable: "ok", invariants: "ok", liveness: "ok", trace: "not validated: no Java on this machine" },
    reasons: [],
    broken: null,
    committed,
    reads: 1000,
    failed: 0,
    unknown: gapSeconds,
    p50Ms: silent ? null : 1.2,
    p99Ms: silent ? null : slow + seed,
    unavailableMs: silent ? 180_000 : gapSeconds * 1000,
    longestGapMs: silent ? 180_000 : gapSeconds * 1000,
    elections: gapSeconds > 0 ? 3 : 0,
    messagesPerOp: silent ? null : 4.2,
    bytesPerOp: silent ? null : 812,
    syncsPerOp: silent ? null : 2.6,
    staleReads: { linearizable: 0, local: seed % 2 },
    timeline: {
      binMs: 1000,
      commits,
      p50Ms: commits.map((n, i) => (n === 0 ? null : i >= 30 && i < 150 ? slow : 1.2)),
      leaders:
        gapSeconds > 0
          ? [
              { fromMs: 0, toMs: 60_000, node: "n1", round: 1 },
              { fromMs: 60_000 + gapSeconds * 500, toMs: 62_000 + gapSeconds * 500, node: "n4", round: 3 },
              { fromMs: 60_000 + gapSeconds * 1000, toMs: 180_000, node: "n1", round: 5 },
            ]
          : [{ fromMs: 0, toMs: 180_000, node: "n1", round: 1 }],
      faults: [
        {
          type: "weather",
          label: "link 200 ms, 50 % loss",
          nodes: ["region:home", "region:away"],
          fromMs: 30_000,
          toMs: 150_000,
          skipped: null,
        },
        { type: "crash", label: "local voter down", nodes: ["n3"], fromMs: 25_000, toMs: 180_000, skipped: null },
        {
          type: "crash",
          label: "leader crashes",
          nodes: [],
          fromMs: 70_000,
          toMs: 90_000,
          skipped: "no established leader",
        },
      ],
    },
    latency: { upperMs, counts },
    command: `npx synod sim --protocol ${protocol} --scenario ${scenario} --seed ${String(seed)}`,
  };
}

export const PREDICTION: Prediction = {
  floorMs: { healthy: 70.4, degraded: 200.4 },
  majorityCrossesLink: { healthy: false, degraded: true },
  outage: "possible",
  unavailableMs: { min: null, max: 120_000 },
  words: "With one local voter down, two local voters are no majority of five: every commit waits for a remote vote.",
};

export function note(name: string, title: string): ScenarioNote {
  return {
    name,
    title,
    about: "Five voters over two regions; one local voter is down while the link degrades. Look at the gap after 60 s.",
    mode: "compare",
    durationMs: 180_000,
    shape: "5 voters: 3 in home, 2 in away; n1 leads first",
    links: "stream links",
    unavailableGapMs: 1000,
    predictions: Object.fromEntries(PROTOCOLS.map((p) => [p, PREDICTION])),
  };
}

/** Summaries and ratios are those that `compare` would compute, so that a test can change a run and they follow. */
export function comparison(runs: readonly RunRecord[], notes: readonly ScenarioNote[]): Comparison {
  const protocols = PROTOCOLS.filter((p) => runs.some((r) => r.protocol === p));
  return {
    kind: "synod-comparison",
    format: 1,
    title: "Three protocols under the same faults",
    verdict: ["Every history is linearizable and no invariant broke.", "Raft lost a minute; ZAB lost none."],
    outcome: "ok",
    timing: "matched",
    protocols: [...protocols],
    seeds: [...new Set(runs.map((r) => r.seed))],
    scenarios: notes,
    runs,
    summary: notes.flatMap((n) => protocols.flatMap((p) => METRIC_NAMES.map((m) => summaryRow(runs, n.name, p, m)))),
    paired: notes.flatMap((n) =>
      protocols.slice(1).flatMap((a) => METRIC_NAMES.map((m) => pairedRow(runs, n.name, a, protocols[0] as string, m))),
    ),
    matrix: null,
    notes: ["Traces are not validated: no Java was found."],
    versions: { synod: "0.1.0", node: "v20.19.0", commit: "0123456789abcdef" },
    machine: { cpu: "A processor", cores: 2, memoryBytes: 8 * 1024 ** 3, platform: "linux x64" },
    command: "npx synod compare --scenario incident-one-down --scenario incident-fix --seeds 1..6",
    madeAt: "2026-01-02T03:04:05.000Z",
    wallMs: 61_000,
  };
}

function valueOf(r: RunRecord, name: MetricName): number | null {
  return name === "staleReads" ? Object.values(r.staleReads).reduce((a, b) => a + b, 0) : r[name];
}

function summaryRow(runs: readonly RunRecord[], scenario: string, protocol: string, metric: MetricName): SummaryRow {
  const values = runs
    .filter((r) => r.scenario === scenario && r.protocol === protocol)
    .flatMap((r) => valueOf(r, metric) ?? []);
  return { scenario, protocol, metric, median: median(values), ci95: medianInterval(values), runs: values.length };
}

function pairedRow(runs: readonly RunRecord[], scenario: string, a: string, b: string, metric: MetricName): PairedRow {
  const of = runs.filter((r) => r.scenario === scenario);
  const ratios = of.flatMap((r) => {
    const other = of.find((o) => o.protocol === b && o.seed === r.seed);
    const [x, y] = [valueOf(r, metric), other === undefined ? null : valueOf(other, metric)];
    return r.protocol !== a || x === null || y === null || y === 0 ? [] : [x / y];
  });
  return { scenario, a, b, metric, ratio: median(ratios), ci95: medianInterval(ratios), pairs: ratios.length };
}

/** Two scenarios, three protocols, six seeds: an outage of `gap` seconds in the first for Raft and half of it for ZAB. */
export function full(gap = 40): Comparison {
  const seeds = [1, 2, 3, 4, 5, 6];
  const runs = seeds.flatMap((seed) => [
    run({ scenario: "incident-one-down", protocol: "raft", seed, gapSeconds: gap + seed }),
    run({ scenario: "incident-one-down", protocol: "multipaxos", seed, gapSeconds: 0 }),
    run({ scenario: "incident-one-down", protocol: "zab", seed, gapSeconds: gap / 2 + seed }),
    ...PROTOCOLS.map((protocol) => run({ scenario: "incident-fix", protocol, seed, gapSeconds: 0 })),
  ]);
  return comparison(runs, [
    note("incident-one-down", "One local voter down"),
    note("incident-fix", "The fix: three local voters, two remote learners"),
  ]);
}

/** `story` decides what happened; everything else is the same in every row. */
export function incidentRow(protocol: string, cell: Partial<IncidentCell>, story: IncidentRow["story"]): IncidentRow {
  const out = story.includes("outage");
  return {
    scenario: "incident",
    protocol,
    cell: {
      topology: "3+2 voters",
      leader: "local",
      localVoters: "one down",
      link: "slow, 50 % loss",
      preVote: protocol === "raft" ? true : null,
      checkQuorum: protocol === "raft" ? true : null,
      ...cell,
    },
    prediction: PREDICTION,
    outcome: {
      committed: 5000,
      p50Ms: story.includes("slow") ? 231 : 1.1,
      p99Ms: story.includes("slow") ? 2400 : 2,
      unavailableMs: out ? 62_000 : 0,
      longestGapMs: out ? 31_000 : 0,
      elections: out ? 9 : 0,
      verdict: "ok",
    },
    agrees: true,
    story,
    words: `Story in this cell: ${story}.`,
  };
}
