// One self-contained HTML page for a history and what is wrong with it: a lane per client, the witness in colour, the
// longest legal prefix numbered, faults as bands, zoom. A long history is cut to the neighbourhood of the witness.

import { type ComponentChildren, h as createNode, type VNode } from "preact";
import { renderToString } from "preact-render-to-string";
import { type History, type OperationView, viewOperation } from "../history.js";
import { labelOf, operationInWords, operationLine, timeInWords } from "./words.js";

/** What a page shows beside the history. */
export type PageInput = {
  readonly title: string;
  /** The verdict in words. */
  readonly verdict: string;
  /** Rows of the history that break the level. */
  readonly witness: readonly number[];
  /** Rows of the longest legal beginning, in a legal order. */
  readonly prefix: readonly number[];
  /** Paragraphs under the verdict. */
  readonly explanation: readonly string[];
  /** Lines under the drawing, as they stand. */
  readonly details?: readonly string[];
};

/** More operations than this are not drawn. */
const drawnMax = 600;
const laneHeight = 26;
const labelWidth = 90;
const width = 1150;
/** About what a character of a label takes. */
const charWidth = 5.7;

/** The page as text. Needs no network and no other file. */
export function historyPage(history: History, input: PageInput): string {
  const rows = neighbourhood(history, input.witness);
  const style = element("style", { dangerouslySetInnerHTML: { __html: css } });
  const title = element("title", null, input.title);
  const head = element("head", null, element("meta", { charset: "utf-8" }), title, style);
  const cut =
    rows.length === history.count
      ? `All ${history.count} operations.`
      : `${rows.length} of ${history.count} operations: those nearest to the witness in time.`;
  const body = element(
    "body",
    null,
    element("h1", null, input.title),
    element("p", { class: "verdict" }, input.verdict),
    input.witness.length === 0 ? null : element("pre", null, witnessLines(history, input.witness)),
    input.explanation.map((text) => element("p", null, text)),
    element(
      "p",
      { class: "note" },
      `${cut}${prefixInWords(input.prefix)} Left to right in the order of calls and returns. Wheel or buttons zoom; hover for details.`,
    ),
    element("div", null, button("out", "-"), button("in", "+"), button("all", "all")),
    element("div", { id: "view" }, drawing(history, rows, input)),
    input.details === undefined ? null : element("pre", { class: "details" }, input.details.join("\n")),
    element("script", { dangerouslySetInnerHTML: { __html: script } }),
  );
  return `<!doctype html>\n${renderToString(element("html", { lang: "en" }, head, body))}\n`;
}

function witnessLines(history: History, witness: readonly number[]): string {
  return witness.map((i, n) => `${operationLine(labelOf(n), viewOperation(history, i), history.timed)}\n`).join("");
}

function prefixInWords(prefix: readonly number[]): string {
  if (prefix.length === 0) return "";
  return " The numbers are an order of the longest beginning of the history that has one.";
}

function element(type: string, attributes: Record<string, unknown> | null, ...children: ComponentChildren[]): VNode {
  return createNode(type, attributes, ...children) as VNode;
}

function button(action: string, text: string): VNode {
  return element("button", { "data-zoom": action, type: "button" }, text);
}

function neighbourhood(history: History, witness: readonly number[]): number[] {
  if (history.count <= drawnMax) return Array.from({ length: history.count }, (_, i) => i);
  const chosen = new Set(witness.slice(0, drawnMax));
  const around = witness.length === 0 ? [0] : witness;
  for (let distance = 1; chosen.size < drawnMax && distance < history.count; distance++) {
    for (const i of around) {
      if (chosen.size < drawnMax && i - distance >= 0) chosen.add(i - distance);
      if (chosen.size < drawnMax && i + distance < history.count) chosen.add(i + distance);
    }
  }
  return [...chosen].sort((x, y) => x - y);
}

/** Places are ranks, packed: time that nobody uses takes no room. */
function drawing(history: History, rows: readonly number[], input: PageInput): VNode {
  const inside = new Set(rows);
  const place = new Map<number, number>();
  let places = 0;
  const times: number[] = [];
  for (const code of history.eventAt) {
    if (!inside.has(code >> 1)) continue;
    const time = ((code & 1) === 0 ? history.callTime[code >> 1] : history.retTime[code >> 1]) as number;
    times.push(time);
    place.set(code, places++);
  }
  const scale = (width - labelWidth - 20) / Math.max(places, 1);
  const x = (at: number): number => labelWidth + at * scale;
  const lanes = [...new Set(rows.map((i) => history.process[i] as number))];
  const name = (process: number): string => String(history.processes.value(process));
  lanes.sort((p, q) => Number(name(p)) - Number(name(q)) || (name(p) < name(q) ? -1 : 1));
  const witness = new Map(input.witness.map((i, n) => [i, labelOf(n)]));
  const prefix = new Map(input.prefix.map((i, n) => [i, n + 1]));
  const height = lanes.length * laneHeight + 30;
  const children: ComponentChildren[] = [...bands(history, times, x, height), ...laneLabels(history, lanes)];
  for (const i of rows) {
    const from = place.get(2 * i) as number;
    const to = place.get(2 * i + 1) ?? places;
    const y = lanes.indexOf(history.process[i] as number) * laneHeight + 20;
    children.push(bar(viewOperation(history, i), x(from), x(to), y, witness.get(i), prefix.get(i), history.timed));
  }
  return element("svg", { id: "lanes", width, height }, children);
}

function bands(history: History, times: readonly number[], x: (at: number) => number, height: number): VNode[] {
  const at = (time: number): number => {
    const n = times.findIndex((other) => other >= time);
    return n < 0 ? times.length : n;
  };
  return history.bands.map((band) => {
    const from = x(at(band.fromTime));
    const to = Math.max(from + 2, x(at(band.toTime)));
    const end = Number.isFinite(band.toTime) ? `to ${timeInWords(band.toTime)}` : "to the end";
    const label = `${band.text}, ${timeInWords(band.fromTime)} ${end}`;
    return element(
      "g",
      { class: "band", "data-x": from - labelWidth, "data-w": to - from, "data-label": label },
      element("title", null, label),
      element("rect", { x: from, y: 0, width: to - from, height }),
      element("text", { x: from + 3, y: 12 }, cutLabel(label, to - from)),
    );
  });
}

function laneLabels(history: History, lanes: readonly number[]): VNode[] {
  return lanes.map((process, n) => {
    const name = history.processes.value(process);
    return element("text", { class: "lane", x: 2, y: n * laneHeight + 34 }, `client ${String(name)}`);
  });
}

function bar(
  view: OperationView,
  from: number,
  to: number,
  y: number,
  witness: string | undefined,
  order: number | undefined,
  timed: boolean,
): VNode {
  const kind = witness !== undefined ? "witness" : view.outcome;
  const short = operationInWords(view).replace(/^client \S+ /, "");
  const place = order === undefined ? "" : `${order}. `;
  const label = `${witness === undefined ? "" : `${witness}: `}${place}${short}`;
  return element(
    "g",
    { class: `op ${kind}`, "data-x": from - labelWidth, "data-w": to - from, "data-label": label },
    element("title", null, operationLine(label, view, timed)),
    element("rect", { x: from, y, width: Math.max(2, to - from), height: laneHeight - 8, rx: 3 }),
    element("text", { x: from + 3, y: y + 12 }, cutLabel(label, to - from)),
  );
}

/** As much of a label as fits. The page does the same when it zooms. */
function cutLabel(label: string, pixels: number): string {
  const chars = Math.floor((pixels - 5) / charWidth);
  if (chars >= label.length) return label;
  return chars < 2 ? label.slice(0, Math.max(0, chars)) : `${label.slice(0, chars - 1)}…`;
}

const css = `body{font:14px/1.5 system-ui,sans-serif;margin:24px;max-width:1200px;color:#1c2430;background:#fff}
h1{font-size:20px}.verdict{font-size:16px;font-weight:600}.note{color:#5a6675}
pre{background:#f3f5f8;padding:10px;overflow-x:auto}button{margin-right:4px}
#view{overflow-x:auto;border:1px solid #cfd6df;margin-top:8px}
.lane{font-size:11px;fill:#5a6675;paint-order:stroke;stroke:#fff;stroke-width:3px}.band text{font-size:10px;fill:#6a3d80}.op text{font-size:10px;fill:#1c2430;pointer-events:none}
.op rect{fill:#cfe0f5;stroke:#7d9cc4}.fail rect{fill:#e7e9ed;stroke:#a9b1bc}.unknown rect{fill:#fbeecb;stroke:#c9a646;stroke-dasharray:3 2}
.witness rect{fill:#f7c9c4;stroke:#b3261e;stroke-width:2}.band rect{fill:#d9b8e8;opacity:.35}
@media (prefers-color-scheme:dark){body{background:#14181e;color:#dde3ea}pre{background:#1e242c}.op text{fill:#0d1116}.lane{stroke:#14181e}.band text{fill:#d9b8e8}}`;

const script = `(()=>{const svg=document.getElementById("lanes"),view=document.getElementById("view"),left=${labelWidth},full=${width};let zoom=1;
const parts=[...svg.querySelectorAll("[data-x]")].map((g)=>({x:+g.dataset.x,w:+g.dataset.w,label:g.dataset.label,rect:g.querySelector("rect"),text:g.querySelector("text")}));
const cut=(label,w)=>{const n=Math.floor((w-5)/${charWidth});return n>=label.length?label:n<2?label.slice(0,Math.max(0,n)):label.slice(0,n-1)+"\u2026";};
const names=()=>{for(const t of svg.querySelectorAll(".lane"))t.setAttribute("x",view.scrollLeft+2);};
const set=(z,at)=>{z=Math.min(400,Math.max(1,z));const x=(view.scrollLeft+at-left)/zoom;zoom=z;svg.setAttribute("width",left+(full-left)*z);
for(const p of parts){const from=left+p.x*z,w=Math.max(2,p.w*z);p.rect.setAttribute("x",from);p.rect.setAttribute("width",w);p.text.setAttribute("x",from+3);p.text.textContent=cut(p.label,w);}
view.scrollLeft=x*z+left-at;names();};
view.addEventListener("scroll",names);
view.addEventListener("wheel",(e)=>{if(Math.abs(e.deltaX)>Math.abs(e.deltaY))return;e.preventDefault();set(zoom*(e.deltaY<0?1.25:0.8),e.clientX-view.getBoundingClientRect().left);},{passive:false});
for(const b of document.querySelectorAll("[data-zoom]"))b.addEventListener("click",()=>{const a=b.dataset.zoom;set(a==="in"?zoom*1.6:a==="out"?zoom/1.6:1,view.clientWidth/2);});})();`;
