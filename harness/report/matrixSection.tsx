/** The incident: every cell with its prediction beside what happened. */
import { Fragment, type VNode } from "preact";
import type { Comparison, IncidentMatrix, IncidentRow } from "../record/index.js";
import { ABSENT, formatMs, formatSeeds, plural } from "./format.js";
import {
  type CellGroup,
  groupsOf,
  lineSentence,
  type Variant,
  variantKey,
  variantsOf,
  whereabouts,
} from "./incidentWords.js";
import { clockWords } from "./outcome.js";
import { Mark, ProtocolLabel, Scroll } from "./parts.js";
import { outageWords } from "./words.js";

export function MatrixSection({
  comparison,
  matrix,
}: {
  readonly comparison: Comparison;
  readonly matrix: IncidentMatrix;
}): VNode {
  const variants = variantsOf(matrix.rows);
  const groups = groupsOf(matrix.rows);
  const wrong = matrix.rows.filter((r) => !r.agrees).length;
  return (
    <section id="incident">
      <h2>When does the incident's story happen?</h2>
      <p>
        A team turned three etcd servers into five voters over two regions 70 ms apart, for availability. The story has
        two parts: writes that needed a vote from the other region became slow, and when the link degraded to 200 ms
        with loss, elections followed one another and nothing was committed for eleven minutes. The fix was three local
        voters and remote learners that do not vote. Each cell below changes one condition; the link is degraded for{" "}
        {formatMs(matrix.degradedMs)}.
      </p>
      {matrix.words.map((paragraph) => (
        <p class="about" key={paragraph}>
          {paragraph}
        </p>
      ))}
      <p>
        Arithmetic predicted every cell before it ran.{" "}
        {wrong === 0
          ? `All ${plural(matrix.rows.length, "outcome")} kept the prediction's bounds.`
          : `${plural(wrong, "outcome")} of ${String(matrix.rows.length)} left the prediction's bounds; they are marked.`}
      </p>
      <Where comparison={comparison} matrix={matrix} />
      {groups.map((group) => (
        <GroupTable key={group.key} comparison={comparison} matrix={matrix} group={group} variants={variants} />
      ))}
      <Arithmetic rows={matrix.rows} variants={variants} />
    </section>
  );
}

function Where({ comparison, matrix }: { readonly comparison: Comparison; readonly matrix: IncidentMatrix }): VNode {
  return (
    <div class="whereabouts">
      {whereabouts(matrix).map(({ variant, outage, slow, worst }) => (
        <div key={variant.key}>
          <h4>
            <VariantLabel comparison={comparison} variant={variant} />
          </h4>
          {outage.length === 0 && slow.length === 0 && <p>The story happens in no cell.</p>}
          <Conditions title="Outage" items={outage} />
          <Conditions title="Slow commits only" items={slow} />
          {worst !== null && (
            <p class="small muted">
              Longest without commits: {formatMs(worst.unavailableMs)} ({worst.where}).
            </p>
          )}
        </div>
      ))}
    </div>
  );
}

function Conditions({ title, items }: { readonly title: string; readonly items: readonly string[] }): VNode | null {
  if (items.length === 0) return null;
  return (
    <>
      <p>{title}:</p>
      <ul class="small">
        {items.map((item) => (
          <li key={item}>{item}</li>
        ))}
      </ul>
    </>
  );
}

function VariantLabel({ comparison, variant }: { readonly comparison: Comparison; readonly variant: Variant }): VNode {
  const [, options] = variant.title.split(/, (.*)/s);
  return (
    <>
      <ProtocolLabel protocols={comparison.protocols} protocol={variant.protocol} />
      {options !== undefined && <span class="ci">{options}</span>}
    </>
  );
}

interface GroupProps {
  readonly comparison: Comparison;
  readonly matrix: IncidentMatrix;
  readonly group: CellGroup;
  readonly variants: readonly Variant[];
}

function GroupTable({ comparison, matrix, group, variants }: GroupProps): VNode {
  return (
    <>
      <h3>{group.title}</h3>
      <Scroll label={group.title}>
        <table class="matrix">
          <caption>
            Medians over {matrix.seeds.length === 1 ? "seed" : "seeds"} {formatSeeds(matrix.seeds)}; latencies of writes
            acknowledged while the link was degraded. The bar is the share of that time without commits.{" "}
            {clockWords(comparison.runs).long}
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
    </>
  );
}

const STORIES: {
  readonly [story in IncidentRow["story"]]: { readonly css: string; readonly glyph: string; readonly word: string };
} = {
  none: { css: "s-none", glyph: "○", word: "neither slow nor out" },
  slow: { css: "s-slow", glyph: "◐", word: "slow commits" },
  outage: { css: "s-outage", glyph: "■", word: "outage" },
  "slow and outage": { css: "s-both", glyph: "■", word: "slow commits and outage" },
};

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
      <span class="bar" aria-hidden="true">
        <b style={`width:${String(Math.round(share * 1000) / 10)}%`} />
      </span>
      {outcome.unavailableMs === 0
        ? "no gap"
        : `${formatMs(outcome.unavailableMs)} without commits, longest ${formatMs(outcome.longestGapMs)}`}
      {outcome.elections > 0 && `, ${plural(outcome.elections, "election")}`}
      <span class="predicted">
        predicted: {floor === null ? ABSENT : `from ${formatMs(floor)}`}, {outageWords(prediction.outage)}
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

/** The arithmetic behind every prediction and a sentence on what came of it; equal texts are told once. */
function Arithmetic({
  rows,
  variants,
}: {
  readonly rows: readonly IncidentRow[];
  readonly variants: readonly Variant[];
}): VNode {
  const groups = groupsOf(rows);
  return (
    <details>
      <summary>The arithmetic behind each prediction, and what came of it</summary>
      {groups.map((group) => (
        <Fragment key={group.key}>
          <h4>{group.title}</h4>
          <dl class="facts small">
            {group.lines.map((line) => (
              <Fragment key={line.link}>
                <dt>link {line.link}</dt>
                <dd>
                  {told(line.rows, variants, (r) => r.prediction.words).map((text) => (
                    <p key={text}>Predicted, {text}</p>
                  ))}
                  {told(line.rows, variants, (r) => r.words).map((text) => (
                    <p key={text}>Happened, {text}</p>
                  ))}
                </dd>
              </Fragment>
            ))}
          </dl>
        </Fragment>
      ))}
    </details>
  );
}

function told(
  rows: readonly IncidentRow[],
  variants: readonly Variant[],
  words: (row: IncidentRow) => string,
): string[] {
  const by = new Map<string, string[]>();
  for (const row of rows) {
    const title = variants.find((v) => v.key === variantKey(row))?.title ?? row.protocol;
    by.set(words(row), [...(by.get(words(row)) ?? []), title]);
  }
  return [...by.entries()]
    .filter(([text]) => text !== "")
    .map(([text, titles]) => `${by.size === 1 && titles.length > 1 ? "all alike" : titles.join("; ")}: ${text}`);
}
