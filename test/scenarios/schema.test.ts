/** The committed JSON Schemas are those that the types give. */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { scenarioFolder } from "../../harness/scenarios/index.js";

type SchemaTool = { generateSchemas(): Map<string, string> };

test("every committed schema is current (npm run schema)", async () => {
  const tool = (await import(join(scenarioFolder(), "../../tools/schema.js"))) as SchemaTool;
  const generated = tool.generateSchemas();
  const folder = join(scenarioFolder(), "schema");
  expect(readdirSync(folder).sort((a, b) => a.localeCompare(b))).toEqual(
    [...generated.keys()].sort((a, b) => a.localeCompare(b)),
  );
  for (const [name, text] of generated)
    expect(readFileSync(join(folder, name), "utf8") === text, `${name} is stale`).toBe(true);
});

test("a schema names no folder of this machine", () => {
  const folder = join(scenarioFolder(), "schema");
  for (const name of readdirSync(folder)) expect(readFileSync(join(folder, name), "utf8")).not.toContain("import(");
});
