/** A manifest's hash over its own contents: it tells a file that was edited from a run that differs. */
import { createHash } from "node:crypto";
import type { RunManifest } from "../record/index.js";
import { InputError, shown } from "../scenarios/index.js";

/** Hex digits that are kept: an accident is to be found, not an attack. */
const DIGITS = 16;

/** The manifest as it is written to a file: with the hash of its other fields. */
export function sealed(manifest: RunManifest): RunManifest {
  return { ...manifest, contentHash: contentHash(manifest) };
}

/**
 * A manifest without a hash passes: who wants to run a changed one on purpose takes the hash out.
 *
 * @param file for the message only
 * @throws InputError where the contents are not those that were written
 */
export function checkSeal(manifest: RunManifest, file: string): void {
  const recorded = manifest.contentHash;
  if (recorded === undefined) return;
  const actual = contentHash(manifest);
  if (recorded === actual) return;
  throw new InputError({
    file,
    path: "/contentHash",
    expected: `${shown(actual)}, the hash of the other fields`,
    found: `${shown(recorded)}: the manifest was edited after its run`,
  });
}

/** Of the values, not of the text: spaces and the order of fields may change. */
function contentHash(manifest: RunManifest): string {
  const { contentHash: _own, ...rest } = manifest;
  return createHash("sha256").update(canonical(rest)).digest("hex").slice(0, DIGITS);
}

function canonical(value: unknown): string {
  return JSON.stringify(value, (_key, inner: unknown) => {
    if (typeof inner !== "object" || inner === null || Array.isArray(inner)) return inner;
    const fields = Object.entries(inner).filter(([, field]) => field !== undefined);
    return Object.fromEntries(fields.sort(([a], [b]) => (a < b ? -1 : 1)));
  });
}
