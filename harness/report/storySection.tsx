/** The incident in words and at a glance: when its story happens, in which protocol, and when not. */
import { Fragment, type VNode } from "preact";
import type { Comparison, IncidentMatrix, IncidentRow } from "../record/index.js";
import { formatMs, overSeeds } from "./format.js";
import {
  type CellGroup,
  groupsOf,
  LINKS,
  outcomeWords,
  type Variant,
  variantKey,
  variantsOf,
  whereabouts,
} from "./incidentWords.js";
import { clockWords } from "./outcome.js";
import { Scroll } from "./parts.js";
import { STORIES, VariantLabel } from "./stories.js";

interface Props {
  readonly comparison: Comparison;
  readonly matrix: IncidentMatrix;
}

/** When the incident's story happens: in words, and the whole matrix at a glance. */
export function StorySection({ comparison, matrix }: Props): VNode {
  return (
    <section id="incident">
      <h2>When does the incident's story happen?</h2>
      <p>
        A team turned a three-node etcd cluster into five voters over two regions 70 ms apart, for availability. The
        story has two parts: writes that needed a vote from the other region became slow; and when the link degraded to
        200 ms with loss, elections followed one another and nothing was committed for eleven minutes. The fix was three
        local voters, with learners in the other region that receive the log but do not vote. Here each cell changes one
        condition, and the link is degraded for {formatMs(matrix.degradedMs)}.
      </p>
      <ul class="about">
        {matrix.words.map((paragraph) => (
          <li key={paragraph}>{paragraph}</li>
        ))}
      </ul>
      <h3>At a glance</h3>
      <Glance comparison={comparison} matrix={matrix} />
      <Where comparison={comparison} matrix={matrix} />
    </section>
  );
}

/** Time without commits in percent of the degraded time, at least enough to be seen. */
function shareOf(row: IncidentRow, degradedMs: number): string {
  return String(Math.round(Math.max(4, Math.min(100, (row.outcome.unavailableMs / degradedMs) * 100))));
}

/** The heads of the links' columns. */
const SHORT_LINKS: { readonly [link in IncidentRow["cell"]["link"]]: string } = {
  healthy: "ok",
  slow: "slow",
  "slow, 10 % loss": "10%",
  "slow, 50 % loss": "50%",
  "slow, 70 % loss": "70%",
};

function Glance({ comparison, matrix }: Props): VNode {
  const variants = variantsOf(matrix.rows);
  const links = LINKS.filter((link) => matrix.rows.some((r) => r.cell.link === link));
  return (
    <>
      <p class="legend">
        {Object.values(STORIES).map(({ css, glyph, word }) => (
          <span key={word}>
            <b class={css}>{glyph}</b> {word}
          </span>
        ))}
        <span>red bar: share of the time without commits; ! not as predicted</span>
        <span>columns: the link is ok, slow, or slow with this share of packets lost</span>
      </p>
      <Scroll label="The incident at a glance">
        <table class="glance">
          <caption>
            What happened while the link was degraded, {overSeeds(matrix.seeds)};{" "}
            <a href="#term-story">what counts as slow and as an outage</a>. The numbers stand{" "}
            <a href="#cells">cell by cell</a> below. {clockWords(comparison.runs).long}
          </caption>
          <thead>
            <tr>
              <th rowSpan={2} scope="col" class="place">
                Topology, leader, local voters
              </th>
              {variants.map((v) => (
                <th key={v.key} scope="colgroup" colSpan={links.length} class="split">
                  <VariantLabel comparison={comparison} variant={v} />
                </th>
              ))}
            </tr>
            <tr>
              {variants.map((v) =>
                links.map((link, i) => (
                  <th
                    key={v.key + link}
                    scope="col"
                    class={i === 0 ? "link split" : "link"}
                    aria-label={`link ${link}`}
                  >
                    {SHORT_LINKS[link]}
                  </th>
                )),
              )}
            </tr>
          </thead>
          <tbody>
            {groupsOf(matrix.rows).map((group) => (
              <GlanceRow
                key={group.id}
                group={group}
                variants={variants}
                links={links}
                degradedMs={matrix.degradedMs}
              />
            ))}
          </tbody>
        </table>
      </Scroll>
    </>
  );
}

interface GlanceRowProps {
  readonly group: CellGroup;
  readonly variants: readonly Variant[];
  readonly links: readonly IncidentRow["cell"]["link"][];
  readonly degradedMs: number;
}

function GlanceRow({ group, variants, links, degradedMs }: GlanceRowProps): VNode {
  const find = (variant: Variant, link: string): IncidentRow | undefined =>
    group.lines.find((l) => l.link === link)?.rows.find((r) => variantKey(r) === variant.key);
  return (
    <tr>
      <th scope="row">
        <a href={`#${group.id}`}>{group.title}</a>
      </th>
      {variants.map((v) => (
        <Fragment key={v.key}>
          {links.map((link, i) => {
            const row = find(v, link);
            const look = row === undefined ? null : STORIES[row.story];
            const words = row === undefined || look === null ? "not run" : `${look.word}: ${outcomeWords(row)}`;
            return (
              <td
                key={link}
                class={`${look?.css ?? "muted"}${i === 0 ? " split" : ""}`}
                title={`${v.title}, link ${link}: ${words}`}
              >
                <span role="img" aria-label={words}>
                  {look?.glyph ?? "·"}
                </span>
                {row !== undefined && !row.agrees && <sup title="not as predicted">!</sup>}
                {row !== undefined && row.outcome.unavailableMs > 0 && (
                  <span class="bar" aria-hidden="true">
                    <b style={`width:${shareOf(row, degradedMs)}%`} />
                  </span>
                )}
              </td>
            );
          })}
        </Fragment>
      ))}
    </tr>
  );
}

function Where({ comparison, matrix }: Props): VNode {
  return (
    <details>
      <summary>The same in words: where each protocol met an outage, and where slow commits only</summary>
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
    </details>
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
