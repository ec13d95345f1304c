/** One scenario: what it does, what happened in words, timeline, distribution, numbers, verdicts, runs. */
import { Fragment, type VNode } from "preact";
import type { Comparison, Prediction, RunRecord, ScenarioNote } from "../record/index.js";
import { scriptJson } from "./escape.js";
import { formatMs, plural, slug } from "./format.js";
import { latencyFigure } from "./latencyPlot.js";
import { MetricTable, StaleReads } from "./metricTable.js";
import { clockWords, runOutcome, runsOf } from "./outcome.js";
import { Mark, ProtocolLabel, Raw, Scroll } from "./parts.js";
import { protocolLook, protocolName } from "./protocolLook.js";
import { PANES_MAX } from "./style.js";
import { downsample, lengthMs, seedsToDraw } from "./timeline.js";
import { TIMELINE, timelineFigure } from "./timelinePlot.js";
import { Reasons, RunList, VerdictTable } from "./verdictTable.js";
import { departures, outageWords, scenarioWords } from "./words.js";

interface Props {
  readonly comparison: Comparison;
  readonly note: ScenarioNote;
}

/** The fragment that the table of contents leads to. */
export function scenarioId(name: string): string {
  return `scenario-${slug(name)}`;
}

/** One scenario, from what it does to each of its runs. */
export function ScenarioSection({ comparison, note }: Props): VNode {
  const runs = runsOf(comparison, note.name);
  return (
    <section id={scenarioId(note.name)}>
      <h2>{note.title}</h2>
      <p class="about">{note.about}</p>
      <p class="small muted">
        <code>{note.name}</code>: {note.shape}; {note.links}; {formatMs(note.durationMs)} of{" "}
        {clockWords(runs).short.replace(" ms", " time")}; mode {note.mode}; a gap counts as unavailable when it is
        longer than {formatMs(note.unavailableGapMs)}.
      </p>
      <h3>What happened</h3>
      <ul>
        {scenarioWords(comparison, note).map((words) => (
          <li key={words}>{words}</li>
        ))}
      </ul>
      {note.predictions !== null && <Predictions comparison={comparison} note={note} />}
      {runs.length > 0 && (
        <>
          <Timelines comparison={comparison} note={note} />
          <Latency comparison={comparison} note={note} />
          <h3>Numbers</h3>
          <MetricTable comparison={comparison} note={note} />
          <StaleReads comparison={comparison} note={note} />
          <h3>Verdicts</h3>
          <VerdictTable comparison={comparison} note={note} />
          <Reasons comparison={comparison} note={note} />
          <RunList comparison={comparison} note={note} />
        </>
      )}
    </section>
  );
}

function Predictions({ comparison, note }: Props): VNode {
  const runs = runsOf(comparison, note.name);
  const rows = comparison.protocols.flatMap((protocol) => {
    const prediction = note.predictions?.[protocol];
    return prediction === undefined ? [] : [{ protocol, prediction, of: runs.filter((r) => r.protocol === protocol) }];
  });
  const texts = [...new Set(rows.map((r) => r.prediction.words))];
  return (
    <>
      <h3>Predicted by arithmetic, and what happened</h3>
      {texts.map((text) => (
        <p key={text}>
          {texts.length > 1 && (
            <b>
              {rows
                .filter((r) => r.prediction.words === text)
                .map((r) => protocolName(r.protocol))
                .join(", ")}
              :{" "}
            </b>
          )}
          {text}
        </p>
      ))}
      <Scroll label={`Predictions of ${note.title}`}>
        <table>
          <caption>
            The floor is the least latency that round trips and syncs allow, before the fault and during it.{" "}
            {clockWords(runs).long}
          </caption>
          <PredictionHead />
          <tbody>
            {rows.map(({ protocol, prediction, of }) => (
              <tr key={protocol}>
                <th scope="row">
                  <ProtocolLabel protocols={comparison.protocols} protocol={protocol} />
                </th>
                <td class="pair">
                  {formatMs(prediction.floorMs.healthy)} / {formatMs(prediction.floorMs.degraded)}
                </td>
                <td>
                  {prediction.majorityCrossesLink.healthy ? "yes" : "no"} /{" "}
                  {prediction.majorityCrossesLink.degraded ? "yes" : "no"}
                </td>
                <td>{outageWords(prediction.outage)}</td>
                <td class="wide">{happened(of)}</td>
                <td>
                  <Kept runs={of} prediction={prediction} />
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      </Scroll>
    </>
  );
}

function PredictionHead(): VNode {
  return (
    <thead>
      <tr>
        <th scope="col">Protocol</th>
        <th scope="col">
          Floor,
          <br />
          before / during
        </th>
        <th scope="col">
          Majority crosses link,
          <br />
          before / during
        </th>
        <th scope="col">Predicted</th>
        <th scope="col">Happened</th>
        <th scope="col">Within bounds</th>
      </tr>
    </thead>
  );
}

/** How many runs kept the bounds; the first departure is told, the others are counted. */
function Kept({ runs, prediction }: { readonly runs: readonly RunRecord[]; readonly prediction: Prediction }): VNode {
  if (runs.length === 0) return <>not run</>;
  const out = runs.filter((r) => departures([r], prediction).length > 0);
  if (out.length === 0)
    return <Mark verdict="ok">{runs.length === 1 ? "yes" : `all ${String(runs.length)} runs`}</Mark>;
  return (
    <>
      <Mark verdict="unknown">
        {String(out.length)} of {plural(runs.length, "run")} not
      </Mark>
      <span class="ci wrap">{departures(out, prediction)[0]}</span>
    </>
  );
}

/** Least to most over the seeds: a prediction is about every run. */
function happened(runs: readonly RunRecord[]): string {
  if (runs.length === 0) return "";
  const span = (values: readonly number[]): string => {
    const [low, high] = [Math.min(...values), Math.max(...values)];
    return low === high ? formatMs(low) : `${formatMs(low)} to ${formatMs(high)}`;
  };
  const p50 = runs.flatMap((r) => (r.p50Ms === null ? [] : [r.p50Ms]));
  const latency = p50.length === 0 ? "nothing committed" : `p50 of the whole run ${span(p50)}`;
  return `${latency}; ${span(runs.map((r) => r.unavailableMs))} without commits`;
}

/** Panels that a whole report may hold; beyond it fewer seeds are drawn. */
const PANELS_MAX = 96;

function panesFor(comparison: Comparison): number {
  const perSeed = Math.max(1, comparison.scenarios.length * comparison.protocols.length);
  return Math.max(1, Math.min(PANES_MAX, Math.floor(PANELS_MAX / perSeed)));
}

function Timelines({ comparison, note }: Props): VNode {
  const runs = runsOf(comparison, note.name);
  const seeds = seedsToDraw(runs, (r) => runOutcome(r) === "violated", panesFor(comparison));
  const all = new Set(runs.map((r) => r.seed)).size;
  const group = `seed-${slug(note.name)}`;
  return (
    <>
      <h3 id={`${scenarioId(note.name)}-timeline`}>Timeline</h3>
      <TimelineLegend note={note} />
      <div class={seeds.length === 1 ? "pick one" : "pick"}>
        {seeds.length > 1 &&
          seeds.map((seed, i) => (
            <Fragment key={seed}>
              <input type="radio" name={group} id={`${group}-${String(seed)}`} checked={i === 0} />
              <label for={`${group}-${String(seed)}`}>seed {seed}</label>
            </Fragment>
          ))}
        <div class="panes">
          {seeds.map((seed) => (
            <TimelinePane key={seed} comparison={comparison} note={note} seed={seed} />
          ))}
        </div>
      </div>
      {all > seeds.length && (
        <p class="small muted">
          {plural(seeds.length, "seed")} of {String(all)} drawn, runs with a violation first.
        </p>
      )}
    </>
  );
}

function TimelinePane({ comparison, note, seed }: Props & { readonly seed: number }): VNode {
  const runs = runsOf(comparison, note.name);
  const drawn = comparison.protocols.flatMap((p) =>
    runs.filter((r) => r.protocol === p && r.seed === seed).slice(0, 1),
  );
  const length = lengthMs(runs);
  const data = {
    ...TIMELINE,
    lengthMs: length,
    clock: clockWords(drawn).short.replace(" ms", ""),
    rows: drawn.map((run) => {
      const bins = downsample(run.timeline);
      const first = bins[0];
      return {
        name: protocolName(run.protocol),
        binMs: first === undefined ? 1 : first.toMs - first.fromMs,
        rate: bins.map((b) => Number(b.perSecond.toPrecision(3))),
        p50: bins.map((b) => (b.p50Ms === null ? null : Number(b.p50Ms.toPrecision(3)))),
        leaders: run.timeline.leaders.map((l) => [Math.round(l.fromMs), Math.round(l.toMs), l.node]),
      };
    }),
  };
  return (
    <figure data-timeline="">
      <figcaption>
        <b>Seed {seed}: commits per second by protocol, on one time axis and one rate axis.</b> {clockWords(drawn).long}
      </figcaption>
      <Scroll label={`Timeline of ${note.title}, seed ${String(seed)}`}>
        <Raw html={timelineFigure(comparison.protocols, drawn, note, length)} />
      </Scroll>
      <script type="application/json" dangerouslySetInnerHTML={{ __html: scriptJson(data) }} />
    </figure>
  );
}

function TimelineLegend({ note }: { readonly note: ScenarioNote }): VNode {
  return (
    <div class="legend">
      <span>
        <svg viewBox="0 0 26 13" aria-hidden="true">
          <rect width="26" height="13" rx="2" style="fill:var(--band);stroke:var(--band-edge)" />
        </svg>
        a fault lasts
      </span>
      <span>
        <svg viewBox="0 0 26 13" aria-hidden="true">
          <rect width="26" height="13" fill="url(#gap-hatch)" />
        </svg>
        no commit for more than {formatMs(note.unavailableGapMs)}
      </span>
      <span>
        <svg viewBox="0 0 26 13" aria-hidden="true">
          <rect width="26" height="13" style="fill:var(--lead)" />
          <path d="M8,0h10l-5,8z" fill="currentColor" />
        </svg>
        who leads; a triangle marks a new leader
      </span>
    </div>
  );
}

function Latency({ comparison, note }: Props): VNode {
  const runs = runsOf(comparison, note.name);
  const svg = latencyFigure(comparison.protocols, runs, note.title);
  const unknown = runs.reduce((sum, r) => sum + r.unknown, 0);
  return (
    <>
      <h3>Commit latency</h3>
      {svg === null ? (
        <p>No write was acknowledged, so there is nothing to draw.</p>
      ) : (
        <figure>
          <figcaption>
            <b>How many writes were slower than a given latency.</b> All seeds together; the mark on each curve at 50 %
            is p50, at 1 % p99. Only acknowledged writes are in it
            {unknown > 0 && `: ${plural(unknown, "request")} of unknown outcome would lie further right`}.{" "}
            {clockWords(runs).long}
          </figcaption>
          <div class="legend">
            {comparison.protocols
              .filter((p) => runs.some((r) => r.protocol === p))
              .map((p) => (
                <LineKey key={p} protocols={comparison.protocols} protocol={p} />
              ))}
          </div>
          <Scroll label={`Commit latency of ${note.title}`}>
            <Raw html={svg} />
          </Scroll>
        </figure>
      )}
    </>
  );
}

function LineKey({ protocols, protocol }: { readonly protocols: readonly string[]; readonly protocol: string }): VNode {
  const look = protocolLook(protocols, protocol);
  return (
    <span>
      <svg viewBox="0 0 26 13" aria-hidden="true">
        <line
          x1="0"
          x2="26"
          y1="6.5"
          y2="6.5"
          stroke-width="2"
          stroke-dasharray={look.dash}
          style={`stroke:${look.color}`}
        />
      </svg>
      <ProtocolLabel protocols={protocols} protocol={protocol} />
    </span>
  );
}
