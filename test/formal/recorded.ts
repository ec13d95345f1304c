/** What spec/results says that TLC finds in each model. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { CheckResult } from "tla2tools-runner";
import { expect } from "vitest";
import { specFolder } from "../../harness/conform/protocol.js";

export interface Recorded {
  readonly distinctStates: number;
  readonly generatedStates: number;
  readonly depth: number;
  /** Milliseconds, on whatever machine wrote it. */
  readonly wallMs: number;
  readonly jarSha256: string;
}

/** @param protocol its name */
export function recordedFile(protocol: string): string {
  return join(specFolder(), "results", `${protocol}.json`);
}

export function recordedOf(protocol: string): Record<string, Recorded> {
  return JSON.parse(readFileSync(recordedFile(protocol), "utf8")) as Record<string, Recorded>;
}

export function numbersOf({ distinctStates, generatedStates, depth, wallMs, jarSha256 }: Recorded): Recorded {
  return { distinctStates, generatedStates, depth, wallMs, jarSha256 };
}

/** What must hold does, in as many states as were written down. */
export function expectRecorded(protocol: string, model: string, result: CheckResult): void {
  expect([result.verdict, result.reason]).toEqual(["ok", null]);
  expect({ ...numbersOf(result), wallMs: 0 }).toEqual({ ...recordedOf(protocol)[model], wallMs: 0 });
}
