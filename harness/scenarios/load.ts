/** Scenario files: read, validated, checked. Nothing that came from outside goes further without this. */
import { readdirSync } from "node:fs";
import { basename, join } from "node:path";
import type { AnyModule, AnyRegisterModule, TimingProfile } from "../../protocols/core/index.js";
import { incidentCellOf, incidentScenario } from "./incident.js";
import { InputError, shown } from "./inputError.js";
import type { Scenario } from "./scenario.js";
import { checkSemantics } from "./semantics.js";
import { hasSchema, parseJson, readText, scenarioFolder, validate } from "./validate.js";

/**
 * @param file for messages only
 * @throws InputError
 */
export function checkScenario(value: unknown, file: string): Scenario {
  validate("scenario", value, file);
  const scenario = value as Scenario;
  checkSemantics(scenario, file);
  for (const protocol of Object.keys(scenario.expectOf ?? {})) checkProtocol(protocol, `/expectOf/${protocol}`, file);
  for (const [protocol, settings] of Object.entries(scenario.options ?? {})) {
    const schema = `${protocol}-options` as const;
    checkProtocol(protocol, `/options/${protocol}`, file);
    validate(schema, settings, file, `/options/${protocol}`, true);
  }
  return scenario;
}

/** Every protocol has settings, and they have a schema. */
function checkProtocol(protocol: string, path: string, file: string): void {
  if (/^[a-z]+$/.test(protocol) && hasSchema(`${protocol}-options`)) return;
  throw new InputError({
    file,
    path,
    expected: `one of ${protocolsWithSettings().join(", ")}`,
    found: shown(protocol),
  });
}

/** Protocols whose settings have a schema. */
export function protocolsWithSettings(): string[] {
  const names = readdirSync(join(scenarioFolder(), "schema"));
  const suffix = "-options.schema.json";
  return names.filter((name) => name.endsWith(suffix)).map((name) => name.slice(0, -suffix.length));
}

/**
 * Reads one scenario file. Its name must be the file's: reports and results name a scenario by it.
 *
 * @throws InputError
 */
export function loadScenarioFile(file: string): Scenario {
  const scenario = checkScenario(parseJson(readText(file), file), file);
  const stem = basename(file, ".json");
  if (scenario.name !== stem)
    throw new InputError({
      file,
      path: "/name",
      expected: `${shown(stem)}, the file's own name`,
      found: shown(scenario.name),
    });
  return scenario;
}

/** Names of the scenarios that come with Synod, sorted. */
export function scenarioNames(): string[] {
  const names = readdirSync(scenarioFolder()).filter((name) => name.endsWith(".json") && name !== "tsconfig.json");
  return names.map((name) => basename(name, ".json")).sort((a, b) => a.localeCompare(b));
}

/** Path of a scenario that comes with Synod; not looked for. */
export function scenarioFile(name: string): string {
  return join(scenarioFolder(), `${name}.json`);
}

/**
 * A scenario by its name or by its file: what ends in ".json" or holds a slash is a file. The incident's cells have
 * names but no files.
 *
 * @throws InputError
 */
export function loadScenario(nameOrFile: string): Scenario {
  if (/[/\\]|\.json$/.test(nameOrFile)) return loadScenarioFile(nameOrFile);
  const cell = incidentCellOf(nameOrFile);
  if (cell !== null) return checkScenario(incidentScenario(cell), nameOrFile);
  const names = scenarioNames();
  if (!names.includes(nameOrFile))
    throw new InputError({
      file: "--scenario",
      path: "",
      expected: `a file or one of ${names.join(", ")}`,
      found: shown(nameOrFile),
    });
  return loadScenarioFile(scenarioFile(nameOrFile));
}

/**
 * A protocol's settings in a scenario: its timing profile with the scenario's settings laid over it.
 *
 * @param file for messages only
 * @throws InputError for a setting that does not exist, is out of range, or contradicts another
 */
export function resolveOptions(
  scenario: Scenario,
  module: AnyModule | AnyRegisterModule,
  timing: TimingProfile,
  file: string,
): object {
  const overrides = scenario.options?.[module.name] ?? {};
  const options = { ...module.defaultOptions(timing), ...overrides };
  const path = `/options/${module.name}`;
  validate(`${module.name}-options`, options, file, path);
  const voters = scenario.cluster.nodes.filter(({ role }) => role === "voter").length;
  const problem = module.optionsProblem(options, voters);
  if (problem !== null) throw new InputError({ file, path, expected: "settings that fit together", found: problem });
  return options;
}
