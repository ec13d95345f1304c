/** `synod scenarios`: what can be run. */
import { incidentCells, loadScenario, scenarioFile, scenarioNames } from "../../scenarios/index.js";
import { EXIT, type ExitCode } from "../exit.js";
import type { ScenariosOutput } from "../output.js";
import { subjectNames } from "../protocols.js";
import { type Terminal, wrap } from "../terminal.js";

/** Lists the scenarios that come with Synod. */
export function scenarios(out: Terminal): ExitCode {
  const all = scenarioNames().map((name) => loadScenario(name));
  out.say(`${all.length} scenarios for ${subjectNames().join(", ")}:`);
  for (const scenario of all) {
    const { name, title, about, mode, cluster, durationMs } = scenario;
    out.say();
    out.say(`${name}  (${title}; ${mode}, ${cluster.nodes.length} nodes, ${durationMs / 1000} s)`);
    for (const line of wrap(about, 100, "    ")) out.say(line);
  }
  out.say();
  out.say(`The incident has ${incidentCells("raft").length} cells besides, named like ${EXAMPLE}.`);
  out.say("A scenario is a JSON file: copy one, change it, and give its path to --scenario.");
  const result: ScenariosOutput = {
    scenarios: all.map(({ name, title, about, mode, cluster, durationMs }) => {
      return { name, title, about, mode, nodes: cluster.nodes.length, durationMs, file: scenarioFile(name) };
    }),
    protocols: subjectNames(),
  };
  out.result(result);
  return EXIT.ok;
}

const EXAMPLE = "incident-voters-remote-all-up-loss50";
