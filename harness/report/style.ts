/** The page's style sheet. Colours are custom properties, so that the plots follow light and dark as well. */

const LIGHT = `
  --bg: #ffffff; --raised: #f5f6f7; --ink: #1b1f24; --muted: #57606a; --rule: #dfe3e8; --edge: #c6ccd3;
  --link: #0a58a6; --c0: #0067a8; --c1: #b84a00; --c2: #007a58; --c3: #9a3f7a; --c4: #7a6200; --c5: #4d4d9e;
  --band: #f6e6b8; --band-edge: #cfae4f; --band-ink: #4d3b00; --lead: #dde3ea; --hatch: #8a929b;
  --ok: #116329; --ok-bg: #e4f4e8; --bad: #a40e26; --bad-bg: #fde7e9; --dunno: #7a4b00; --dunno-bg: #fff1d6;`;

const DARK = `
  --bg: #14171a; --raised: #1d2125; --ink: #e7eaed; --muted: #a2abb5; --rule: #2f353b; --edge: #474f57;
  --link: #7cb8f2; --c0: #62b3ec; --c1: #f29a5c; --c2: #3fc8a0; --c3: #e29acb; --c4: #d9c063; --c5: #a9a9f0;
  --band: #4a3d17; --band-edge: #8d7430; --band-ink: #f3e3b0; --lead: #363d45; --hatch: #7d8791;
  --ok: #7ddb94; --ok-bg: #17301f; --bad: #ff9aa5; --bad-bg: #3d181d; --dunno: #f0c06a; --dunno-bg: #38290d;`;

/** The same drawing for a place that has no style sheet: light, on a ground of its own. */
export function standalone(svg: string): string {
  const values = new Map([...LIGHT.matchAll(/(--[\w-]+): (#[0-9a-f]+)/g)].map(([, name, value]) => [name, value]));
  const resolved = svg.replace(/var\((--[\w-]+)\)/g, (whole, name: string) => values.get(name) ?? whole);
  const ground = "font-family:system-ui,sans-serif;color:#1b1f24;background:#fff";
  return resolved.replace("<svg ", `<svg style="${ground}" `);
}

/** Seeds that the selector can switch between; `style` writes one rule for each. */
export const PANES_MAX = 8;

/** The whole style sheet: light, dark and print. */
export function style(): string {
  const panes = Array.from(
    { length: PANES_MAX },
    (_, i) => `.pick>input:nth-of-type(${String(i + 1)}):checked~.panes>:nth-child(${String(i + 1)})`,
  ).join(",");
  return `
:root { color-scheme: light dark; ${LIGHT} }
@media (prefers-color-scheme: dark) { :root { ${DARK} } }
${BASE}${TABLES}${MATRIX}${FIGURES}
${panes} { display: block; }
@media print { :root { color-scheme: light; ${LIGHT} } ${PRINT} }`;
}

const BASE = `
* { box-sizing: border-box; }
html { -webkit-text-size-adjust: 100%; }
body { margin: 0; background: var(--bg); color: var(--ink); font: 16px/1.58 system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", Arial, sans-serif; }
main, header.top, footer { max-width: 1140px; margin: 0 auto; padding: 0 28px; }
header.top { padding-top: 44px; }
h1, h2, h3, h4 { line-height: 1.25; text-wrap: balance; }
h1 { font-size: 1.06rem; font-weight: 600; color: var(--muted); margin: 0 0 14px; letter-spacing: .01em; }
h2 { font-size: 1.55rem; margin: 64px 0 12px; padding-top: 18px; border-top: 2px solid var(--ink); }
h3 { font-size: 1.14rem; margin: 36px 0 8px; }
h4 { font-size: 1rem; margin: 24px 0 6px; }
p, ul, ol, dl { max-width: 76ch; margin: 0 0 14px; }
li { margin: 0 0 5px; }
a { color: var(--link); text-underline-offset: 2px; }
a:focus-visible, summary:focus-visible, .scroll:focus-visible, label:focus-visible { outline: 2px solid var(--link); outline-offset: 2px; }
code, pre { font: .86em/1.5 ui-monospace, SFMono-Regular, Menlo, Consolas, "DejaVu Sans Mono", monospace; }
code { overflow-wrap: anywhere; }
pre { background: var(--raised); border: 1px solid var(--rule); border-radius: 6px; padding: 10px 14px; overflow-x: auto; white-space: pre-wrap; overflow-wrap: anywhere; max-width: 100%; }
.verdict { border-left: 6px solid var(--v); background: var(--vbg); border-radius: 0 8px 8px 0; padding: 20px 26px 12px; margin: 0 0 26px; }
.verdict .badge { display: inline-block; font-weight: 700; color: var(--v); margin: 0 0 4px; }
.verdict .lead { font-size: 1.42rem; line-height: 1.36; font-weight: 600; max-width: 58ch; margin: 0 0 12px; text-wrap: pretty; }
.v-ok { --v: var(--ok); --vbg: var(--ok-bg); } .v-violated { --v: var(--bad); --vbg: var(--bad-bg); } .v-unknown { --v: var(--dunno); --vbg: var(--dunno-bg); }
.mark { color: var(--v); font-weight: 600; white-space: nowrap; }
.muted { color: var(--muted); } .small { font-size: .87rem; line-height: 1.5; }
nav.toc { columns: 2 300px; column-gap: 40px; border: 1px solid var(--rule); border-radius: 8px; padding: 14px 22px; margin: 0 0 8px; }
nav.toc ol { margin: 0; padding-left: 1.3em; } nav.toc li { break-inside: avoid; margin: 0 0 3px; } nav.toc ol ol { list-style: none; padding-left: .6em; font-size: .93em; }
dl.facts { display: grid; grid-template-columns: minmax(9em, max-content) 1fr; gap: 5px 22px; max-width: 92ch; }
dl.facts dt { color: var(--muted); } dl.facts dd { margin: 0; overflow-wrap: anywhere; }
dl.terms dt { font-weight: 600; margin-top: 12px; } dl.terms dd { margin: 0; }
details { margin: 0 0 14px; } summary { cursor: pointer; color: var(--link); padding: 3px 0; }
.about { font-size: 1.04rem; }
td.wide { min-width: 17em; } ul.reasons li { margin-bottom: 10px; } :target { background: var(--dunno-bg); }
footer { padding: 40px 28px 60px; color: var(--muted); font-size: .87rem; }
@media (max-width: 640px) { main, header.top, footer { padding-left: 16px; padding-right: 16px; } dl.facts { grid-template-columns: 1fr; } dl.facts dd { margin-bottom: 8px; } .verdict .lead { font-size: 1.2rem; } }`;

const TABLES = `
.scroll { overflow-x: auto; margin: 0 0 18px; }
table { border-collapse: collapse; font-size: .92rem; line-height: 1.42; font-variant-numeric: tabular-nums; }
caption { text-align: left; color: var(--muted); font-size: .87rem; padding: 0 0 7px; max-width: min(100ch, 88vw); caption-side: top; }
th, td { text-align: left; padding: 6px 14px 6px 0; border-bottom: 1px solid var(--rule); vertical-align: top; }
th:last-child, td:last-child { padding-right: 0; }
thead th { border-bottom: 1.5px solid var(--edge); font-weight: 600; vertical-align: bottom; }
tbody th { font-weight: 400; }
td.n, th.n { text-align: right; padding-left: 14px; white-space: nowrap; }
th.split, td.split { border-left: 1px solid var(--edge); }
th.first { min-width: 15em; } td.pair { white-space: nowrap; } .ci { display: block; color: var(--muted); font-size: .82em; white-space: nowrap; }
.ci.wrap { white-space: normal; min-width: 14em; } .clear { font-weight: 700; }
.swatch { white-space: nowrap; } .swatch i { font-style: normal; margin-right: .35em; }
table.runs { font-size: .84rem; } table.runs code { font-size: .92em; }`;

const MATRIX = `
table.matrix { width: 100%; min-width: 760px; font-size: .86rem; }
table.matrix th.line { font-weight: 600; width: 8.5em; } table.matrix td.cell { min-width: 11.5em; padding-right: 16px; }
table.matrix tr.words td { color: var(--muted); border-bottom: 1px solid var(--edge); padding-top: 0; }
table.matrix tr.numbers th, table.matrix tr.numbers td { border-bottom: 0; }
table.glance { width: 100%; min-width: 900px; table-layout: fixed; } table.glance th { font-size: .84rem; } table.glance th.place { width: 13em; } table.glance tbody th { padding-right: 12px; }
table.glance td, table.glance th.link { text-align: center; padding: 6px 0; } table.glance th.split { padding-left: 8px; }
table.glance th.link { font-weight: 400; color: var(--muted); font-size: .7rem; } table.glance td { font-size: 1.05rem; cursor: help; vertical-align: middle; } table.glance .bar { margin: 1px 2px 0; height: 4px; }
table.glance td.s-slow { background: var(--dunno-bg); } table.glance td.s-outage, table.glance td.s-both { background: var(--bad-bg); }
.options { display: block; font-weight: 400; color: var(--muted); font-size: .85em; }
.story { font-weight: 600; display: block; } .story i { font-style: normal; display: inline-block; width: 1.15em; }
.s-none { color: var(--muted); font-weight: 400; } .s-slow { color: var(--dunno); } .s-outage, .s-both { color: var(--bad); }
.bar { display: block; height: 5px; background: var(--rule); border-radius: 3px; margin: 4px 0 4px; overflow: hidden; max-width: 15em; } .bar b { display: block; height: 100%; background: var(--bad); }
.predicted { display: block; color: var(--muted); font-size: .87em; }
.whereabouts { display: grid; grid-template-columns: repeat(auto-fit, minmax(290px, 1fr)); gap: 8px 30px; margin: 0 0 18px; } .whereabouts h4 { margin: 12px 0 4px; }  .whereabouts ul { padding-left: 1.1em; margin: 0 0 8px; } .whereabouts p { margin: 0 0 4px; }`;

const FIGURES = `
figure { margin: 0 0 24px; } figure svg { display: block; width: 100%; height: auto; min-width: 700px; }
figcaption { font-size: .87rem; color: var(--muted); max-width: 100ch; margin-bottom: 6px; }
figcaption b { color: var(--ink); font-weight: 600; }
svg text { font-family: inherit; }
.pick > input { position: absolute; opacity: 0; pointer-events: none; }
.pick > label { display: inline-block; border: 1px solid var(--edge); border-radius: 5px; padding: 1px 10px; margin: 0 6px 8px 0; font-size: .87rem; cursor: pointer; }
.pick > input:checked + label { background: var(--ink); color: var(--bg); border-color: var(--ink); }
.pick > input:focus-visible + label { outline: 2px solid var(--link); outline-offset: 2px; }
.panes > * { display: none; } .pick.one > .panes > :first-child { display: block; }
.legend { max-width: none; display: flex; flex-wrap: wrap; gap: 4px 20px; font-size: .87rem; color: var(--muted); margin: 0 0 8px; }
.legend svg { width: 26px; min-width: 26px; height: 13px; display: inline-block; vertical-align: -2px; margin-right: 6px; }
.tip { position: absolute; z-index: 9; pointer-events: none; background: var(--bg); color: var(--ink); border: 1px solid var(--edge); border-radius: 6px; box-shadow: 0 3px 14px rgb(0 0 0 / .18); padding: 7px 11px; font-size: .82rem; line-height: 1.45; white-space: nowrap; }`;

const PRINT = `
body { font-size: 10.5pt; } main, header.top, footer { max-width: none; padding: 0; }
nav.toc, .tip, .pick > label { display: none; }
h2, h3, h4, caption, figcaption { break-after: avoid; } tr, figure, .verdict { break-inside: avoid; }
@page { margin: 13mm; } .about, .verdict .lead { font-size: inherit; } h2 { margin-top: 34px; }
.scroll { overflow: visible; } table.matrix, table.glance, table.matrix td.cell, figure svg, th.first { min-width: 0; }
table { font-size: 8pt; } table.runs { font-size: 6pt; } table.glance th, table.matrix { font-size: 7pt; } table.glance th.place { width: 9em; } table.glance th.link { font-size: 4.6pt; } table.glance td { font-size: 8pt; } table.matrix td.cell { padding-right: 6px; }
* { print-color-adjust: exact; -webkit-print-color-adjust: exact; } a { color: inherit; }`;
