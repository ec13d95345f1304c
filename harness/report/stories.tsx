/** How a cell's story looks, and a protocol with its options: shared by the overview and the cells. */
import type { VNode } from "preact";
import type { Comparison, IncidentRow } from "../record/index.js";
import type { Variant } from "./incidentWords.js";
import { ProtocolLabel } from "./parts.js";

/** How an outcome of a cell is drawn. */
export interface StoryLook {
  readonly css: string;
  readonly glyph: string;
  readonly word: string;
}

/** Told apart by how much of the shape is filled, so that no colour is needed. */
export const STORIES: { readonly [story in IncidentRow["story"]]: StoryLook } = {
  none: { css: "s-none", glyph: "○", word: "fast, no outage" },
  slow: { css: "s-slow", glyph: "◐", word: "slow commits" },
  outage: { css: "s-outage", glyph: "◼", word: "outage" },
  "slow and outage": { css: "s-both", glyph: "●", word: "slow commits and outage" },
};

/** A protocol's name, with its options where they tell columns apart. */
export function VariantLabel({
  comparison,
  variant,
}: {
  readonly comparison: Comparison;
  readonly variant: Variant;
}): VNode {
  return (
    <>
      <ProtocolLabel protocols={comparison.protocols} protocol={variant.protocol} />
      {variant.options !== "" && <span class="options">{variant.options}</span>}
    </>
  );
}
