/** Small pieces that several sections share. */
import type { ComponentChildren, VNode } from "preact";
import type { Verdict } from "../record/index.js";
import { protocolLook } from "./protocolLook.js";

/** Markup made by the plot module, which escapes its texts. */
export function Raw({ html }: { readonly html: string }): VNode {
  return <div dangerouslySetInnerHTML={{ __html: html }} />;
}

const MARKS: { readonly [verdict in Verdict]: { readonly glyph: string; readonly word: string } } = {
  ok: { glyph: "✓", word: "ok" },
  violated: { glyph: "✗", word: "violated" },
  unknown: { glyph: "?", word: "undecided" },
};

/** A verdict by colour, shape and word. */
export function Mark({
  verdict,
  children,
}: {
  readonly verdict: Verdict;
  readonly children?: ComponentChildren;
}): VNode {
  const { glyph, word } = MARKS[verdict];
  return (
    <span class={`mark v-${verdict}`}>
      {glyph} {children ?? word}
    </span>
  );
}

/** A protocol's name with its colour and shape. */
export function ProtocolLabel({
  protocols,
  protocol,
}: {
  readonly protocols: readonly string[];
  readonly protocol: string;
}): VNode {
  const look = protocolLook(protocols, protocol);
  return (
    <span class="swatch">
      <i style={`color:${look.color}`} aria-hidden="true">
        {look.glyph}
      </i>
      {look.name}
    </span>
  );
}

/** A table that scrolls by itself on a narrow screen, reachable by keyboard. */
export function Scroll({ label, children }: { readonly label: string; readonly children: ComponentChildren }): VNode {
  return (
    <div class="scroll" role="region" aria-label={label} tabIndex={0}>
      {children}
    </div>
  );
}
