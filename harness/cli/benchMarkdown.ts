/** The tables of `synod bench` for a page in Markdown. */
import type { BenchRatio, BenchRow } from "../subjects/bench/index.js";
import type { BenchOutput } from "./benchOutput.js";
import { floorWords } from "./benchWords.js";
import { trimmed } from "./numbers.js";

const count = (value: number): string => Math.round(value).toLocaleString("en");
const micros = (value: number | null): string =>
  value === null ? "not known" : value >= 100 ? count(value) : trimmed(value);
const ratio = (value: number, [from, to]: readonly [number, number]): string =>
  `${value.toFixed(2)} [${from.toFixed(2)} to ${to.toFixed(2)}]`;

/** The tables of a benchmark as Markdown, for a file that is committed. */
export function markdown(result: BenchOutput): string {
  const { cpu, cores } = result.machine;
  const lines = [
    floorWords(result.floors),
    "",
    `${cores} cores (${cpu}), Node ${result.versions.node}, commit ${result.versions.commit ?? "not known"}.`,
    "",
    ...result.subjects.map(({ name, version, settings }) => `- ${name}: ${version}; ${settings}`),
    "",
    ...rows(result.table),
  ];
  for (const against of new Set(result.ratios.map((row) => row.against)))
    lines.push("", ...ratios(result.ratios, against));
  return `${lines.join("\n")}\n`;
}

function line(cells: readonly string[]): string {
  return `| ${cells.join(" | ")} |`;
}

function head(titles: readonly string[]): string[] {
  return [line(titles), line(titles.map((_, i) => (i === 0 ? "---" : "---:")))];
}

function rows(table: readonly BenchRow[]): string[] {
  const open = table.some(({ rate }) => rate > 0);
  const titles = ["subject", open ? "rate" : "clients", "ops/s [range]", "p50 us", "p99 us", "p99.9 us"];
  return [
    ...head([...titles, "server CPU us/op", "leader", "client", "syncs/commit", "foreign CPU"]),
    ...table.map((row) =>
      line([
        row.subject,
        count(row.rate > 0 ? row.rate : row.clients),
        `${count(row.opsPerSecond)} [${row.opsPerSecondRange.map(count).join(" to ")}]`,
        micros(row.p50Us),
        micros(row.p99Us),
        micros(row.p999Us),
        micros(row.serverCpuUsPerOp),
        micros(row.leaderCpuUsPerOp),
        micros(row.clientCpuUsPerOp),
        row.syncsPerCommit === null ? "not known" : row.syncsPerCommit.toFixed(2),
        row.foreignCpuPercent === null
          ? "not known"
          : `${row.foreignCpuPercent.toFixed(0)} %${row.disturbedRounds > 0 ? " *" : ""}`,
      ]),
    ),
  ];
}

function ratios(all: readonly BenchRatio[], against: string): string[] {
  const own = all.filter((row) => row.against === against);
  return [
    `Divided by ${against}, paired within rounds (median [range]):`,
    "",
    ...head(["subject", "clients", "throughput", "p50", "p99"]),
    ...own.map((row) =>
      line([
        row.subject,
        count(row.rate > 0 ? row.rate : row.clients),
        ratio(row.throughput, row.throughputRange),
        ratio(row.p50, row.p50Range),
        ratio(row.p99, row.p99Range),
      ]),
    ),
  ];
}
