/** The comparison on a terminal: words first, then one table. Plain text, at most 120 columns. */
import type { Comparison, MetricName, ScenarioNote } from "../record/index.js";
import { formatCount, formatNumber, formatSeeds } from "./format.js";
import { medianOf } from "./metrics.js";
import { clockWords, runsOf, tally } from "./outcome.js";
import { protocolName } from "./protocolLook.js";
import { countSentence, extentWords, headline } from "./words.js";

const COLUMNS_MAX = 120;

interface Column {
  readonly title: string;
  readonly metric: MetricName;
  readonly format: (value: number | null) => string;
}

/** Time without commits and the longest gap in seconds, since they are compared with minutes; latencies in milliseconds. */
const COLUMNS: readonly Column[] = [
  { title: "committed", metric: "committed", format: formatNumber },
  { title: "p50 ms", metric: "p50Ms", format: formatNumber },
  { title: "p99 ms", metric: "p99Ms", format: formatNumber },
  { title: "no commits s", metric: "unavailableMs", format: seconds },
  { title: "longest s", metric: "longestGapMs", format: seconds },
  { title: "elections", metric: "elections", format: formatNumber },
  { title: "msgs/op", metric: "messagesPerOp", format: formatNumber },
  { title: "B/op", metric: "bytesPerOp", format: formatNumber },
  { title: "syncs/op", metric: "syncsPerOp", format: formatNumber },
  { title: "unknown", metric: "unknown", format: formatNumber },
  { title: "stale", metric: "staleReads", format: formatNumber },
];

function seconds(ms: number | null): string {
  return formatNumber(ms === null ? null : ms / 1000);
}

/** The verdict in words, wrapped to 120 columns, without colour. */
export function renderVerdict(comparison: Comparison): string {
  const { outcome, badge, lead, more } = headline(comparison);
  const mark = { ok: "✓", violated: "✗", unknown: "?" }[outcome];
  const counted = countSentence(comparison);
  const lines = [lead, ...more, ...(lead === counted || comparison.runs.length === 0 ? [] : [counted])];
  return [`${mark} ${badge}.`, ...lines.flatMap((line) => wrap(line, COLUMNS_MAX))].join("\n");
}

/** One row per scenario and protocol: medians over seeds. */
export function renderTable(comparison: Comparison): string {
  const clock = clockWords(comparison.runs);
  const seeds = `${comparison.seeds.length === 1 ? "seed" : "seeds"} ${formatSeeds(comparison.seeds)}`;
  const head = wrap(
    `Medians over ${seeds}, ${comparison.timing} timing. ${clock.long} (ms: ${clock.short})`,
    COLUMNS_MAX,
  );
  const rows = comparison.scenarios.map((note) => ({ note, lines: scenarioRows(comparison, note) }));
  const titles = ["", ...COLUMNS.map((c) => c.title), "passed"];
  const cells = [titles, ...rows.flatMap((r) => r.lines)];
  const widths = titles.map((_, i) => Math.max(...cells.map((line) => [...(line[i] ?? "")].length)));
  const line = (texts: readonly string[]): string =>
    texts
      .map((text, i) => (i === 0 ? pad(text, widths[i] ?? 0) : pad(text, -(widths[i] ?? 0))))
      .join("  ")
      .trimEnd();
  const body = rows.flatMap(({ note, lines }) => [cut(`${note.name}: ${note.title}`, COLUMNS_MAX), ...lines.map(line)]);
  if (rows.length === 0) return [...head, extentWords(comparison)].join("\n");
  const rule = "─".repeat(
    Math.min(
      COLUMNS_MAX,
      widths.reduce((a, b) => a + b + 2, -2),
    ),
  );
  return [...head, rule, line(titles), rule, ...body, rule].join("\n");
}

function scenarioRows(comparison: Comparison, note: ScenarioNote): string[][] {
  const runs = runsOf(comparison, note.name);
  if (runs.length === 0) return [["  no runs"]];
  return comparison.protocols
    .filter((p) => runs.some((r) => r.protocol === p))
    .map((p) => {
      const { ok, total } = tally(runs.filter((r) => r.protocol === p));
      const values = COLUMNS.map((c) => c.format(medianOf(comparison, note.name, p, c.metric)));
      return [cut(`  ${protocolName(p)}`, 16), ...values, `${formatCount(ok)}/${formatCount(total)}`];
    });
}

/** Left-aligned for a positive width, right-aligned for a negative one. */
function pad(text: string, width: number): string {
  const missing = " ".repeat(Math.max(0, Math.abs(width) - [...text].length));
  return width < 0 ? missing + text : text + missing;
}

function cut(text: string, width: number): string {
  const characters = [...text];
  return characters.length <= width ? text : `${characters.slice(0, width - 1).join("")}…`;
}

function wrap(text: string, width: number): string[] {
  const lines: string[] = [];
  let line = "";
  for (const word of text.split(/\s+/)) {
    if (line !== "" && line.length + 1 + word.length > width) {
      lines.push(line);
      line = word;
    } else line = line === "" ? word : `${line} ${word}`;
  }
  return line === "" ? lines : [...lines, line];
}
