export { type BenchPage, renderBench, renderBenchPlots } from "./benchPage.js";
export { renderReport } from "./html.js";
export { renderTable, renderVerdict } from "./table.js";
