import { describe, expect, it } from "vitest";
import { renderTable, renderVerdict } from "../../harness/report/table.js";
import { comparison, full, note, PROTOCOLS, run } from "./fixture.js";

describe("the terminal's table", () => {
  it("has a row per scenario and protocol, aligned, within 120 columns, and names the clock", () => {
    const lines = renderTable(full()).split("\n");
    expect(lines[0]).toContain("virtual ms");
    for (const line of lines) expect(line.length).toBeLessThanOrEqual(120);
    const rows = lines.filter((line) => /^ {2}(Raft|Multi-Paxos|ZAB) /.test(line));
    expect(rows).toHaveLength(6);
    expect(new Set(rows.map((row) => row.length)).size).toBe(1);
    expect(rows[0]?.trim().split(/\s+/).slice(0, 5)).toEqual(["Raft", "51,104", "1.2", "226", "43.5"]);
  });

  it("stays within 120 columns with large numbers", () => {
    const big = full();
    const summary = big.summary.map((s) => ({ ...s, median: s.metric === "p50Ms" ? 659_999 : 12_345_678 }));
    for (const line of renderTable({ ...big, summary }).split("\n")) expect(line.length).toBeLessThanOrEqual(120);
  });

  it("writes a dash where nothing was committed, and counts the runs that passed", () => {
    const silent = run({ scenario: "calm", protocol: "raft", seed: 1, gapSeconds: 0, silent: true });
    const bad = { ...silent, seed: 2, verdicts: { ...silent.verdicts, invariants: "violated" as const } };
    const row = renderTable(comparison([silent, bad], [note("calm", "Calm")]))
      .split("\n")
      .find((l) => l.startsWith("  Raft"));
    expect(row?.trim().split(/\s+/)).toEqual([
      "Raft",
      "0",
      "–",
      "–",
      "180",
      "180",
      "0",
      "–",
      "–",
      "–",
      "0",
      "1",
      "1/2",
    ]);
  });

  it("renders a comparison without runs", () => {
    expect(renderTable(comparison([], [note("calm", "Calm")]))).toContain("no runs");
    expect(renderTable(comparison([], []))).toContain("no runs");
  });
});

describe("the terminal's verdict", () => {
  it("leads with words and wraps them", () => {
    const lines = renderVerdict(full()).split("\n");
    expect(lines.slice(0, 2)).toEqual([
      "✓ Every check passed.",
      "Every history is linearizable and no invariant broke.",
    ]);
    const long = renderVerdict({ ...full(), verdict: ["word ".repeat(60)] });
    for (const line of long.split("\n")) expect(line.length).toBeLessThanOrEqual(120);
  });

  it("never reads better than the worst run", () => {
    const runs = PROTOCOLS.map((protocol) => run({ scenario: "calm", protocol, seed: 1, gapSeconds: 0 }));
    const bad = runs.map((r, i) =>
      i === 2 ? { ...r, verdicts: { ...r.verdicts, linearizable: "violated" as const } } : r,
    );
    expect(renderVerdict(comparison(bad, [note("calm", "Calm")]))).toMatch(
      /^✗ A check failed\.\nOf 3 runs, 1 violated/,
    );
  });
});
