/** Options that several verbs share, parsed strictly: a typing error is an error, never a default. */
import { InvalidArgumentError } from "commander";
import { DURATION_MAX_MS } from "../scenarios/index.js";

const SEED_MAX = 2 ** 32 - 1;
/** More than this in one command is a campaign, which belongs on more than one machine. */
const SEEDS_MAX = 1_000_000;

/** 0 to 2^32-1. */
export function parseSeed(text: string): number {
  const seed = /^\d{1,10}$/.test(text) ? Number(text) : Number.NaN;
  if (!(seed <= SEED_MAX)) throw new InvalidArgumentError(`Expected an integer from 0 to ${SEED_MAX}.`);
  return seed;
}

/** "7", "1..200", or several of these with commas: "1..5,8". Doubles are dropped. */
export function parseSeeds(text: string): readonly number[] {
  const seeds = new Set<number>();
  for (const part of text.split(",")) {
    const range = /^(\d{1,10})\.\.(\d{1,10})$/.exec(part);
    const from = parseSeed(range?.[1] ?? part);
    const to = parseSeed(range?.[2] ?? part);
    if (to < from) throw new InvalidArgumentError("Expected a range A..B with A <= B.");
    if (seeds.size + to - from >= SEEDS_MAX) throw new InvalidArgumentError(`Expected at most ${SEEDS_MAX} seeds.`);
    for (let seed = from; seed <= to; seed += 1) seeds.add(seed);
  }
  return [...seeds];
}

const UNIT_MS: Readonly<Record<string, number>> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000 };

/** "500ms", "60s", "11m", "1h", a week at most; milliseconds. */
export function parseDuration(text: string): number {
  const [, amount, unit] = /^(\d+(?:\.\d+)?)(ms|s|m|h)$/.exec(text) ?? [];
  const ms = Number(amount) * (UNIT_MS[unit ?? ""] ?? Number.NaN);
  if (!(ms > 0)) throw new InvalidArgumentError("Expected a time such as 500ms, 60s or 11m.");
  if (ms > DURATION_MAX_MS) throw new InvalidArgumentError("Expected a time of at most 168h, a week.");
  return ms;
}

/** 1 to 999,999,999. */
export function parseCount(text: string): number {
  if (!/^[1-9]\d{0,8}$/.test(text)) throw new InvalidArgumentError("Expected an integer from 1.");
  return Number(text);
}

/** "10", "0.5": milliseconds. The least is what a soak needs to heal in. */
export function parseMinutes(text: string): number {
  const minutes = /^\d+(?:\.\d+)?$/.test(text) ? Number(text) : Number.NaN;
  if (!(minutes >= 0.15 && minutes <= 1440)) throw new InvalidArgumentError("Expected minutes from 0.15 to 1440.");
  return Math.round(minutes * 60_000);
}

const TRACED_MAX = 200_000;

/** Events of a trace, 0 to 200000. */
export function parseTraced(text: string): number {
  const events = /^\d{1,6}$/.test(text) ? Number(text) : Number.NaN;
  if (!(events <= TRACED_MAX)) throw new InvalidArgumentError(`Expected an integer from 0 to ${TRACED_MAX}.`);
  return events;
}

/** "a,b": names without doubles, in the order given. */
export function parseNames(text: string): readonly string[] {
  const names = text.split(",").map((name) => name.trim());
  if (names.includes("")) throw new InvalidArgumentError("Expected names separated by commas.");
  return [...new Set(names)];
}

/** For options that may be given more than once. */
export function collect(text: string, earlier: readonly string[] | undefined): readonly string[] {
  return [...(earlier ?? []), text];
}
