/** Verdicts per protocol, why a verdict is not ok, and every run with the command that repeats it. */
import type { VNode } from "preact";
import type { Comparison, RunRecord, ScenarioNote } from "../record/index.js";
import { formatCount, formatMs, plural, slug } from "./format.js";
import {
  brokeAsExpected,
  clockWords,
  runOutcome,
  runsOf,
  traceVerdict,
  VERDICT_KINDS,
  type VerdictKind,
  verdictOf,
  worst,
} from "./outcome.js";
import { Mark, ProtocolLabel, Scroll } from "./parts.js";
import { protocolName } from "./protocolLook.js";

/** Longer lists are cut, runs that failed first, and the rest is counted. */
const REASONS_MAX = 40;
const RUNS_MAX = 120;

interface Props {
  readonly comparison: Comparison;
  readonly note: ScenarioNote;
}

function runId(run: RunRecord): string {
  return `run-${slug(run.scenario)}-${slug(run.protocol)}-${String(run.seed)}`;
}

/** How many runs came to what, by protocol and by what was judged. */
export function VerdictTable({ comparison, note }: Props): VNode {
  const runs = runsOf(comparison, note.name);
  const protocols = comparison.protocols.filter((p) => runs.some((r) => r.protocol === p));
  const untold = [...new Set(runs.filter((r) => traceVerdict(r.verdicts.trace) === null).map((r) => r.verdicts.trace))];
  return (
    <>
      <Scroll label={`Verdicts of ${note.title}`}>
        <table>
          <caption>
            Runs that passed, of all runs; a number with a cross or a question mark leads to the reason.
          </caption>
          <thead>
            <tr>
              <th scope="col">Protocol</th>
              {VERDICT_KINDS.map(({ kind, title }) => (
                <th scope="col" key={kind}>
                  <a href={`#term-${kind}`}>{title}</a>
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {protocols.map((p) => (
              <tr key={p}>
                <th scope="row">
                  <ProtocolLabel protocols={comparison.protocols} protocol={p} />
                </th>
                {VERDICT_KINDS.map(({ kind }) => (
                  <td key={kind}>
                    <VerdictCount runs={runs.filter((r) => r.protocol === p)} kind={kind} />
                  </td>
                ))}
              </tr>
            ))}
          </tbody>
        </table>
      </Scroll>
      {untold.map((reason) => (
        <p class="small muted" key={reason}>
          Traces: {reason}
        </p>
      ))}
      {protocols.map((p) => (
        <Remarks key={p} runs={runs.filter((r) => r.protocol === p)} />
      ))}
    </>
  );
}

/** What was not checked for this protocol because it means nothing there, and what broke as it was meant to. */
function Remarks({ runs }: { readonly runs: readonly RunRecord[] }): VNode {
  const [first] = runs;
  const left = first?.notApplicable ?? [];
  const shown = runs.find(brokeAsExpected);
  return (
    <>
      {first !== undefined && left.length > 0 && (
        <p class="small muted">
          Invariants that do not apply to {protocolName(first.protocol)}: {left.join(", ")}.
        </p>
      )}
      {shown !== undefined && (
        <p class="small muted">
          {protocolName(shown.protocol)}, seed {shown.seed}: {shown.reasons.join("; ")}.
        </p>
      )}
    </>
  );
}

function VerdictCount({ runs, kind }: { readonly runs: readonly RunRecord[]; readonly kind: VerdictKind }): VNode {
  const judged = runs.flatMap((run) => {
    const verdict = verdictOf(run, kind);
    return verdict === null ? [] : [{ run, verdict }];
  });
  if (judged.length === 0) return <span class="muted">{kind === "trace" ? "not validated" : "not asked"}</span>;
  const expected = judged.filter((j) => j.verdict === "violated" && brokeAsExpected(j.run));
  if (expected.length === judged.length)
    return (
      <Mark verdict="ok">
        {formatCount(expected.length)} of {formatCount(judged.length)} violated, as expected
      </Mark>
    );
  const verdict = worst(judged.filter((j) => !expected.includes(j)).map((j) => j.verdict));
  const of = judged.filter((j) => j.verdict === verdict);
  const words = `${formatCount(of.length)} of ${formatCount(judged.length)}`;
  const first = of[0];
  if (verdict === "ok" || first === undefined) return <Mark verdict="ok">{words}</Mark>;
  return (
    <a href={`#${runId(first.run)}`}>
      <Mark verdict={verdict}>
        {words} {verdict === "violated" ? "violated" : "undecided"}
      </Mark>
    </a>
  );
}

/** null: every run passed. */
export function Reasons({ comparison, note }: Props): VNode | null {
  const bad = runsOf(comparison, note.name).filter((r) => runOutcome(r) !== "ok");
  if (bad.length === 0) return null;
  const ordered = [
    ...bad.filter((r) => runOutcome(r) === "violated"),
    ...bad.filter((r) => runOutcome(r) === "unknown"),
  ];
  const left = ordered.length - REASONS_MAX;
  return (
    <>
      <h3>Why not ok</h3>
      <ul class="reasons">
        {ordered.slice(0, REASONS_MAX).map((run) => (
          <li id={runId(run)} key={runId(run)}>
            <Mark verdict={runOutcome(run)} />{" "}
            <b>
              {protocolName(run.protocol)}, seed {run.seed}
            </b>
            {run.reasons.length === 0 && run.broken === null && ": no reason was recorded."}
            {run.broken !== null && (
              <>
                : the invariant <code>{run.broken.invariant}</code> broke first, at {formatMs(run.broken.atMs)} (event{" "}
                {formatCount(run.broken.event)}): {run.broken.detail}
              </>
            )}
            {run.reasons.length > 0 && (
              <ul>
                {run.reasons.map((reason) => (
                  <li key={reason}>{reason}</li>
                ))}
              </ul>
            )}
            <pre>{run.command}</pre>
          </li>
        ))}
      </ul>
      {left > 0 && <p class="small muted">{plural(left, "further run")} left out here.</p>}
    </>
  );
}

/** Every run with its hash and the command that repeats it. */
export function RunList({ comparison, note }: Props): VNode {
  const runs = runsOf(comparison, note.name);
  const ordered = [...runs.filter((r) => runOutcome(r) !== "ok"), ...runs.filter((r) => runOutcome(r) === "ok")];
  const left = ordered.length - RUNS_MAX;
  return (
    <details>
      <summary>Every run, and the command that repeats it ({formatCount(runs.length)})</summary>
      <Scroll label={`Runs of ${note.title}`}>
        <table class="runs">
          <caption>
            {clockWords(runs).long} Equal seeds give equal hashes on every machine.
            {left > 0 && ` ${plural(left, "run")} left out to bound this file's size.`}
          </caption>
          <thead>
            <tr>
              <th scope="col">Protocol</th>
              <th scope="col" class="n">
                Seed
              </th>
              <th scope="col">Verdict</th>
              <th scope="col" class="n">
                Committed
              </th>
              <th scope="col" class="n">
                p50
              </th>
              <th scope="col" class="n">
                p99
              </th>
              <th scope="col" class="n">
                Without commits
              </th>
              <th scope="col" class="n">
                Longest gap
              </th>
              <th scope="col" class="n">
                Elections
              </th>
              <th scope="col" class="n">
                Events
              </th>
              <th scope="col">Trace hash</th>
              <th scope="col">Command</th>
            </tr>
          </thead>
          <tbody>
            {ordered.slice(0, RUNS_MAX).map((run) => (
              <RunRow key={runId(run)} run={run} />
            ))}
          </tbody>
        </table>
      </Scroll>
    </details>
  );
}

function RunRow({ run }: { readonly run: RunRecord }): VNode {
  return (
    <tr>
      <th scope="row">{protocolName(run.protocol)}</th>
      <td class="n">{run.seed}</td>
      <td>
        <Mark verdict={runOutcome(run)} />
      </td>
      <td class="n">{formatCount(run.committed)}</td>
      <td class="n">{formatMs(run.p50Ms)}</td>
      <td class="n">{formatMs(run.p99Ms)}</td>
      <td class="n">{formatMs(run.unavailableMs)}</td>
      <td class="n">{formatMs(run.longestGapMs)}</td>
      <td class="n">{formatCount(run.elections)}</td>
      <td class="n">{formatCount(run.events)}</td>
      <td>
        <code>{run.traceHash}</code>
      </td>
      <td>
        <code>{run.command}</code>
      </td>
    </tr>
  );
}
