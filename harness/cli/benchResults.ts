/** Reads what `synod bench --results` wrote. */
import { readFileSync } from "node:fs";
import { InputError, shown } from "../scenarios/index.js";
import type { CellRecord } from "../subjects/bench/index.js";

/**
 * Every measurement of a file. Rounds of different runs that were added to one file are told apart: they get numbers of
 * their own, so that none is paired with another's.
 *
 * @throws InputError that names the line
 */
export function readResults(file: string): CellRecord[] {
  let text: string;
  try {
    text = readFileSync(file, "utf8");
  } catch (error) {
    throw new InputError({ file, path: "", expected: "a file of results", found: (error as Error).message });
  }
  const records = text.split("\n").flatMap((line, i) => (line.trim() === "" ? [] : [readLine(file, line, i + 1)]));
  if (records.length === 0)
    throw new InputError({ file, path: "", expected: "at least one measurement", found: "none" });
  return numbered(records);
}

function readLine(file: string, line: string, number: number): CellRecord {
  const place = `${file}: line ${number}`;
  let value: unknown;
  try {
    value = JSON.parse(line);
  } catch {
    throw new InputError({ file: place, path: "", expected: "an object in JSON", found: shown(line) });
  }
  const { kind, format } = (value ?? {}) as { readonly kind?: unknown; readonly format?: unknown };
  if (kind !== "synod-bench-cell" || format !== 1)
    throw new InputError({
      file: place,
      path: "/kind",
      expected: '"synod-bench-cell" of format 1',
      found: `${shown(kind)} of format ${shown(format)}`,
    });
  return value as CellRecord;
}

/** The floor is measured once a round: where it changes, or the round's number does, another round begins. */
function numbered(records: readonly CellRecord[]): CellRecord[] {
  let round = -1;
  let before = "";
  return records.map((record) => {
    const { floor, versions } = record;
    const key = JSON.stringify([record.round, floor, versions]);
    if (key !== before) round += 1;
    before = key;
    return { ...record, round };
  });
}
