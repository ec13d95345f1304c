/** The comparison on a terminal: words first, then one table. Plain text, at most 120 columns. */
import type { Comparison, MetricName, ScenarioNote } from "../record/index.js";
import { formatCount, formatNumber, overSeeds, sentence } from "./format.js";
import { medianOf } from "./metrics.js";
import { clockWords, runsOf, tally } from "./outcome.js";
import { protocolName } from "./protocolLook.js";
import { extentWords, headline } from "./words.js";

const COLUMNS_MAX = 120;

interface Column {
  /** Two lines. */
  readonly title: readonly [string, string];
  readonly metric: MetricName;
  readonly format: (value: number | null) => string;
}

/** Time without commits and the longest gap in seconds, since they are compared with minutes; latencies in milliseconds. */
const COLUMNS: readonly Column[] = [
  { title: ["", "committed"], metric: "committed", format: compact },
  { title: ["p50", "ms"], metric: "p50Ms", format: compact },
  { title: ["p99", "ms"], metric: "p99Ms", format: compact },
  { title: ["no commits", "s"], metric: "unavailableMs", format: seconds },
  { title: ["longest", "s"], metric: "longestGapMs", format: seconds },
  { title: ["elec-", "tions"], metric: "elections", format: compact },
  { title: ["msgs", "/op"], metric: "messagesPerOp", format: compact },
  { title: ["bytes", "/op"], metric: "bytesPerOp", format: compact },
  { title: ["syncs", "/op"], metric: "syncsPerOp", format: compact },
  { title: ["un-", "known"], metric: "unknown", format: compact },
  { title: ["stale", "reads"], metric: "staleReads", format: compact },
];

/** A column stays narrow: 12.3M rather than 12,345,678. */
function compact(value: number | null): string {
  return value === null || value < 1e6 ? formatNumber(value) : `${formatNumber(value / 1e6)}M`;
}

function seconds(ms: number | null): string {
  return compact(ms === null ? null : Math.round(ms / 10) / 100);
}

/** The verdict in words, wrapped to 120 columns, without colour. */
export function renderVerdict(comparison: Comparison): string {
  const { outcome, badge, lead, more } = headline(comparison);
  const mark = { ok: "✓", violated: "✗", unknown: "?" }[outcome];
  const lines = [lead, ...more];
  return [`${mark} ${badge}.`, ...lines.flatMap((line) => wrap(line, COLUMNS_MAX))].join("\n");
}

/** One row per scenario and protocol: medians over seeds. */
export function renderTable(comparison: Comparison): string {
  if (comparison.scenarios.length === 0) return extentWords(comparison);
  const clock = clockWords(comparison.runs);
  const head = wrap(
    `${sentence(overSeeds(comparison.seeds))}, ${comparison.timing} timing. ms: ${clock.short}. ${clock.long}`,
    COLUMNS_MAX,
  );
  const titles = [
    ["", ...COLUMNS.map((c) => c.title[0]), "runs"],
    ["", ...COLUMNS.map((c) => c.title[1]), "passed"],
  ];
  const blocks = comparison.scenarios.map((note) => ({ note, rows: scenarioRows(comparison, note) }));
  const all = [...titles, ...blocks.flatMap((b) => b.rows)];
  const widths = Array.from({ length: COLUMNS.length + 2 }, (_, i) =>
    Math.max(...all.map((row) => length(row[i] ?? ""))),
  );
  const line = (row: readonly string[]): string =>
    widths
      .map((width, i) => pad(row[i] ?? "", i === 0 ? width : -width))
      .join("  ")
      .trimEnd();
  const rule = "─".repeat(
    Math.min(
      COLUMNS_MAX,
      widths.reduce((a, b) => a + b + 2, -2),
    ),
  );
  const body = blocks.flatMap(({ note, rows }) => [cut(`${note.name}: ${note.title}`, COLUMNS_MAX), ...rows.map(line)]);
  return [...head, rule, ...titles.map(line), rule, ...body, rule].join("\n");
}

function length(text: string): number {
  return Array.from(text).length;
}

function scenarioRows(comparison: Comparison, note: ScenarioNote): string[][] {
  const runs = runsOf(comparison, note.name);
  if (runs.length === 0) return [["  no runs"]];
  return comparison.protocols
    .filter((p) => runs.some((r) => r.protocol === p))
    .map((p) => {
      const { ok, total } = tally(runs.filter((r) => r.protocol === p));
      const values = COLUMNS.map((c) => c.format(medianOf(comparison, note.name, p, c.metric)));
      return [cut(`  ${protocolName(p)}`, 17), ...values, `${formatCount(ok)}/${formatCount(total)}`];
    });
}

/** Left-aligned for a positive width, right-aligned for a negative one. */
function pad(text: string, width: number): string {
  const missing = " ".repeat(Math.max(0, Math.abs(width) - length(text)));
  return width < 0 ? missing + text : text + missing;
}

function cut(text: string, width: number): string {
  const characters = Array.from(text);
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
