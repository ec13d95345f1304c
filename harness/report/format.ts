/** Numbers for people. Deterministic: no locale, so that two renderings of one comparison are the same bytes. */

/** What stands for a value that does not exist, for example a latency where nothing was committed. */
export const ABSENT = "–";

/** Thousands separated: 12,345. */
export function formatCount(value: number | null): string {
  if (value === null || !Number.isFinite(value)) return ABSENT;
  const [whole, fraction] = trimZeros(Math.abs(value).toFixed(Number.isInteger(value) ? 0 : 1)).split(".");
  const grouped = (whole ?? "").replace(/\B(?=(\d{3})+$)/g, ",");
  return `${value < 0 ? "−" : ""}${grouped}${fraction === undefined ? "" : `.${fraction}`}`;
}

/** A number of about three significant digits, without an exponent. */
export function formatNumber(value: number | null): string {
  if (value === null || !Number.isFinite(value)) return ABSENT;
  const size = Math.abs(value);
  if (size >= 100) return formatCount(Math.round(value));
  if (size >= 10) return trimZeros(value.toFixed(1));
  if (size >= 0.1 || size === 0) return trimZeros(value.toFixed(2));
  return trimZeros(value.toPrecision(2));
}

/** A duration with the unit that reads best: 0.42 ms, 222 ms, 6.2 s, 62 s, 10 min 50 s. Input in milliseconds. */
export function formatMs(ms: number | null): string {
  if (ms === null || !Number.isFinite(ms)) return ABSENT;
  if (ms === 0) return "0 s";
  if (ms < 1000) return `${formatNumber(ms)} ms`;
  if (ms < 9950) return `${trimZeros((ms / 1000).toFixed(1))} s`;
  if (ms < 120_000) return `${String(Math.round(ms / 1000))} s`;
  const seconds = Math.round(ms / 1000);
  const rest = seconds % 60;
  const minutes = Math.floor(seconds / 60);
  return `${formatCount(minutes)} min${rest === 0 ? "" : ` ${String(rest)} s`}`;
}

/** In binary units: 1.5 KiB; a dash for nothing. */
export function formatBytes(bytes: number | null): string {
  if (bytes === null || !Number.isFinite(bytes)) return ABSENT;
  const units = ["B", "KiB", "MiB", "GiB", "TiB"] as const;
  let value = bytes;
  let unit = 0;
  while (value >= 1024 && unit < units.length - 1) {
    value /= 1024;
    unit += 1;
  }
  return `${formatNumber(value)} ${units[unit] ?? "B"}`;
}

/** "3", "1 to 8", or "3, 7, 11": seeds as a person would write them. */
export function formatSeeds(seeds: readonly number[]): string {
  if (seeds.length === 0) return "none";
  const sorted = [...seeds].sort((a, b) => a - b);
  const first = sorted[0] as number;
  const last = sorted.at(-1) as number;
  if (sorted.length === 1) return String(first);
  if (last - first === sorted.length - 1) return `${String(first)} to ${String(last)}`;
  if (sorted.length <= 12) return sorted.join(", ");
  return `${sorted.slice(0, 8).join(", ")}, … ${String(last)} (${formatCount(sorted.length)} seeds)`;
}

/** "in seed 3", "medians over seeds 1 to 8". */
export function overSeeds(seeds: readonly number[]): string {
  return `${seeds.length === 1 ? "in seed" : "medians over seeds"} ${formatSeeds(seeds)}`;
}

/** "a", "a and b", "a, b and c". */
export function joinWords(words: readonly string[], conjunction = "and"): string {
  if (words.length <= 1) return words[0] ?? "";
  return `${words.slice(0, -1).join(", ")} ${conjunction} ${words.at(-1) as string}`;
}

/** "1 run", "2 runs", "no runs". */
export function plural(count: number, one: string, many = `${one}s`): string {
  if (count === 0) return `no ${many}`;
  return `${formatCount(count)} ${count === 1 ? one : many}`;
}

/** First letter in upper case: for sentences that begin with a derived word. */
export function sentence(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}

/** A part of an element id or fragment: letters, digits and hyphens. */
export function slug(text: string): string {
  const kept = text.toLowerCase().replace(/[^a-z0-9]+/g, "-");
  return kept.replace(/^-+|-+$/g, "") || "x";
}

function trimZeros(text: string): string {
  return text.includes(".") ? text.replace(/\.?0+$/, "") : text;
}
