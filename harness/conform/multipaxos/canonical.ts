/** Canonical JSON text, as `Canonical` of TraceIO.tla prints it: sorted keys, everything empty as `[]`. Lists keep their order. */
export function canonical(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(canonical).join(",")}]`;
  if (typeof value !== "object" || value === null) return JSON.stringify(value);
  const keys = Object.keys(value).sort((a, b) => (a < b ? -1 : 1));
  if (keys.length === 0) return "[]";
  const record = value as Readonly<Record<string, unknown>>;
  return `{${keys.map((key) => `${JSON.stringify(key)}:${canonical(record[key])}`).join(",")}}`;
}

/** A bag or set in the same form: pairs, or members, sorted by their texts. */
export function sortedTexts(texts: Iterable<string>): string {
  return `[${[...texts].sort((a, b) => (a < b ? -1 : 1)).join(",")}]`;
}
