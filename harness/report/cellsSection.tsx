/** Every cell of the incident's matrix with its prediction beside what happened. */
import { Fragment, type VNode } from "preact";
import type { Comparison, IncidentMatrix, IncidentRow } from "../record/index.js";
import { formatMs, overSeeds, plural, sentence } from "./format.js";
import { type CellGroup, groupsOf, lineSentence, type Variant, variantKey, variantsOf } from "./incidentWords.js";
import { clockWords } from "./outcome.js";
import { Mark, Scroll } from "./parts.js";
import { STORIES, VariantLabel } from "./stories.js";
import { outageWords } from "./words.js";

interface Props {
  readonly comparison: Comparison;
  readonly matrix: IncidentMatrix;
}

/** The matrix in full: each cell's prediction beside what happened. */
export function CellsSection({ comparison, matrix }: Props): VNode {
  const variants = variantsOf(matrix.rows);
  return (
    <section id="cells">
      <h2>The incident, cell by cell</h2>
      <p>
        The prediction is arithmetic on round trips, syncs and quorums, made without running anything: the least latency
        that a commit can have, and whether an outage must, can or cannot happen. Beside it stands what happened. A cell
        that left its prediction's bounds says so.
      </p>
      {groupsOf(matrix.rows).map((group) => (
        <GroupTable key={group.id} comparison={comparison} matrix={matrix} group={group} variants={variants} />
      ))}
    </section>
  );
}

interface GroupProps extends Props {
  readonly group: CellGroup;
  readonly variants: readonly Variant[];
}

function GroupTable({ comparison, matrix, group, variants }: GroupProps): VNode {
  return (
    <>
      <h3 id={group.id}>{group.title}</h3>
      <Scroll label={group.title}>
        <table class="matrix">
          <caption>
            {sentence(overSeeds(matrix.seeds))}; latencies of writes acknowledged while the link was degraded. The bar
            is the share of that time without commits. {clockWords(comparison.runs).long}
          </caption>
          <thead>
            <tr>
              <th scope="col">Link</th>
              {variants.map((v) => (
                <th scope="col" key={v.key}>
                  <VariantLabel comparison={comparison} variant={v} />
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {group.lines.map((line) => (
              <Fragment key={line.link}>
                <tr class="numbers">
                  <th scope="row" class="line">
                    {line.link}
                  </th>
                  {variants.map((v) => (
                    <OutcomeCell key={v.key} row={line.rows.find((r) => variantKey(r) === v.key)} matrix={matrix} />
                  ))}
                </tr>
                <tr class="words">
                  <td />
                  <td colSpan={variants.length}>{lineSentence(line, variants)}</td>
                </tr>
              </Fragment>
            ))}
          </tbody>
        </table>
      </Scroll>
      <Arithmetic group={group} variants={variants} />
    </>
  );
}

function OutcomeCell({
  row,
  matrix,
}: {
  readonly row: IncidentRow | undefined;
  readonly matrix: IncidentMatrix;
}): VNode {
  if (row === undefined) return <td class="cell muted">not run</td>;
  const { outcome, prediction, story } = row;
  const { css, glyph, word } = STORIES[story];
  const share = Math.min(1, outcome.unavailableMs / Math.max(1, matrix.degradedMs));
  const floor = prediction.floorMs.degraded;
  return (
    <td class="cell">
      <span class={`story ${css}`}>
        <i aria-hidden="true">{glyph}</i>
        {word}
      </span>
      {outcome.committed === 0 ? "nothing committed" : `p50 ${formatMs(outcome.p50Ms)}, p99 ${formatMs(outcome.p99Ms)}`}
      {outcome.unavailableMs === 0 ? (
        ", no gap"
      ) : (
        <>
          <span class="bar" aria-hidden="true">
            <b style={`width:${String(Math.round(share * 1000) / 10)}%`} />
          </span>
          {formatMs(outcome.unavailableMs)} without commits, longest {formatMs(outcome.longestGapMs)}
        </>
      )}
      {outcome.elections > 0 && `, ${plural(outcome.elections, "election")}`}
      <span class="predicted">
        predicted: {floor === null ? "" : `from ${formatMs(floor)}, `}
        {outageWords(prediction.outage)}
      </span>
      {!row.agrees && <Mark verdict="unknown">not as predicted</Mark>}
      {outcome.verdict !== "ok" && (
        <>
          {" "}
          <Mark verdict={outcome.verdict} />
        </>
      )}
    </td>
  );
}

/** Why each prediction is as it is, and a sentence on what came of it. */
function Arithmetic({ group, variants }: { readonly group: CellGroup; readonly variants: readonly Variant[] }): VNode {
  return (
    <details>
      <summary>The arithmetic behind these predictions, and each outcome in a sentence</summary>
      <dl class="facts small">
        {group.lines.map((line) => (
          <Fragment key={line.link}>
            <dt>link {line.link}</dt>
            <dd>
              {told(line.rows, variants, (r) => r.prediction.words).map(({ who, text }) => (
                <p key={text}>
                  <b>Predicted{who}:</b> {text}
                </p>
              ))}
              {told(line.rows, variants, (r) => r.words).map(({ who, text }) => (
                <p key={text}>
                  <b>Happened{who}:</b> {text}
                </p>
              ))}
            </dd>
          </Fragment>
        ))}
      </dl>
    </details>
  );
}

/** Equal texts are told once; who they are about is left out where they are about all. */
function told(
  rows: readonly IncidentRow[],
  variants: readonly Variant[],
  words: (row: IncidentRow) => string,
): { readonly who: string; readonly text: string }[] {
  const by = new Map<string, string[]>();
  for (const row of rows) {
    const title = variants.find((v) => v.key === variantKey(row))?.title ?? row.protocol;
    by.set(words(row), [...(by.get(words(row)) ?? []), title]);
  }
  return [...by.entries()]
    .filter(([text]) => text !== "")
    .map(([text, titles]) => ({ who: by.size === 1 ? "" : ` (${titles.join("; ")})`, text }));
}
