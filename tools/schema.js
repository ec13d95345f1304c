// Writes the JSON Schemas of everything that is read from outside or promised to scripts, from the TypeScript types.
// `node tools/schema.js` writes them; `node tools/schema.js --check` only says whether the committed ones are current.
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import TJS from "typescript-json-schema";

const root = fileURLToPath(new URL("..", import.meta.url));
const folder = join(root, "harness/scenarios/schema");

/** [file name without ".schema.json", source file, type] */
const SCHEMAS = [
  ["scenario", "harness/scenarios/scenario.ts", "Scenario"],
  ["topology", "harness/scenarios/topology.ts", "Topology"],
  ["manifest", "harness/record/manifest.ts", "RunManifest"],
  ["run", "harness/record/run.ts", "RunRecord"],
  ["node", "harness/drivers/real/config.ts", "NodeConfig"],
  ["raft-options", "protocols/raft/options.ts", "RaftOptions"],
  ["multipaxos-options", "protocols/multipaxos/options.ts", "MultiPaxosOptions"],
  ["zab-options", "protocols/zab/options.ts", "ZabOptions"],
  ["quorumregister-options", "protocols/quorumregister/options.ts", "RegisterOptions"],
  ["output-compare", "harness/cli/output.ts", "CompareOutput"],
  ["output-sim", "harness/cli/output.ts", "SimOutput"],
  ["output-check", "harness/cli/output.ts", "CheckOutput"],
  ["output-check-manifest", "harness/cli/output.ts", "CheckManifestOutput"],
  ["output-plan", "harness/cli/output.ts", "PlanOutput"],
  ["output-scenarios", "harness/cli/output.ts", "ScenariosOutput"],
  ["output-doctor", "harness/cli/output.ts", "DoctorOutput"],
  ["output-step", "harness/cli/output.ts", "StepOutput"],
  ["output-validate", "harness/cli/output.ts", "ValidateOutput"],
  ["output-model", "harness/cli/output.ts", "ModelOutput"],
  ["output-cluster", "harness/cli/output.ts", "ClusterOutput"],
  ["output-cluster-order", "harness/cli/output.ts", "ClusterOrderOutput"],
  ["output-soak", "harness/cli/output.ts", "SoakOutput"],
  ["output-conform", "harness/cli/output.ts", "ConformOutput"],
];

// Under nodenext the names of definitions would contain absolute paths; the bundler's resolution keeps them clean.
const COMPILER = {
  target: "es2022",
  lib: ["es2023"],
  module: "esnext",
  moduleResolution: "bundler",
  strict: true,
  exactOptionalPropertyTypes: true,
  skipLibCheck: true,
  types: ["node"],
};

/**
 * A union of objects told apart by a literal `type` becomes a oneOf with a discriminator, so that a validator looks at
 * the one variant that was meant and says what is wrong with it, not what is wrong with all of them. `@asType integer`
 * becomes the type.
 */
function refine(schema) {
  if (Array.isArray(schema)) return schema.map(refine);
  if (schema === null || typeof schema !== "object") return schema;
  const out = Object.fromEntries(Object.entries(schema).map(([key, value]) => [key, refine(value)]));
  if (typeof out.asType === "string") {
    out.type = out.asType;
    delete out.asType;
  }
  const variants = out.anyOf;
  if (Array.isArray(variants) && variants.every((variant) => variant.properties?.type?.const !== undefined)) {
    delete out.anyOf;
    return { ...out, type: "object", required: ["type"], discriminator: { propertyName: "type" }, oneOf: variants };
  }
  return out;
}

/** Fields by name: the compiler lists those of a mapped type in an order that depends on what it has seen before. */
function ordered(schema) {
  if (Array.isArray(schema)) return schema.map(ordered);
  if (schema === null || typeof schema !== "object") return schema;
  const out = Object.fromEntries(Object.entries(schema).map(([key, value]) => [key, ordered(value)]));
  if (Array.isArray(out.required)) out.required.sort();
  if (out.properties !== undefined) {
    out.properties = Object.fromEntries(Object.entries(out.properties).sort(([a], [b]) => (a < b ? -1 : 1)));
  }
  return out;
}

/** @returns {Map<string, string>} text by file name */
export function generateSchemas() {
  const files = [...new Set(SCHEMAS.map(([, source]) => join(root, source)))];
  const program = TJS.getProgramFromFiles(files, COMPILER, root);
  const settings = { required: true, noExtraProps: true, ignoreErrors: true, validationKeywords: ["asType"] };
  const texts = new Map();
  for (const [name, source, type] of SCHEMAS) {
    const schema = TJS.generateSchema(program, type, settings);
    if (schema === null) throw new Error(`no schema for ${type} of ${source}`);
    const text = `${JSON.stringify({ $id: `synod:${name}`, ...ordered(refine(schema)) }, null, 2)}\n`;
    texts.set(`${name}.schema.json`, text);
  }
  return texts;
}

function main() {
  const check = process.argv.includes("--check");
  let stale = 0;
  mkdirSync(folder, { recursive: true });
  for (const [name, text] of generateSchemas()) {
    const file = join(folder, name);
    if (existsSync(file) && readFileSync(file, "utf8") === text) continue;
    stale += 1;
    process.stderr.write(`${check ? "stale" : "written"}: harness/scenarios/schema/${name}\n`);
    if (!check) writeFileSync(file, text);
  }
  if (check && stale > 0) process.exit(1);
}

if (process.argv[1] === fileURLToPath(import.meta.url)) main();
