/** Numbers as people read them. */

/** Three significant digits and a unit that fits; "-" for nothing. */
export function milliseconds(value: number | null): string {
  if (value === null) return "-";
  if (value >= 60_000) return `${trimmed(Math.round(value / 6000) / 10)} min`;
  if (value >= 1000) return `${trimmed(value / 1000)} s`;
  return `${trimmed(value)} ms`;
}

/** Three significant digits at most, no trailing zeros; "-" for nothing. */
export function trimmed(value: number | null): string {
  if (value === null) return "-";
  if (value === 0) return "0";
  if (Math.abs(value) >= 100 || Number.isInteger(value)) return Math.round(value).toString();
  return value.toPrecision(3).replace(/\.?0+$/, "");
}

/** One decimal at most. */
export function percent(share: number): string {
  return `${trimmed(Math.round(share * 1000) / 10)} %`;
}

/** "a, b and c". */
export function list(words: readonly string[]): string {
  if (words.length <= 1) return words.join("");
  return `${words.slice(0, -1).join(", ")} and ${words.at(-1)}`;
}

/** "1 run", "2 runs". */
export function plural(count: number, one: string, many = `${one}s`): string {
  return `${count} ${count === 1 ? one : many}`;
}
