import { describe, expect, it } from "vitest";
import type { Comparison, RunRecord } from "../../harness/record/index.js";
import { renderReport } from "../../harness/report/index.js";
import { comparison, full, incidentRow, note, PROTOCOLS, run } from "./fixture.js";

const WITH_MATRIX: Comparison = {
  ...full(),
  matrix: {
    words: ["The story needs a quorum that crosses the link."],
    rows: [
      incidentRow("raft", {}, "slow and outage"),
      incidentRow("multipaxos", {}, "slow"),
      incidentRow("zab", {}, "none"),
      incidentRow("raft", { topology: "fix" }, "none"),
      { ...incidentRow("zab", { topology: "fix" }, "none"), agrees: false },
    ],
    seeds: [1, 2, 3],
    degradedMs: 660_000,
    slowMs: 35,
    outageShare: 0.05,
  },
};

/** What a reader sees: text without markup, script and style. */
function text(html: string): string {
  const bare = html.replace(/<(script|style)[^>]*>.*?<\/\1>/gs, " ").replace(/<[^>]+>/g, " ");
  const entities: { readonly [entity: string]: string } = { lt: "<", gt: ">", quot: '"', "#39": "'", amp: "&" };
  return bare.replace(/&(lt|gt|quot|#39|amp);/g, (_, name: string) => entities[name] as string).replace(/\s+/g, " ");
}

/** The first section or header that holds this id or class, up to the next one. */
function part(html: string, opening: string): string {
  const at = html.indexOf(opening);
  expect(at, `${opening} is in the page`).toBeGreaterThan(0);
  const end = html.indexOf("</section>", at);
  return text(html.slice(at, end < 0 ? undefined : end));
}

function broken(record: RunRecord): RunRecord {
  return {
    ...record,
    verdicts: { ...record.verdicts, invariants: "violated" },
    reasons: ["two leaders in round 3"],
    broken: { invariant: "electionSafety", detail: "n1 and n4 lead round 3", atMs: 61_000, event: 4711 },
  };
}

describe("the report's contents", () => {
  const html = renderReport(WITH_MATRIX);

  it("opens with the verdict in words", () => {
    const opening = text(html.slice(0, html.indexOf("</header>")));
    expect(opening).toContain("Every history is linearizable and no invariant broke.");
    expect(opening).toContain("Every check passed");
    expect(opening).toContain("Raft lost a minute; ZAB lost none.");
  });

  it("has a section with a timeline, a distribution and numbers for every scenario and protocol", () => {
    for (const { name, title } of WITH_MATRIX.scenarios) {
      const section = part(html, `<section id="scenario-${name}"`);
      expect(section).toContain(title);
      for (const words of ["Raft", "Multi-Paxos", "ZAB", "Timeline of", "Commit latency", "Multi-Paxos / Raft"]) {
        expect(section).toContain(words);
      }
    }
  });

  it("draws one timeline per seed, switched without a script", () => {
    const section = html.slice(html.indexOf('<section id="scenario-incident-fix"'));
    const figures = section.slice(0, section.indexOf("</section>")).match(/<figure data-timeline/g);
    expect(figures).toHaveLength(6);
    expect(html.match(/type="radio"/g)).toHaveLength(12);
    expect(html).toContain(".pick>input:nth-of-type(6):checked~.panes>:nth-child(6)");
  });

  it("shows fault bands, gaps, and why a fault was skipped", () => {
    const section = html.slice(html.indexOf('<section id="scenario-incident-one-down"'));
    expect(section).toContain("link 200 ms, 50 % loss");
    expect(section).toContain("no commit from 60 s to 101 s");
    expect(section).toContain("skipped: no established leader");
    expect(section).toContain("n4 leads in round 3");
  });

  it("puts the prediction beside what happened in every cell of the matrix, and a sentence under each line", () => {
    const cells = part(html, '<section id="cells"');
    expect(cells).toContain("predicted: from 200 ms, an outage is possible");
    expect(cells).toContain("62 s without commits, longest 31 s");
    expect(cells).toContain("Slow commits and an outage in Raft; slow commits only in Multi-Paxos; none of it in ZAB.");
    expect(cells).toContain("not as predicted");
    expect(part(html, '<section id="incident"')).toContain("The story needs a quorum that crosses the link.");
  });

  it("says in every table with durations that they are modelled", () => {
    for (const [table] of html.matchAll(/<table.*?<\/table>/gs)) {
      if (/\d (ms|s|min)\b/.test(text(table)))
        expect(text(table)).toContain("Virtual milliseconds: modelled, not measured");
    }
  });

  it("tells how to repeat it, with versions", () => {
    const repeat = part(html, '<section id="repeat"');
    for (const words of [WITH_MATRIX.command, "0.1.0", "v20.19.0", "0123456789abcdef"]) expect(repeat).toContain(words);
    expect(text(html)).toContain("npx synod sim --protocol zab --scenario incident-fix --seed 6");
  });

  it("links only to places that exist", () => {
    const ids = new Set([...html.matchAll(/ id="([^"]+)"/g)].map((m) => m[1]));
    const targets = [...html.matchAll(/href="#([^"]+)"/g)].map((m) => m[1]);
    expect(targets.length).toBeGreaterThan(20);
    expect(targets.filter((t) => !ids.has(t))).toEqual([]);
    expect([...html.matchAll(/ id="([^"]+)"/g)].length).toBe(ids.size);
  });
});

describe("the report as a file", () => {
  const html = renderReport(WITH_MATRIX);

  it("loads nothing: no sources, no links out, no imports, and a policy that forbids them", () => {
    expect(html).not.toMatch(/\b(src|srcset|action|data)\s*=\s*["'](?!")/);
    expect(html).not.toMatch(/<(link|img|iframe|object|embed)\b/);
    expect(html.match(/https?:\/\/(?!www\.w3\.org\/2000\/svg")/g)).toBeNull();
    expect(html).not.toMatch(/@import|url\((?!#)/);
    expect(html).toContain("default-src 'none'");
  });

  it("stays under 2 MB for two scenarios, three protocols and six seeds", () => {
    expect(Buffer.byteLength(html)).toBeLessThan(2_000_000);
  });

  it("stays bounded with many seeds and fine bins, and says what was left out", () => {
    const fine = (record: RunRecord): RunRecord => {
      const commits = record.timeline.commits.flatMap((n) => Array.from({ length: 20 }, () => Math.floor(n / 20)));
      const p50Ms = record.timeline.p50Ms.flatMap((n) => Array.from({ length: 20 }, () => n));
      return { ...record, timeline: { ...record.timeline, binMs: 50, commits, p50Ms } };
    };
    const runs = Array.from({ length: 100 }, (_, i) => i + 1).flatMap((seed) =>
      PROTOCOLS.map((protocol) => fine(run({ scenario: "calm", protocol, seed, gapSeconds: 0 }))),
    );
    const many = renderReport(comparison(runs, [note("calm", "Calm")]));
    expect(Buffer.byteLength(many)).toBeLessThan(2_000_000);
    expect(text(many)).toContain("8 seeds of 100 drawn");
    expect(text(many)).toContain("180 runs left out");
  });

  it("is the same bytes every time", () => {
    expect(renderReport(WITH_MATRIX)).toBe(html);
  });

  it("names every figure and table for those who hear it, and follows light and dark", () => {
    const figures = [...html.matchAll(/<svg xmlns[^>]*aria-labelledby="([^ ]+) ([^"]+)"/g)];
    expect(figures.length).toBe(14);
    for (const [, title, description] of figures) {
      expect(html).toContain(`<title id="${title as string}"`);
      expect(html).toContain(`<desc id="${description as string}"`);
    }
    const tables = html.match(/<table/g) ?? [];
    expect(html.match(/<caption/g)).toHaveLength(tables.length);
    expect(html).toContain("prefers-color-scheme: dark");
    expect(html).toContain('<html lang="en"');
  });

  it("escapes names, reasons and labels, in text, attributes, plots and embedded data", () => {
    const evil = `<script>alert("x&'")</script>`;
    const record = run({ scenario: evil, protocol: "raft", seed: 1, gapSeconds: 3 });
    const leaders = record.timeline.leaders.map((l) => ({ ...l, node: evil }));
    const faults = record.timeline.faults.map((f) => ({ ...f, label: evil, nodes: [evil], skipped: evil }));
    const bad = { ...broken(record), reasons: [evil], timeline: { ...record.timeline, leaders, faults } };
    const page = renderReport({
      ...comparison([bad], [{ ...note(evil, evil), about: evil }]),
      title: evil,
      verdict: [evil],
      outcome: "violated",
      notes: [evil],
      command: evil,
    });
    expect(page).not.toContain("<script>alert");
    expect(text(page)).toContain(evil);
    expect(page.match(/<script/g)?.length).toBe(page.match(/<\/script>/g)?.length);
  });
});

describe("words follow the data", () => {
  const lead = (page: string): string => text(page.slice(page.indexOf('class="verdict'), page.indexOf("<nav")));

  it("says that a run was violated even where the comparison claims that all is well", () => {
    const good = full();
    const bad = { ...good, runs: good.runs.map((r, i) => (i === 4 ? broken(r) : r)) };
    const html = renderReport(bad);
    expect(lead(html)).toContain("A check failed");
    expect(lead(html)).toContain("Of 36 runs, 1 violated a property and 35 passed every check.");
    const section =
      part(html, '<section id="scenario-incident-fix"') + part(html, '<section id="scenario-incident-one-down"');
    expect(section).toContain("electionSafety");
    expect(section).toContain("two leaders in round 3");
    expect(section).toContain("1 run with a broken invariant");
    expect(section).toContain("npx synod sim --protocol");
  });

  it("does not pass an undecided run off as ok", () => {
    const good = full();
    const open = good.runs.map((r, i) =>
      i === 0 ? { ...r, verdicts: { ...r.verdicts, linearizable: "unknown" as const }, reasons: ["deadline"] } : r,
    );
    expect(lead(renderReport({ ...good, runs: open }))).toContain("1 could not be decided");
  });

  it("says what no run was judged by", () => {
    const good = full();
    expect(text(renderReport(good))).toContain("no check was left undecided. Traces were not validated.");
    const unasked = good.runs.map((r) => ({ ...r, verdicts: { ...r.verdicts, liveness: "not asked" as const } }));
    const html = renderReport({ ...good, runs: unasked });
    expect(lead(html)).toContain("Every check passed");
    expect(text(html)).toContain("Progress was not asked for. Traces were not validated.");
  });

  it("moves with the numbers: who had gaps, and for how long", () => {
    const section = (gap: number): string => part(renderReport(full(gap)), '<section id="scenario-incident-one-down"');
    expect(section(40)).toContain("Raft 44 s (longest stretch 44 s); ZAB 24 s (longest stretch 24 s).");
    expect(section(40)).toContain("Multi-Paxos committed without a gap longer than 1 s in the median run.");
    expect(section(80)).toContain("Raft 84 s (longest stretch 84 s); ZAB 44 s (longest stretch 44 s).");
  });

  it("does not call a ratio a difference with fewer than six seeds", () => {
    const three = full();
    const few = comparison(
      three.runs.filter((r) => r.seed <= 3),
      three.scenarios,
    );
    const section = part(renderReport(few), '<section id="scenario-incident-one-down"');
    expect(section).toContain("With 3 seeds a pair no 95 % interval exists");
    expect(section).not.toContain("clear of 1:");
  });

  it("says when nothing was committed, and draws no distribution of nothing", () => {
    const runs = PROTOCOLS.map((protocol) => run({ scenario: "calm", protocol, seed: 1, gapSeconds: 0, silent: true }));
    const html = renderReport(comparison(runs, [note("calm", "Calm")]));
    const section = part(html, '<section id="scenario-calm"');
    expect(section).toContain("Raft, Multi-Paxos and ZAB committed nothing at all in the median run.");
    expect(section).toContain("No write was acknowledged, so there is nothing to draw.");
    expect(html).not.toMatch(/NaN|Infinity|undefined|\[object/);
  });

  it("renders partial data: no runs, one run, an unknown protocol, empty timelines", () => {
    const empty = renderReport(comparison([], [note("calm", "Calm")]));
    expect(lead(empty)).toContain("undecided");
    expect(text(empty)).toContain("This scenario has no runs in this comparison.");
    expect(text(renderReport({ ...comparison([], []), verdict: [] }))).toContain("There are no single runs to judge.");

    const record = run({ scenario: "calm", protocol: "raft", seed: 9, gapSeconds: 0 });
    const bare = {
      ...record,
      protocol: "viewstamped",
      timeline: { binMs: 1000, commits: [], p50Ms: [], leaders: [], faults: [] },
      latency: { upperMs: [], counts: [] },
      p50Ms: null,
      p99Ms: null,
    };
    const odd = renderReport({
      ...comparison([bare], [{ ...note("calm", "Calm"), predictions: null }]),
      protocols: ["viewstamped"],
    });
    expect(text(odd)).toContain("viewstamped");
    for (const html of [empty, odd]) expect(html).not.toMatch(/NaN|Infinity|undefined|\[object/);
  });
});
