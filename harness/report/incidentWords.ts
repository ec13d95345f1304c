/** The incident's matrix as groups, columns and sentences, all from its rows. */
import type { IncidentCell, IncidentMatrix, IncidentRow } from "../record/index.js";
import { formatMs, joinWords, slug } from "./format.js";
import { protocolName } from "./protocolLook.js";

/** A protocol with its options: one column of the matrix. */
export interface Variant {
  readonly key: string;
  readonly protocol: string;
  /** "Raft", or "Raft with PreVote only" where Raft appears with several options. */
  readonly title: string;
  /** Empty where the protocol appears with one set of options only. */
  readonly options: string;
}

/** Cells that share everything but the link: one block of the matrix. */
export interface CellGroup {
  /** Fragment of its table. */
  readonly id: string;
  readonly title: string;
  /** One per link weather, in the order of the weather. */
  readonly lines: readonly CellLine[];
}

/** All protocols under one weather of the link. */
export interface CellLine {
  readonly link: IncidentCell["link"];
  readonly rows: readonly IncidentRow[];
}

/** From good to bad: the order of the rows. */
export const LINKS: readonly IncidentCell["link"][] = [
  "healthy",
  "slow",
  "slow, 10 % loss",
  "slow, 50 % loss",
  "slow, 70 % loss",
];

/** Equal for rows of one protocol with the same options. */
export function variantKey(row: IncidentRow): string {
  return `${row.protocol}|${String(row.cell.preVote)}|${String(row.cell.checkQuorum)}`;
}

/** In the order of first appearance; options are named only where the protocol appears with several. */
export function variantsOf(rows: readonly IncidentRow[]): readonly Variant[] {
  const seen = new Map<string, IncidentRow>();
  for (const row of rows) if (!seen.has(variantKey(row))) seen.set(variantKey(row), row);
  const all = [...seen.entries()];
  return all.map(([key, row]) => {
    const several = all.filter(([, other]) => other.protocol === row.protocol).length > 1;
    const options = several ? optionWords(row.cell) : "";
    return {
      key,
      protocol: row.protocol,
      title: protocolName(row.protocol) + (options === "" ? "" : ` with ${options}`),
      options,
    };
  });
}

function optionWords({ preVote, checkQuorum }: IncidentCell): string {
  if (preVote === null && checkQuorum === null) return "";
  if (preVote === true) return checkQuorum === true ? "PreVote and CheckQuorum" : "PreVote only";
  return checkQuorum === true ? "CheckQuorum only" : "neither PreVote nor CheckQuorum";
}

/** Rows that share topology, leader and local voters, in the order of first appearance. */
export function groupsOf(rows: readonly IncidentRow[]): readonly CellGroup[] {
  const groups = new Map<string, IncidentRow[]>();
  for (const row of rows) {
    const key = placeWords(row.cell);
    const group = groups.get(key);
    if (group === undefined) groups.set(key, [row]);
    else group.push(row);
  }
  return [...groups.entries()].map(([key, members]) => ({
    id: `cells-${slug(key)}`,
    title: key,
    lines: LINKS.flatMap((link) => {
      const of = members.filter((m) => m.cell.link === link);
      return of.length === 0 ? [] : [{ link, rows: of }];
    }),
  }));
}

/** Everything about a cell but the link and the options. */
export function placeWords({ topology, leader, localVoters }: IncidentCell): string {
  const shape = topology === "fix" ? "3 local voters + 2 remote learners" : "3 + 2 voters";
  const voters = localVoters === "all up" ? "all local voters up" : "one local voter down";
  return `${shape}, leader ${leader}, ${voters}`;
}

/** One line of the matrix in a sentence: in which protocols the story happened, and in which not. */
export function lineSentence(line: CellLine, variants: readonly Variant[]): string {
  const titles = (story: IncidentRow["story"]): string[] =>
    line.rows.filter((r) => r.story === story).map((r) => titleOf(variants, r));
  const both = titles("slow and outage");
  const outage = titles("outage");
  const slow = titles("slow");
  const none = titles("none");
  const one = line.rows.length === 1;
  if (none.length === line.rows.length) {
    return one ? "The story does not happen." : "The story happens in no protocol.";
  }
  const parts = [
    ...(both.length > 0 ? [`slow commits and an outage in ${joinWords(both)}`] : []),
    ...(outage.length > 0 ? [`an outage in ${joinWords(outage)}`] : []),
    ...(slow.length > 0 ? [`slow commits only in ${joinWords(slow)}`] : []),
    ...(none.length > 0 ? [`none of it in ${joinWords(none)}`] : []),
  ];
  const whole = parts.length === 1 && !one ? "in every protocol" : "";
  if (whole !== "") {
    if (both.length > 0) return "Slow commits and an outage in every protocol.";
    return outage.length > 0 ? "An outage in every protocol." : "Slow commits in every protocol, but no outage.";
  }
  const text = parts.join("; ");
  return `${text.charAt(0).toUpperCase()}${text.slice(1)}.`;
}

function titleOf(variants: readonly Variant[], row: IncidentRow): string {
  return variants.find((v) => v.key === variantKey(row))?.title ?? protocolName(row.protocol);
}

/** Where one protocol met the outage, where only slow commits, and where nothing: conditions in words. */
export interface Whereabouts {
  readonly variant: Variant;
  readonly outage: readonly string[];
  readonly slow: readonly string[];
  readonly none: readonly string[];
  /** The worst cell by time without commits; null: every cell committed throughout. */
  readonly worst: { readonly unavailableMs: number; readonly where: string } | null;
}

/** For each protocol under which conditions the story happens, and under which it does not. */
export function whereabouts(matrix: IncidentMatrix): readonly Whereabouts[] {
  return variantsOf(matrix.rows).map((variant) => {
    const rows = matrix.rows.filter((r) => variantKey(r) === variant.key);
    const where = (...stories: readonly IncidentRow["story"][]): string[] =>
      conditions(
        rows.filter((r) => stories.includes(r.story)),
        rows,
      );
    const longest = rows.reduce<IncidentRow | null>(
      (a, b) => (b.outcome.unavailableMs > (a?.outcome.unavailableMs ?? 0) ? b : a),
      null,
    );
    return {
      variant,
      outage: where("outage", "slow and outage"),
      slow: where("slow"),
      none: where("none"),
      worst:
        longest === null
          ? null
          : {
              unavailableMs: longest.outcome.unavailableMs,
              where: `${placeWords(longest.cell)}; link ${longest.cell.link}`,
            },
    };
  });
}

/** Rows told as "place: links", with "any link" where every link that was run is in. */
function conditions(chosen: readonly IncidentRow[], all: readonly IncidentRow[]): string[] {
  const links = new Map<string, IncidentCell["link"][]>();
  for (const { cell } of chosen) links.set(placeWords(cell), [...(links.get(placeWords(cell)) ?? []), cell.link]);
  return [...links.entries()].map(([place, of]) => {
    const run = all.filter((r) => placeWords(r.cell) === place).length;
    if (of.length === run && run > 1) return `${place}: any link`;
    const ordered = LINKS.filter((l) => of.includes(l));
    return `${place}: link ${joinWords(ordered, "or")}`;
  });
}

/** What happened, in a few words, for a table cell. */
export function outcomeWords(row: IncidentRow): string {
  const { p50Ms, unavailableMs, committed } = row.outcome;
  if (committed === 0 || p50Ms === null) return "nothing committed";
  return `p50 ${formatMs(p50Ms)}, ${unavailableMs === 0 ? "no gap" : `${formatMs(unavailableMs)} without commits`}`;
}
