/**
 * Every fast-check property that fails says how to repeat it. A setup file of Vitest: it runs before each test file, sets
 * the seed and the path that such a command names, and adds the command to what fast-check prints.
 */
import { configureGlobal, defaultReportMessage, type RunDetails } from "fast-check";
import { relative } from "node:path";
import { expect } from "vitest";

const { SYNOD_FC_SEED, SYNOD_FC_PATH } = process.env;

/** A line for a POSIX shell. */
function commandOf(seed: number, path: string | null): string {
  const { testPath = "", currentTestName = "" } = expect.getState();
  const name = currentTestName.replaceAll(/[$()*+.?[\\\]^{|}]/g, String.raw`\$&`).replaceAll("'", String.raw`'\''`);
  const settings = `SYNOD_FC_SEED=${seed}${path === null ? "" : ` SYNOD_FC_PATH=${path}`}`;
  return `${settings} npm test -- ${relative(process.cwd(), testPath)} -t '${name.replaceAll(" > ", " ")}'`;
}

function report(details: RunDetails<unknown>): void {
  if (!details.failed) return;
  const command = commandOf(details.seed, details.counterexamplePath);
  throw new Error(`${defaultReportMessage(details)}\nRepeat it with: ${command}`, { cause: details.errorInstance });
}

configureGlobal({
  reporter: report,
  ...(SYNOD_FC_SEED === undefined ? {} : { seed: Number(SYNOD_FC_SEED) }),
  ...(SYNOD_FC_PATH === undefined ? {} : { path: SYNOD_FC_PATH, endOnFailure: true }),
});
