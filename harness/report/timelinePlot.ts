/** The timeline: fault lanes, one panel of commits with its leaders per protocol, and latency, on one shared time axis. */
import * as Plot from "@observablehq/plot";
import type { FaultBand, RunRecord, ScenarioNote } from "../record/index.js";
import { formatMs, formatNumber, joinWords } from "./format.js";
import { type FigureText, figure, labelsY, type Panel } from "./plot.js";
import { type ProtocolLook, protocolLook, protocolName } from "./protocolLook.js";
import { type Bin, downsample, gapsOf, lanes, mergeBands, type Span } from "./timeline.js";

/** Width of the figure and of the margins beside its panels; the page's script measures by them. */
export const TIMELINE = { width: 1080, left: 62, right: 14 } as const;

const FAULT_LANES_MAX = 6;
const LANE_HEIGHT = 19;
/** Rough width of a character at the size of band labels, pixels. */
const CHARACTER_PX = 6.1;

interface TimeAxis {
  readonly lengthMs: number;
  /** Milliseconds of one unit. */
  readonly unitMs: number;
  readonly label: string;
}

interface Row {
  readonly look: ProtocolLook;
  readonly run: RunRecord;
  readonly bins: readonly Bin[];
  readonly gaps: readonly Span[];
}

/** One seed: all protocols over one another. `runs` holds at most one run a protocol. */
export function timelineFigure(
  protocols: readonly string[],
  runs: readonly RunRecord[],
  note: ScenarioNote,
  lengthMs: number,
): string {
  const rows = runs.map((run) => ({
    look: protocolLook(protocols, run.protocol),
    run,
    bins: downsample(run.timeline),
    gaps: gapsOf(run.timeline, note.unavailableGapMs),
  }));
  const axis = timeAxis(lengthMs, runs);
  const bands = clampAll(mergeBands(runs, protocolName), lengthMs);
  const panels = [
    ...(bands.length === 0 ? [] : [faultPanel(axis, bands)]),
    ...rows.flatMap((row) => [commitPanel(axis, rows, row), leaderPanel(axis, row)]),
    latencyPanel(axis, rows),
  ];
  return figure(TIMELINE.width, panels, timelineText(note, rows));
}

function timeAxis(lengthMs: number, runs: readonly RunRecord[]): TimeAxis {
  const clock = runs.every((r) => r.clock === "virtual") ? "virtual " : "";
  return lengthMs > 240_000
    ? { lengthMs, unitMs: 60_000, label: `${clock}minutes since the first leader` }
    : { lengthMs, unitMs: 1000, label: `${clock}seconds since the first leader` };
}

function timelineText(note: ScenarioNote, rows: readonly Row[]): FigureText {
  const seed = rows[0]?.run.seed ?? 0;
  const told = rows.map(({ run, gaps }) => {
    const out = gaps.length === 0 ? "no gap" : `${String(gaps.length)} gaps, the longest ${formatMs(run.longestGapMs)}`;
    return `${protocolName(run.protocol)}: ${formatNumber(run.committed)} commits, ${out}, ${String(run.elections)} new leaders`;
  });
  return {
    title: `Timeline of ${note.title}, seed ${String(seed)}`,
    description: `Commits per second over time, one panel a protocol. ${joinWords(told)}.`,
  };
}

/** What every panel of the figure shares. */
function base(axis: TimeAxis, y: Plot.ScaleOptions, margins: { top: number; bottom: number }): Plot.PlotOptions {
  return {
    marginLeft: TIMELINE.left,
    marginRight: TIMELINE.right,
    marginTop: margins.top,
    marginBottom: margins.bottom,
    x: { domain: [0, axis.lengthMs / axis.unitMs], axis: null },
    y,
  };
}

function clampAll<T extends Span>(spans: readonly T[], lengthMs: number): T[] {
  return spans
    .filter((s) => s.fromMs <= lengthMs)
    .map((s) => ({ ...s, fromMs: Math.max(0, s.fromMs), toMs: Math.max(0, Math.min(lengthMs, s.toMs)) }));
}

function pixels(axis: TimeAxis, span: Span): number {
  return ((span.toMs - span.fromMs) / axis.lengthMs) * (TIMELINE.width - TIMELINE.left - TIMELINE.right);
}

/** A text cut to a width; empty where not even three characters fit. */
function fit(text: string, widthPx: number): string {
  const room = Math.floor((widthPx - 6) / CHARACTER_PX);
  if (text.length <= room) return text;
  return room < 4 ? "" : `${text.slice(0, room - 1)}…`;
}

function bandTitle(band: FaultBand): string {
  const nodes = band.nodes.length === 0 ? "" : ` (${band.nodes.join(", ")})`;
  const when = `${formatMs(band.fromMs)} to ${formatMs(band.toMs)}`;
  return `${band.label}${nodes}, ${when}${band.skipped === null ? "" : `; skipped: ${band.skipped}`}`;
}

function faultPanel(axis: TimeAxis, bands: readonly FaultBand[]): Panel {
  const laid = lanes(bands, FAULT_LANES_MAX).map(({ span, lane }) => ({
    x1: span.fromMs / axis.unitMs,
    x2: Math.max(span.toMs, span.fromMs + axis.lengthMs / 400) / axis.unitMs,
    y1: lane + 0.08,
    y2: lane + 0.92,
    y: lane + 0.5,
    skipped: span.skipped !== null,
    title: bandTitle(span),
    text: fit(span.skipped === null ? span.label : `skipped: ${span.label}`, pixels(axis, span)),
  }));
  const count = 1 + Math.max(...laid.map((b) => Math.floor(b.y1)));
  const rect = { x1: "x1", x2: "x2", y1: "y1", y2: "y2", title: "title", rx: 2 } as const;
  return {
    height: count * LANE_HEIGHT + 8,
    options: {
      ...base(axis, { domain: [count, 0], axis: null }, { top: 2, bottom: 6 }),
      marks: [
        Plot.rect(
          laid.filter((b) => !b.skipped),
          { ...rect, fill: "var(--band)", stroke: "var(--band-edge)" },
        ),
        Plot.rect(
          laid.filter((b) => b.skipped),
          {
            ...rect,
            fill: "none",
            stroke: "var(--muted)",
            strokeDasharray: "3 2",
          },
        ),
        Plot.text(
          laid.filter((b) => b.text !== ""),
          {
            x: (b: (typeof laid)[number]) => (b.x1 + b.x2) / 2,
            y: "y",
            text: "text",
            fill: "var(--band-ink)",
          },
        ),
        Plot.text(["faults"], { frameAnchor: "left", textAnchor: "end", dx: -8, fill: "var(--muted)" }),
      ],
    },
  };
}

/** Rates that span more than this factor go on a logarithmic axis (with its zero kept), or the slow part looks like none. */
const LOG_FACTOR = 30;

function rateScale(rows: readonly Row[]): { readonly scale: Plot.ScaleOptions; readonly log: boolean } {
  const rates = rows.flatMap((r) => r.bins.map((b) => b.perSecond)).filter((n) => n > 0);
  const top = Math.max(1, ...rates);
  const log = rates.length > 0 && top / Math.min(...rates) > LOG_FACTOR;
  if (!log) return { scale: { domain: [0, top * 1.08], ticks: 3, label: null }, log };
  // Without 1, which would stand on top of 0.
  const decades = [0, 10, 100, 1000, 10_000, 100_000, 1_000_000].filter((t) => t <= top * 1.2);
  if (decades.length < 3) decades.splice(1, 0, 1);
  return {
    scale: {
      type: "symlog",
      constant: 1,
      domain: [0, top * 1.5],
      ticks: decades,
      tickFormat: (t: number) => (t >= 1000 ? `${String(t / 1000)}k` : String(t)),
      label: null,
    },
    log,
  };
}

function commitPanel(axis: TimeAxis, rows: readonly Row[], row: Row): Panel {
  const { scale, log } = rateScale(rows);
  const top = (scale.domain as readonly number[])[1] as number;
  const last = row.bins.at(-1);
  const points = [
    ...row.bins.map((b) => ({ x: b.fromMs / axis.unitMs, y: b.perSecond })),
    ...(last === undefined ? [] : [{ x: last.toMs / axis.unitMs, y: last.perSecond }]),
  ];
  const span = (s: Span): { x1: number; x2: number } => ({ x1: s.fromMs / axis.unitMs, x2: s.toMs / axis.unitMs });
  const bands = clampAll(row.run.timeline.faults, axis.lengthMs).filter((f) => f.skipped === null);
  const step = { x: "x", y: "y", curve: "step-after" } as const;
  return {
    height: 104,
    options: {
      ...base(axis, scale, { top: 20, bottom: 4 }),
      marks: [
        Plot.rect(bands.map(span), { x1: "x1", x2: "x2", y1: 0, y2: top, fill: "var(--band)", fillOpacity: 0.45 }),
        Plot.gridY({ ticks: scale.ticks as number, stroke: "var(--rule)", strokeOpacity: 1 }),
        Plot.rect(
          row.gaps.map((g) => ({ ...span(g), title: `no commit from ${formatMs(g.fromMs)} to ${formatMs(g.toMs)}` })),
          { x1: "x1", x2: "x2", y1: 0, y2: top, fill: "url(#gap-hatch)", title: "title" },
        ),
        Plot.areaY(points, { ...step, fill: row.look.color, fillOpacity: 0.22 }),
        Plot.lineY(points, { ...step, stroke: row.look.color, strokeWidth: 1.4 }),
        Plot.ruleY([0], { stroke: "var(--muted)" }),
        Plot.text([`${row.look.glyph} ${row.look.name}`], {
          frameAnchor: "top-left",
          dy: -15,
          fontSize: 13,
          fontWeight: 600,
          fill: row.look.color,
        }),
        Plot.text([`commits per second${log ? " (log scale)" : ""}`], {
          frameAnchor: "top-right",
          dy: -14,
          fill: "var(--muted)",
        }),
      ],
    },
  };
}

/** Who led; triangles where a new leader was established. Two at once (one of them not knowing yet) share the height. */
function leaderPanel(axis: TimeAxis, row: Row): Panel {
  const spans = clampAll(row.run.timeline.leaders, axis.lengthMs);
  const laid = lanes(spans, 2);
  const double = laid.some(({ lane }) => lane === 1);
  const bars = laid.map(({ span, lane }) => ({
    x1: span.fromMs / axis.unitMs,
    x2: span.toMs / axis.unitMs,
    y1: double ? lane * 0.5 : 0,
    y2: double ? lane * 0.5 + 0.5 : 1,
    title: `${span.node} leads in round ${String(span.round)}, ${formatMs(span.fromMs)} to ${formatMs(span.toMs)}`,
    text: fit(span.node, pixels(axis, span) + 10),
  }));
  let lastX = Number.NEGATIVE_INFINITY;
  const changes = bars.slice(1).filter((b) => {
    const apart = ((b.x1 - lastX) * axis.unitMs) / axis.lengthMs > 1 / 200;
    if (apart) lastX = b.x1;
    return apart;
  });
  return {
    height: 30,
    options: {
      ...base(axis, { domain: [1, 0], axis: null }, { top: 2, bottom: 12 }),
      marks: [
        Plot.rect(bars, {
          x1: "x1",
          x2: "x2",
          y1: "y1",
          y2: "y2",
          title: "title",
          fill: "var(--lead)",
          stroke: "var(--bg)",
          strokeWidth: 0.7,
        }),
        Plot.text(
          bars.filter((b) => b.text !== ""),
          {
            x: (b: (typeof bars)[number]) => (b.x1 + b.x2) / 2,
            y: (b: (typeof bars)[number]) => (b.y1 + b.y2) / 2,
            text: "text",
            fontSize: double ? 8 : 10.5,
            fill: "var(--ink)",
          },
        ),
        Plot.dot(changes, { x: "x1", y: 0, dy: -1, r: 3.6, symbol: "triangle", rotate: 180, fill: "var(--ink)" }),
        Plot.text(["leader"], { frameAnchor: "left", textAnchor: "end", dx: -8, fill: "var(--muted)" }),
      ],
    },
  };
}

function latencyPanel(axis: TimeAxis, rows: readonly Row[]): Panel {
  const points = rows.flatMap(({ look, bins }) =>
    bins.map((b) => ({ x: (b.fromMs + b.toMs) / 2 / axis.unitMs, y: b.p50Ms, look })),
  );
  const known = points.flatMap((p) => (p.y === null || p.y <= 0 ? [] : [p.y]));
  const domain = known.length === 0 ? [1, 1000] : [Math.min(...known) / 1.5, Math.max(...known) * 1.5];
  const y: Plot.ScaleOptions = { type: "log", domain: domain as [number, number], label: null, axis: null };
  const ticks = decadesIn(domain as [number, number]);
  return {
    height: 168,
    options: {
      ...base(axis, y, { top: 24, bottom: 40 }),
      x: { domain: [0, axis.lengthMs / axis.unitMs], label: axis.label, labelAnchor: "center", labelArrow: "none" },
      marks: [
        Plot.gridY(ticks, { stroke: "var(--rule)", strokeOpacity: 1 }),
        labelsY(ticks, formatMs),
        ...rows.flatMap(({ look }) =>
          latencyMarks(
            points.filter((p) => p.look === look),
            look,
          ),
        ),
        Plot.text(["Median commit latency of each moment's writes (log scale)"], {
          frameAnchor: "top-left",
          dy: -17,
          fontSize: 12,
          fontWeight: 600,
        }),
        Plot.axisX({ label: axis.label, labelAnchor: "center", labelArrow: "none", fontSize: 11 }),
      ],
    },
  };
}

interface LatencyPoint {
  readonly x: number;
  readonly y: number | null;
}

/** Lines break where nothing was committed; single bins between two gaps would vanish, so they get a mark. */
function latencyMarks(points: readonly LatencyPoint[], look: ProtocolLook): Plot.Markish[] {
  const alone = points.filter(
    (p, i) => p.y !== null && (points[i - 1]?.y ?? null) === null && (points[i + 1]?.y ?? null) === null,
  );
  const lined = points.some((p, i) => p.y !== null && (points[i + 1]?.y ?? null) !== null);
  return [
    ...(lined
      ? [Plot.lineY(points, { x: "x", y: "y", stroke: look.color, strokeWidth: 1.8, strokeDasharray: look.dash })]
      : []),
    Plot.dot(alone, { x: "x", y: "y", symbol: look.symbol, r: 2.6, fill: look.color }),
  ];
}

/** Ticks of a logarithmic axis: powers of ten inside the domain; 1, 2 and 5 times them where that gives fewer than two. */
export function decadesIn([low, high]: readonly [number, number]): number[] {
  const powers: number[] = [];
  for (let e = Math.floor(Math.log10(low)); e <= Math.ceil(Math.log10(high)); e += 1) powers.push(10 ** e);
  const inside = (ticks: readonly number[]): number[] => ticks.filter((t) => t >= low && t <= high);
  const whole = inside(powers);
  return whole.length >= 2 ? whole : inside(powers.flatMap((p) => [p, 2 * p, 5 * p]));
}
