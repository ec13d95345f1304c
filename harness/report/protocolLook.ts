/** How a protocol looks, the same in every plot and table: a name, a colour, and a dash and a shape for those who see no colour. */

/** Colour, shape and dash of a protocol: told apart without colour too. */
export interface ProtocolLook {
  readonly name: string;
  /** Custom property with the colour; light and dark values stand in the style sheet. */
  readonly color: string;
  /** SVG dash pattern; "none" is a solid line. */
  readonly dash: string;
  readonly symbol: "circle" | "square" | "triangle" | "diamond" | "star" | "cross";
  /** The same shape as a character, for text. */
  readonly glyph: string;
}

const NAMES: { readonly [protocol: string]: string } = {
  raft: "Raft",
  multipaxos: "Multi-Paxos",
  zab: "ZAB",
  quorumregister: "Quorum register",
};

/** Okabe and Ito's palette, in the order that stays apart under every common colour blindness. */
const SLOTS: readonly Omit<ProtocolLook, "name">[] = [
  { color: "var(--c0)", dash: "none", symbol: "circle", glyph: "●" },
  { color: "var(--c1)", dash: "7 3", symbol: "square", glyph: "■" },
  { color: "var(--c2)", dash: "2 3", symbol: "triangle", glyph: "▲" },
  { color: "var(--c3)", dash: "9 3 2 3", symbol: "diamond", glyph: "◆" },
  { color: "var(--c4)", dash: "1 2", symbol: "star", glyph: "★" },
  { color: "var(--c5)", dash: "12 4", symbol: "cross", glyph: "✚" },
];

/** A protocol's name as its papers write it; an unknown one as it is. */
export function protocolName(protocol: string): string {
  return NAMES[protocol] ?? protocol;
}

/** `protocols` is the comparison's list: a protocol's place in it decides its slot. */
export function protocolLook(protocols: readonly string[], protocol: string): ProtocolLook {
  const at = Math.max(0, protocols.indexOf(protocol));
  const slot = SLOTS[at % SLOTS.length] as Omit<ProtocolLook, "name">;
  return { name: protocolName(protocol), ...slot };
}
