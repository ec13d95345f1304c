/** spec/mutants.md is what the tests of planted bugs wrote down. */
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { CHECKED } from "../../harness/conform/models.js";
import { type MutantRow, mutantsFile } from "../../harness/conform/mutants.js";
import { specFolder } from "../../harness/conform/protocol.js";

const FILE = join(specFolder(), "mutants.md");
const HEAD = `# Planted bugs, and what catches them

Each is a bug of a real system, or one that the papers warn of, planted into the code (\`test/formal/mutants\`). A dash: that tie
does not show it. \`npm test\` holds every bug caught by at least one tie, as far as it runs the models; \`npm run test:long\` by all.
Made by \`node tools/run.js mutants\`; times are of the machine that made it, without TLC's.

- **trace**: the event of a simulated run at which its trace is rejected, the earliest of the runs tried.
- **replay**: the edge of TLC's graph at which the code first does something else, counted from the initial state, in the model where
  that is earliest; milliseconds of replay until then.
- **graph**: states that only the specification or only the code reaches, in the model with the fewest states that shows any;
  milliseconds of exploring the code.
`;

function rowsOf(protocol: string): readonly MutantRow[] {
  return JSON.parse(readFileSync(mutantsFile(protocol), "utf8")) as readonly MutantRow[];
}

function line({ id, what, trace, replay, graph }: MutantRow): string {
  const cells = [
    id,
    what,
    trace === null ? "–" : `event ${trace.event} (seed ${trace.seed})`,
    replay === null ? "–" : `${replay.model}, edge ${replay.edge}, ${replay.ms} ms`,
    graph === null ? "–" : `${graph.model}: ${graph.onlyInSpec} missing, ${graph.onlyInCode} too many, ${graph.ms} ms`,
  ];
  return `| ${cells.join(" | ")} |`;
}

function table(protocol: string, title: string): string {
  const rows = rowsOf(protocol);
  const by = (tie: "trace" | "replay" | "graph"): number => rows.filter((row) => row[tie] !== null).length;
  return `
## ${title}

${rows.length} bugs; traces show ${by("trace")}, replay ${by("replay")}, comparison of graphs ${by("graph")}.

| bug | what goes wrong | trace | replay | graph |
|---|---|---|---|---|
${rows.map(line).join("\n")}
`;
}

test("the table of planted bugs is what was found", () => {
  const text = HEAD + CHECKED.map(({ name, title }) => table(name, title)).join("");
  if (process.env["SYNOD_REWRITE"] !== undefined) writeFileSync(FILE, text);
  expect(existsSync(FILE) ? readFileSync(FILE, "utf8") : "").toBe(text);
});

test("every planted bug is caught by something", () => {
  for (const { name } of CHECKED) {
    const rows = rowsOf(name);
    expect(rows.length).toBeGreaterThanOrEqual(12);
    expect(rows.filter(({ trace, replay, graph }) => trace === null && replay === null && graph === null)).toEqual([]);
  }
});
