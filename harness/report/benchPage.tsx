/** The page of a benchmark: tables, and what they say as plots. One file that needs nothing else. */
import type { VNode } from "preact";
import { renderToString } from "preact-render-to-string";
import { latencyPlot, throughputPlot } from "./benchPlot.js";
import { Raw, Scroll } from "./parts.js";
import { protocolName } from "./protocolLook.js";
import { standalone, style } from "./style.js";

const POLICY = "default-src 'none'; style-src 'unsafe-inline'";

/** A system under one load. */
export interface BenchPageRow {
  readonly subject: string;
  readonly clients: number;
  /** Requests a second that were asked for; 0: closed loop. */
  readonly rate: number;
  readonly opsPerSecond: number;
  readonly opsPerSecondRange: readonly [number, number];
  readonly p50Us: number;
  readonly p99Us: number;
  readonly p999Us: number;
  readonly serverCpuUsPerOp: number | null;
  readonly leaderCpuUsPerOp: number | null;
  readonly clientCpuUsPerOp: number | null;
  readonly syncsPerCommit: number | null;
  readonly foreignCpuPercent: number | null;
  readonly disturbedRounds: number;
}

/** One system against another. */
export interface BenchPageRatio {
  readonly subject: string;
  readonly against: string;
  readonly clients: number;
  readonly rate: number;
  readonly throughput: number;
  readonly throughputRange: readonly [number, number];
  readonly p50: number;
  readonly p50Range: readonly [number, number];
}

/** All that the page shows. */
export interface BenchPage {
  readonly verdict: readonly string[];
  readonly machine: { readonly cpu: string; readonly cores: number; readonly platform: string };
  readonly versions: { readonly synod: string; readonly node: string; readonly commit: string | null };
  readonly subjects: readonly { readonly name: string; readonly version: string; readonly settings: string }[];
  readonly floors: readonly {
    readonly syncP50Us: number;
    readonly threeSyncsP50Us: number;
    readonly roundTripP50Us: number;
  }[];
  readonly table: readonly BenchPageRow[];
  readonly ratios: readonly BenchPageRatio[];
  readonly plan: {
    readonly valueBytes: number;
    readonly reads: number;
    readonly level: string;
    readonly at: string;
    readonly durationMs: number;
    readonly rounds: number;
  };
}

/** The whole page. Pure: equal input gives equal bytes. */
export function renderBench(page: BenchPage): string {
  return `<!doctype html>\n${renderToString(<Page page={page} />)}\n`;
}

/** The plots as files of their own, by name. Empty where there is nothing to draw. */
export function renderBenchPlots(table: readonly BenchPageRow[]): { readonly [name: string]: string } {
  const plots = { throughput: throughputPlot(table), latency: latencyPlot(table) };
  return Object.fromEntries(
    Object.entries(plots).flatMap(([name, svg]) => (svg === null ? [] : [[`${name}.svg`, `${standalone(svg)}\n`]])),
  );
}

interface Props {
  readonly page: BenchPage;
}

function Page({ page }: Props): VNode {
  return (
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <meta http-equiv="Content-Security-Policy" content={POLICY} />
        <meta name="color-scheme" content="light dark" />
        <title>Synod benchmark</title>
        <style dangerouslySetInnerHTML={{ __html: style() }} />
      </head>
      <body>
        <header class="top">
          <h1>Synod benchmark</h1>
          {page.verdict.map((line) => (
            <p>{line}</p>
          ))}
        </header>
        <main>
          <Setting page={page} />
          <Plots page={page} />
          <h2>Measurements</h2>
          <Rows page={page} />
          {page.ratios.length > 0 && <Ratios page={page} />}
        </main>
        <footer>Synod {page.versions.synod}. Wall clock; medians over rounds, ranges from lowest to highest.</footer>
      </body>
    </html>
  );
}

const whole = (value: number): string => Math.round(value).toLocaleString("en");
const known = (value: number | null, digits = 1): string => (value === null ? "not known" : value.toFixed(digits));

function Setting({ page }: Props): VNode {
  const { machine, versions, plan, floors, subjects } = page;
  const middle = (values: readonly number[]): string =>
    whole([...values].sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? 0);
  const kind = plan.reads === 0 ? "writes" : `${String(plan.reads * 100)} % reads (${plan.level})`;
  return (
    <>
      <p>
        {`${String(machine.cores)} cores (${machine.cpu}), ${machine.platform}, Node ${versions.node}, commit ${versions.commit ?? "not known"}. `}
        {`Values of ${String(plan.valueBytes)} bytes, ${kind}, asked at: ${plan.at}; ${String(plan.rounds)} rounds of ${String(plan.durationMs)} ms.`}
      </p>
      <p>
        {`This machine without any system, in the same rounds: a sync ${middle(floors.map((f) => f.syncP50Us))} us, three at once `}
        {`${middle(floors.map((f) => f.threeSyncsP50Us))} us, a round trip on loopback ${middle(floors.map((f) => f.roundTripP50Us))} us.`}
      </p>
      <ul>
        {subjects.map((subject) => (
          <li>{`${subject.name}: ${subject.version}; ${subject.settings}`}</li>
        ))}
      </ul>
    </>
  );
}

function Plots({ page }: Props): VNode {
  const throughput = throughputPlot(page.table);
  const latency = latencyPlot(page.table);
  return (
    <>
      {throughput !== null && <Raw html={throughput} />}
      {latency !== null && <Raw html={latency} />}
    </>
  );
}

function Rows({ page }: Props): VNode {
  const titles = ["subject", "clients", "rate", "ops/s", "range", "p50 us", "p99 us", "p99.9 us"];
  const more = ["server CPU us/op", "leader", "client", "syncs per commit", "foreign CPU %"];
  return (
    <Scroll label="Measurements">
      <table>
        <thead>
          <tr>
            {[...titles, ...more].map((title) => (
              <th scope="col">{title}</th>
            ))}
          </tr>
        </thead>
        <tbody>
          {page.table.map((row) => (
            <tr>
              <th scope="row">{protocolName(row.subject)}</th>
              <td>{row.clients}</td>
              <td>{row.rate === 0 ? "closed" : whole(row.rate)}</td>
              <td>{whole(row.opsPerSecond)}</td>
              <td>{row.opsPerSecondRange.map(whole).join(" to ")}</td>
              <td>{whole(row.p50Us)}</td>
              <td>{whole(row.p99Us)}</td>
              <td>{whole(row.p999Us)}</td>
              <td>{known(row.serverCpuUsPerOp)}</td>
              <td>{known(row.leaderCpuUsPerOp)}</td>
              <td>{known(row.clientCpuUsPerOp)}</td>
              <td>{known(row.syncsPerCommit, 2)}</td>
              <td>{`${known(row.foreignCpuPercent, 0)}${row.disturbedRounds > 0 ? " *" : ""}`}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </Scroll>
  );
}

function Ratios({ page }: Props): VNode {
  const range = (pair: readonly [number, number]): string => pair.map((value) => value.toFixed(2)).join(" to ");
  return (
    <>
      <h2>Ratios, paired within rounds</h2>
      <Scroll label="Ratios">
        <table>
          <thead>
            <tr>
              {["subject", "against", "clients or rate", "throughput", "range", "p50", "range"].map((title) => (
                <th scope="col">{title}</th>
              ))}
            </tr>
          </thead>
          <tbody>
            {page.ratios.map((row) => (
              <tr>
                <th scope="row">{protocolName(row.subject)}</th>
                <td>{protocolName(row.against)}</td>
                <td>{row.rate > 0 ? `${whole(row.rate)} a second` : row.clients}</td>
                <td>{`${row.throughput.toFixed(2)}x`}</td>
                <td>{range(row.throughputRange)}</td>
                <td>{`${row.p50.toFixed(2)}x`}</td>
                <td>{range(row.p50Range)}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </Scroll>
    </>
  );
}
