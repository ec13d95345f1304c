/** Medians with their intervals, and paired ratios, of one scenario. */
import { Fragment, type VNode } from "preact";
import { isClearOfOne } from "./words.js";
import type { Comparison, MetricName, RunRecord, ScenarioNote } from "../record/index.js";
import { ABSENT, formatCount, formatNumber, plural } from "./format.js";
import { METRICS, type Metric, pairedOf, pairsOf, summaryOf } from "./metrics.js";
import { clockWords, runsOf } from "./outcome.js";
import { ProtocolLabel, Scroll } from "./parts.js";
import { protocolName } from "./protocolLook.js";

interface Props {
  readonly comparison: Comparison;
  readonly note: ScenarioNote;
}

/** Medians with their intervals, and the ratios between protocols. */
export function MetricTable({ comparison, note }: Props): VNode {
  const runs = runsOf(comparison, note.name);
  const protocols = comparison.protocols.filter((p) => runs.some((r) => r.protocol === p));
  const pairs = pairsOf(comparison, note.name);
  const rows = METRICS.filter((m) => protocols.some((p) => summaryOf(comparison, note.name, p, m.name) !== null));
  return (
    <Scroll label={`Numbers of ${note.title}`}>
      <table>
        <caption>
          Medians over {plural(new Set(runs.map((r) => r.seed)).size, "seed")}; below each, the 95 % interval of the
          median, or least … most where there are too few seeds for one.
          {pairs.length > 0 &&
            " Ratios are medians over pairs of runs with the same seed; bold: the interval is clear of 1 by more than 1 %."}{" "}
          {clockWords(runs).long}
        </caption>
        <thead>
          <tr>
            <th scope="col" class="first">
              Per run
            </th>
            {protocols.map((p) => (
              <th scope="col" class="n" key={p}>
                <ProtocolLabel protocols={comparison.protocols} protocol={p} />
              </th>
            ))}
            {pairs.map(({ a, b }, i) => (
              <th scope="col" class={i === 0 ? "n split" : "n"} key={`${a}/${b}`}>
                {protocolName(a)} / {protocolName(b)}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {rows.map((m) => (
            <tr key={m.name}>
              <th scope="row">
                <a href={`#term-${m.name}`}>{m.title}</a>
              </th>
              {protocols.map((p) => (
                <MedianCell key={p} comparison={comparison} scenario={note.name} protocol={p} of={m} runs={runs} />
              ))}
              {pairs.map(({ a, b }, i) => (
                <RatioCell
                  key={`${a}/${b}`}
                  comparison={comparison}
                  scenario={note.name}
                  a={a}
                  b={b}
                  of={m}
                  first={i === 0}
                />
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </Scroll>
  );
}

interface MedianProps {
  readonly comparison: Comparison;
  readonly scenario: string;
  readonly protocol: string;
  readonly of: Metric;
  readonly runs: readonly RunRecord[];
}

function MedianCell({ comparison, scenario, protocol, of, runs }: MedianProps): VNode {
  const row = summaryOf(comparison, scenario, protocol, of.name);
  if (row === null) return <td class="n">{ABSENT}</td>;
  const interval = row.ci95 === null || row.ci95[0] === row.ci95[1] ? null : row.ci95;
  const range =
    interval === null
      ? rangeOf(
          runs.filter((r) => r.protocol === protocol),
          of.name,
        )
      : null;
  return (
    <td class="n">
      {of.format(row.median)}
      {interval !== null && (
        <span class="ci">
          {of.format(interval[0])} to {of.format(interval[1])}
        </span>
      )}
      {range !== null && (
        <span class="ci">
          {of.format(range[0])} … {of.format(range[1])}
        </span>
      )}
    </td>
  );
}

/** Least and most over runs; null where all are equal or fewer than two have a value. */
function rangeOf(runs: readonly RunRecord[], name: MetricName): readonly [number, number] | null {
  const values = runs.flatMap((r) => {
    const value = name === "staleReads" ? Object.values(r.staleReads).reduce((a, b) => a + b, 0) : r[name];
    return value === null ? [] : [value];
  });
  const low = Math.min(...values);
  const high = Math.max(...values);
  return values.length < 2 || low === high ? null : [low, high];
}

interface RatioProps {
  readonly comparison: Comparison;
  readonly scenario: string;
  readonly a: string;
  readonly b: string;
  readonly of: Metric;
  readonly first: boolean;
}

function RatioCell({ comparison, scenario, a, b, of, first }: RatioProps): VNode {
  const row = pairedOf(comparison, scenario, a, b, of.name);
  const cell = first ? "n split" : "n";
  if (row === null || row.ratio === null) return <td class={cell}>{ABSENT}</td>;
  const clear = row.ci95 !== null && isClearOfOne(row.ci95);
  const interval = row.ci95 === null || row.ci95[0] === row.ci95[1] ? null : row.ci95;
  return (
    <td class={cell}>
      <span class={clear ? "clear" : row.ci95 === null ? "" : "muted"}>×{formatNumber(row.ratio)}</span>
      {interval !== null && (
        <span class="ci">
          {formatNumber(interval[0])} to {formatNumber(interval[1])}
        </span>
      )}
    </td>
  );
}

/** Stale reads by read level, summed over seeds; null: no run knows a level. */
export function StaleReads({ comparison, note }: Props): VNode | null {
  const runs = runsOf(comparison, note.name);
  const levels = [...new Set(runs.flatMap((r) => Object.keys(r.staleReads)))];
  if (levels.length === 0) return null;
  const of = (protocol: string): readonly RunRecord[] => runs.filter((r) => r.protocol === protocol);
  return (
    <p class="small">
      Stale reads by level, all seeds together:{" "}
      {comparison.protocols.map((p, i) => (
        <Fragment key={p}>
          {i > 0 && "; "}
          {protocolName(p)}{" "}
          {levels
            .map((level) => `${formatCount(of(p).reduce((sum, r) => sum + (r.staleReads[level] ?? 0), 0))} ${level}`)
            .join(", ")}
        </Fragment>
      ))}
      , of {formatCount(runs.reduce((sum, r) => sum + r.reads, 0))} reads.
    </p>
  );
}
