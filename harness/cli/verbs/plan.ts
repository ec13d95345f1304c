/** `synod plan FILE`: looks at a topology before it is deployed. */
import { loadTopology } from "../../scenarios/index.js";
import { EXIT, type ExitCode } from "../exit.js";
import { milliseconds, plural, trimmed } from "../numbers.js";
import { plan as planned } from "../planRules.js";
import { table, type Terminal, wrap } from "../terminal.js";

/** Exit 1 for a topology with problems. @throws InputError */
export function plan(file: string, out: Terminal): ExitCode {
  const result = planned(loadTopology(file));
  const problems = result.findings.filter((finding) => finding.severity === "problem").length;
  const pieces = result.findings.filter((finding) => finding.severity === "advice").length;
  const verdict =
    problems > 0
      ? `${result.name} should not be deployed like this: ${plural(problems, "problem")}`
      : `${result.name} can be deployed`;
  out.say(`${verdict}${pieces > 0 ? `, ${plural(pieces, "piece")} of advice` : ""}.`);
  out.say(
    `${plural(result.voters, "voter")} and ${plural(result.learners, "learner")}; a commit needs ${result.quorums.replication}, an election ${result.quorums.election}; ${result.tolerance} may fail.`,
  );
  out.say();
  const rows = result.leaderSites.map((row) => [
    row.site,
    `${trimmed(row.commitFloorMs)} ms`,
    `${trimmed(row.commitP99Ms)} ms`,
    row.crossesLink ? "yes" : "no",
    milliseconds(row.oneDownFloorMs),
  ]);
  for (const line of table(["leader in", "commit floor", "p99", "crosses a link", "floor, one down"], rows))
    out.say(line);
  for (const finding of result.findings) {
    out.say();
    for (const line of wrap(`${finding.severity} (${finding.rule}): ${finding.words}`)) out.say(line);
  }
  out.result(result);
  return problems > 0 ? EXIT.violated : EXIT.ok;
}
