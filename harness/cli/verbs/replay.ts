/** `synod replay MANIFEST`: a recorded run again, to the same hash. */
import { type RunManifest, SYNOD_VERSION } from "../../record/index.js";
import { checkScenario, InputError, parseJson, readText, type Scenario, validate } from "../../scenarios/index.js";
import { EXIT, exitOf, type ExitCode } from "../exit.js";
import { subjectNames } from "../protocols.js";
import { type FullRun, prepare, runChecked, type RunRequest } from "../run.js";
import { checkSeal } from "../seal.js";
import type { Terminal } from "../terminal.js";
import { outputOf, sayRun } from "./sim.js";

/** Exit 1 where the run came to another hash than its manifest. @throws InputError */
export function replay(file: string, checkDeadlineMs: number, out: Terminal): ExitCode {
  const { manifest, scenario } = loadManifest(file);
  const { protocol, timing, seed, omittedOperations, eventsMax } = manifest;
  const request: RunRequest = { protocol, scenario, scenarioName: file, timing, seed, checkDeadlineMs };
  inside(() => prepare(request));
  const run: FullRun = runChecked(request, { omittedOperations, eventsMax });
  const command = `npx synod replay ${file}`;
  const repeated = { ...run, record: { ...run.record, command } };
  const sameHash = run.record.traceHash === manifest.traceHash;
  out.say(
    sameHash
      ? `The same run: hash ${manifest.traceHash} again.`
      : `Another run: the manifest has hash ${manifest.traceHash}, this one ${run.record.traceHash}.`,
  );
  if (!sameHash) out.say(whyDifferent(manifest));
  sayRun(repeated, out);
  out.result({ ...outputOf(repeated, {}), sameHash });
  return sameHash ? exitOf(run.outcome) : EXIT.violated;
}

function whyDifferent(manifest: RunManifest): string {
  if (manifest.synodVersion !== SYNOD_VERSION)
    return `It was made by Synod ${manifest.synodVersion}, this is ${SYNOD_VERSION}: what a protocol does may have changed.`;
  const why =
    "Equal inputs gave different runs: something in a core or in the simulator is not deterministic, or its code has changed";
  return manifest.contentHash === undefined
    ? `${why}; or the manifest, which has no contentHash, was edited.`
    : `${why}.`;
}

/** @throws InputError */
export function loadManifest(file: string): { readonly manifest: RunManifest; readonly scenario: Scenario } {
  const value = parseJson(readText(file), file);
  validate("manifest", value, file);
  const manifest = value as RunManifest;
  if (!subjectNames().includes(manifest.protocol))
    throw new InputError({
      file,
      path: "/protocol",
      expected: `one of ${subjectNames().join(", ")}`,
      found: JSON.stringify(manifest.protocol),
    });
  const scenario = inside(() => checkScenario(manifest.scenario, file));
  // Last: what is malformed has a better line than that it was edited.
  checkSeal(manifest, file);
  return { manifest, scenario };
}

/** What is wrong with the scenario in a manifest, with its path as it is in the manifest's file. */
function inside<T>(read: () => T): T {
  try {
    return read();
  } catch (error) {
    if (!(error instanceof InputError)) throw error;
    const { detail } = error;
    throw new InputError({ ...detail, path: `/scenario${detail.path === "/" ? "" : detail.path}` });
  }
}
