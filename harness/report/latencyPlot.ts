/** The distribution of commit latency, drawn from its slow end: the share of writes slower than x. */
import * as Plot from "@observablehq/plot";
import type { RunRecord } from "../record/index.js";
import { formatMs, joinWords } from "./format.js";
import { figure, labelsX, labelsY } from "./plot.js";
import { type ProtocolLook, protocolLook } from "./protocolLook.js";
import { pooledTail, type TailPoint } from "./timeline.js";
import { decadesIn } from "./timelinePlot.js";

const SIZE = { width: 1080, height: 320 } as const;
const LEVELS = [1, 0.5, 0.1, 0.01, 0.001, 0.0001] as const;
/** Levels that carry a mark and are named in tables. */
const MARKED = [0.5, 0.01] as const;

interface Curve {
  readonly look: ProtocolLook;
  readonly points: readonly TailPoint[];
}

/** null: no run acknowledged a write. Runs of all seeds are pooled per protocol. */
export function latencyFigure(protocols: readonly string[], runs: readonly RunRecord[], title: string): string | null {
  const curves = protocols.flatMap((protocol) => {
    const points = pooledTail(runs.filter((r) => r.protocol === protocol).map((r) => r.latency));
    return points.length === 0 ? [] : [{ look: protocolLook(protocols, protocol), points }];
  });
  if (curves.length === 0) return null;
  const all = curves.flatMap((c) => c.points);
  const domain: [number, number] = [
    Math.max(0.001, Math.min(...all.map((p) => p.ms)) / 1.3),
    Math.max(...all.map((p) => p.ms)) * 1.3,
  ];
  const virtual = runs.every((r) => r.clock === "virtual") ? "virtual " : "";
  const told = curves.map((c) => `${c.look.name}: ${MARKED.map((m) => tellLevel(c, m)).join(", ")}`);
  return figure(SIZE.width, [{ height: SIZE.height, options: options(curves, domain, virtual) }], {
    title: `Commit latency, ${title}`,
    description: `Share of writes slower than a latency, on two logarithmic axes. ${joinWords(told)}.`,
  });
}

function tellLevel(curve: Curve, level: number): string {
  const at = curve.points.find((p) => p.slower <= level);
  return `${String(Math.round((1 - level) * 1000) / 10)} % within ${formatMs(at?.ms ?? null)}`;
}

function options(curves: readonly Curve[], domain: [number, number], virtual: string): Plot.PlotOptions {
  const floor = LEVELS.at(-1) as number;
  const ticks = decadesIn(domain);
  return {
    marginLeft: 62,
    marginRight: 40,
    marginTop: 26,
    marginBottom: 42,
    x: { type: "log", domain, axis: null },
    y: { type: "log", domain: [floor / 1.4, 1], axis: null },
    marks: [
      Plot.gridX(ticks, { stroke: "var(--rule)", strokeOpacity: 1 }),
      Plot.gridY(LEVELS, { stroke: "var(--rule)", strokeOpacity: 1 }),
      labelsY(LEVELS, (level) => `${String(level * 100)} %`),
      ...labelsX(ticks, formatMs, `commit latency, ${virtual}time (log scale)`),
      Plot.text(["Share of writes slower than this (log scale)"], {
        frameAnchor: "top-left",
        dy: -18,
        fontSize: 12,
        fontWeight: 600,
      }),
      Plot.text(MARKED, {
        x: domain[1],
        y: (d: number) => d,
        text: (d: number) => (d === 0.5 ? "p50" : "p99"),
        textAnchor: "start",
        dx: 6,
        fill: "var(--muted)",
      }),
      ...curves.flatMap((curve) => curveMarks(curve, domain, floor)),
    ],
  };
}

function curveMarks({ look, points }: Curve, domain: readonly [number, number], floor: number): Plot.Markish[] {
  const whole = [{ ms: domain[0], slower: 1 }, ...points].filter((p) => p.slower >= floor);
  const marked = MARKED.flatMap((level) => {
    const at = points.find((p) => p.slower <= level);
    return at === undefined ? [] : [{ ms: at.ms, slower: level }];
  });
  return [
    Plot.lineY(whole, {
      x: "ms",
      y: "slower",
      curve: "step-after",
      stroke: look.color,
      strokeWidth: 1.9,
      strokeDasharray: look.dash,
    }),
    Plot.dot(marked, { x: "ms", y: "slower", symbol: look.symbol, r: 4.5, fill: look.color, stroke: "var(--bg)" }),
  ];
}
