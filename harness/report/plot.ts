/** Observable Plot on a small DOM: one door, so that nothing else knows how a plot becomes text. */
import * as Plot from "@observablehq/plot";
import { parseHTML } from "linkedom";
import { escapeHtml } from "./escape.js";

const { document } = parseHTML("<!doctype html><html><body></body></html>");

/** One plot of a figure. Its horizontal margins must equal those of the others it shares an axis with. */
export interface Panel {
  readonly height: number;
  readonly options: Plot.PlotOptions;
}

/** A figure in words, for those who do not see it. */
export interface FigureText {
  /** Read out in place of the figure; also its tooltip where the pointer is on nothing else. */
  readonly title: string;
  readonly description: string;
}

/**
 * Panels over one another in one SVG. Legends are not supported: Plot puts them beside the SVG, and the report has its
 * own in HTML.
 */
export function figure(width: number, panels: readonly Panel[], text: FigureText): string {
  let y = 0;
  let body = "";
  for (const { height, options } of panels) {
    body += `<g transform="translate(0,${String(y)})">${panelBody({ ...options, width, height })}</g>`;
    y += height;
  }
  const id = `fig-${String(hash(body + text.title + text.description))}`;
  return (
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${String(width)} ${String(y)}" width="${String(width)}" ` +
    `height="${String(y)}" role="img" aria-labelledby="${id}-t ${id}-d" font-size="11" text-anchor="middle" ` +
    `fill="currentColor"><title id="${id}-t">${escapeHtml(text.title)}</title>` +
    `<desc id="${id}-d">${escapeHtml(text.description)}</desc>${body}</svg>`
  );
}

/** Tick labels left of the frame. Plot's own axis leaves out the labels of a logarithmic scale that are no powers. */
export function labelsY(ticks: readonly number[], format: (tick: number) => string): Plot.Markish {
  const y = (tick: number): number => tick;
  return Plot.text(ticks, { y, text: format, frameAnchor: "left", textAnchor: "end", dx: -8 });
}

/** Tick labels under the frame, and what the axis is. */
export function labelsX(ticks: readonly number[], format: (tick: number) => string, label: string): Plot.Markish[] {
  const x = (tick: number): number => tick;
  return [
    Plot.text(ticks, { x, text: format, frameAnchor: "bottom", dy: 15 }),
    Plot.text([label], { frameAnchor: "bottom", dy: 33 }),
  ];
}

/** What Plot drew, without its root element (the figure has its own) and its style sheet (the page has its own). */
function panelBody(options: Plot.PlotOptions): string {
  const root = Plot.plot({ ...options, document }) as unknown as {
    readonly tagName: string;
    readonly children: Iterable<{ readonly tagName: string; readonly outerHTML: string }>;
  };
  if (root.tagName.toLowerCase() !== "svg") throw new Error("a plot with a legend is not one svg");
  const parts = [...root.children].filter((child) => child.tagName.toLowerCase() !== "style");
  return roundCoordinates(parts.map((child) => child.outerHTML).join(""));
}

const COORDINATE = / (d|x|y|x1|x2|y1|y2|cx|cy|r|dx|dy|width|height|transform)="([^"]*)"/g;

/** A tenth of a pixel is enough; a third of the file is digits after it. */
function roundCoordinates(markup: string): string {
  return markup.replace(COORDINATE, (_, name: string, value: string) => {
    const rounded = value.replace(/-?\d*\.\d{2,}(e-?\d+)?/g, (digits) => String(Math.round(Number(digits) * 10) / 10));
    return ` ${name}="${rounded}"`;
  });
}

/** FNV-1a: ids that are the same in every rendering and differ between figures. */
function hash(text: string): number {
  let h = 0x811c9dc5;
  for (let i = 0; i < text.length; i += 1) h = Math.imul(h ^ text.charCodeAt(i), 0x01000193);
  return h >>> 0;
}
