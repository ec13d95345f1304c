/** Throughput and latency of subjects over the number of clients, or over the rate that was asked for. */
import * as Plot from "@observablehq/plot";
import type { BenchPageRow } from "./benchPage.js";
import { figure, labelsX, labelsY } from "./plot.js";
import { type ProtocolLook, protocolLook } from "./protocolLook.js";

const SIZE = { width: 1080, height: 340 } as const;

interface Line {
  readonly look: Look;
  readonly points: readonly BenchPageRow[];
}

type Pick = (row: BenchPageRow) => number;

const loadOf: Pick = (row) => (row.rate > 0 ? row.rate : row.clients);

function linesOf(rows: readonly BenchPageRow[]): Line[] {
  const subjects = [...new Set(rows.map(({ subject }) => subject))];
  return subjects.map((subject, i) => ({
    look: lookOf(subjects, subject, i),
    points: rows.filter((row) => row.subject === subject).toSorted((a, b) => loadOf(a) - loadOf(b)),
  }));
}

/** There are fewer colours and shapes than subjects may be: the second time around, shapes are hollow. */
interface Look extends ProtocolLook {
  readonly hollow: boolean;
}

const LOOKS = 6;
const HOLLOW: { readonly [glyph: string]: string } = { "●": "○", "■": "□", "▲": "△", "◆": "◇", "★": "☆", "✚": "✛" };

function lookOf(subjects: readonly string[], subject: string, at: number): Look {
  const look = protocolLook(subjects, subject);
  if (at < LOOKS) return { ...look, hollow: false };
  return { ...look, glyph: HOLLOW[look.glyph] ?? look.glyph, hollow: true };
}

/** null: nothing to draw. */
export function throughputPlot(rows: readonly BenchPageRow[]): string | null {
  return plotOf(
    rows,
    (row) => row.opsPerSecond,
    (row) => row.opsPerSecondRange,
    "Throughput",
    "operations a second",
  );
}

/** null: nothing to draw. */
export function latencyPlot(rows: readonly BenchPageRow[]): string | null {
  return plotOf(
    rows,
    (row) => row.p50Us,
    (row) => [row.p50Us, row.p99Us],
    "Latency, p50 and up to p99",
    "microseconds",
  );
}

function plotOf(
  rows: readonly BenchPageRow[],
  value: Pick,
  band: (row: BenchPageRow) => readonly [number, number],
  title: string,
  unit: string,
): string | null {
  if (rows.length === 0) return null;
  const lines = linesOf(rows);
  const open = rows.some(({ rate }) => rate > 0);
  const loads = [...new Set(rows.map(loadOf))].sort((a, b) => a - b);
  const all = rows.flatMap((row) => [value(row), ...band(row)]);
  const domain: [number, number] = [Math.min(...all) / 1.3, Math.max(...all) * 1.3];
  const ticks = decades(domain);
  const told = lines.map(({ look, points }) => `${look.name}: ${points.map((row) => words(row, value)).join(", ")}`);
  const [first = 1, last = first] = [loads[0], loads.at(-1)];
  return figure(
    SIZE.width,
    [
      {
        height: SIZE.height,
        options: {
          marginLeft: 70,
          marginRight: 150,
          marginTop: 26,
          marginBottom: 42,
          x: { type: "log", domain: [first / 1.15, last * 1.15], axis: null },
          y: { type: "log", domain, axis: null },
          marks: [
            Plot.gridX(loads, { stroke: "var(--rule)", strokeOpacity: 1 }),
            Plot.gridY(ticks, { stroke: "var(--rule)", strokeOpacity: 1 }),
            labelsY(ticks, (tick) => tick.toLocaleString("en")),
            ...labelsX(loads, (load) => load.toLocaleString("en"), open ? "requests a second asked for" : "clients"),
            Plot.text([`${title}, ${unit} (both axes logarithmic)`], {
              frameAnchor: "top-left",
              dy: -18,
              fontSize: 12,
              fontWeight: 600,
            }),
            ...lines.flatMap((line) => lineMarks(line, value, band)),
            ...names(lines, value, domain),
          ],
        },
      },
    ],
    { title, description: told.join(". ") },
  );
}

function words(row: BenchPageRow, value: Pick): string {
  return `${Math.round(value(row)).toLocaleString("en")} at ${loadOf(row).toLocaleString("en")}`;
}

function lineMarks(
  { look, points }: Line,
  value: Pick,
  band: (row: BenchPageRow) => readonly [number, number],
): Plot.Markish[] {
  const at = { x: loadOf, stroke: look.color };
  return [
    Plot.ruleX([...points], { ...at, y1: (row) => band(row)[0], y2: (row) => band(row)[1], strokeOpacity: 0.35 }),
    Plot.line([...points], { ...at, y: value, strokeWidth: 1.8, strokeDasharray: look.dash }),
    Plot.dot([...points], {
      x: loadOf,
      y: value,
      fill: look.hollow ? "var(--bg)" : look.color,
      stroke: look.color,
      symbol: look.symbol,
      r: 3.5,
    }),
  ];
}

/** Names at the right edge, pushed apart where lines end close together. */
function names(lines: readonly Line[], value: Pick, [from, to]: readonly [number, number]): Plot.Markish[] {
  const step = (Math.log(to) - Math.log(from)) * (14 / (SIZE.height - 68));
  const ends = lines
    .flatMap(({ look, points }) => {
      const last = points.at(-1);
      return last === undefined ? [] : [{ look, at: Math.log(value(last)) }];
    })
    .sort((a, b) => a.at - b.at);
  let floor = Number.NEGATIVE_INFINITY;
  return ends.map(({ look, at }) => {
    const place = Math.max(at, floor + step);
    floor = place;
    return Plot.text([`${look.glyph} ${look.name}`], {
      frameAnchor: "right",
      y: () => Math.exp(place),
      textAnchor: "start",
      dx: 8,
      fill: look.color,
    });
  });
}

function decades([from, to]: readonly [number, number]): number[] {
  const ticks: number[] = [];
  for (let power = Math.floor(Math.log10(from)); power <= Math.ceil(Math.log10(to)); power += 1)
    for (const digit of [1, 2, 5]) {
      const tick = digit * 10 ** power;
      if (tick >= from && tick <= to) ticks.push(tick);
    }
  return ticks;
}
