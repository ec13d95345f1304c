/** JSON text against a generated schema, with one readable error in place of a validator's list. */
import { existsSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { Ajv, type ErrorObject, type ValidateFunction } from "ajv";
import { InputError, shown } from "./inputError.js";
import { findJsonError } from "./jsonPlace.js";

/** Names of the generated schemas, without `.schema.json`. */
export type SchemaName =
  | "scenario"
  | "topology"
  | "manifest"
  | "run"
  | "node"
  | `${string}-options`
  | `output-${"compare" | "sim" | "check" | "check-manifest" | "plan" | "scenarios" | "doctor"}`
  | `output-${"step" | "validate" | "model" | "conform" | "cluster" | "cluster-order" | "soak"}`;

/** The folder that holds the scenario files and `schema/`: found from the sources, from dist and from a packed package. */
export function scenarioFolder(): string {
  let folder = dirname(fileURLToPath(import.meta.url));
  while (!existsSync(join(folder, "harness/scenarios/schema/scenario.schema.json"))) {
    const parent = dirname(folder);
    if (parent === folder) throw new Error(`no harness/scenarios/schema above ${fileURLToPath(import.meta.url)}`);
    folder = parent;
  }
  return join(folder, "harness/scenarios");
}

const ajv = new Ajv({ allErrors: true, discriminator: true, verbose: true, allowUnionTypes: true });
const compiled = new Map<string, ValidateFunction>();

/** Whether there is such a schema; for names that come from outside. */
export function hasSchema(name: SchemaName): boolean {
  return existsSync(join(scenarioFolder(), "schema", `${name}.schema.json`));
}

/** With `partial`, properties of the outermost object may be absent: settings that are laid over defaults. */
function validator(name: SchemaName, partial: boolean): ValidateFunction {
  const key = partial ? `${name}?` : name;
  const known = compiled.get(key);
  if (known !== undefined) return known;
  const text = readFileSync(join(scenarioFolder(), "schema", `${name}.schema.json`), "utf8");
  const schema = JSON.parse(text) as Record<string, unknown>;
  if (partial) {
    delete schema["required"];
    schema["$id"] = `synod:${key}`;
  }
  const made = ajv.compile(schema);
  compiled.set(key, made);
  return made;
}

/**
 * @param at JSON pointer of `value` in the file, "" for all of it
 * @throws InputError
 */
export function validate(name: SchemaName, value: unknown, file: string, at = "", partial = false): void {
  const check = validator(name, partial);
  if (check(value)) return;
  const error = mostTelling(check.errors ?? []);
  throw new InputError({ file, ...wording(error, at) });
}

/** @throws InputError naming line and column. */
export function parseJson(text: string, file: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    const place = findJsonError(text);
    const where = place === null ? "text that is none" : `none at line ${place.line} column ${place.column}`;
    const expected = place === null ? "JSON" : `JSON with ${place.expected}`;
    throw new InputError({ file, path: "/", expected, found: where });
  }
}

/**
 * A text file without its byte order mark, which some editors put first and which nobody sees.
 *
 * @throws InputError where the file is absent or cannot be read.
 */
export function readText(file: string): string {
  try {
    return readFileSync(file, "utf8").replace(/^\uFEFF/, "");
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code ?? "an unreadable file";
    const found = code === "ENOENT" ? "no such file" : code === "EISDIR" ? "a folder" : code;
    throw new InputError({ file, path: "/", expected: "a readable file", found });
  }
}

/**
 * Of all errors the one that a person would name. A failed union reports every branch: the branch of the value's own
 * JSON type is meant, so an error inside it or below it wins over "is not a number".
 */
function mostTelling(errors: readonly ErrorObject[]): ErrorObject {
  const unions = new Set(errors.filter((error) => error.keyword === "anyOf").map((error) => error.instancePath));
  const inUnion = (error: ErrorObject) => unions.has(error.instancePath);
  const telling = errors.filter((error) => {
    if (error.keyword === "anyOf") return !errors.some((other) => explains(other, error));
    return !(error.keyword === "type" && inUnion(error));
  });
  return telling[0] ?? (errors[0] as ErrorObject);
}

/** Whether `other` says more than "no branch of the union fits". */
function explains(other: ErrorObject, union: ErrorObject): boolean {
  if (other === union || !other.instancePath.startsWith(union.instancePath)) return false;
  if (other.instancePath.length > union.instancePath.length) return true;
  return other.keyword !== "type" && other.keyword !== "anyOf" && other.keyword !== "const";
}

type Wording = { readonly path: string; readonly expected: string; readonly found: string };

function wording(error: ErrorObject, at: string): Wording {
  const path = `${at}${error.instancePath}`;
  const params = error.params as Record<string, unknown>;
  const here = (expected: string): Wording => ({ path: path === "" ? "/" : path, expected, found: shown(error.data) });
  switch (error.keyword) {
    case "required": {
      const name = String(params["missingProperty"]);
      return { path: `${path}/${name}`, expected: describeType(propertySchema(error, name)), found: "nothing" };
    }
    case "additionalProperties": {
      const name = String(params["additionalProperty"]);
      const known = Object.keys((error.parentSchema?.["properties"] as object | undefined) ?? {}).sort((a, b) =>
        a.localeCompare(b),
      );
      return { path: `${path}/${name}`, expected: `one of the properties ${known.join(", ")}`, found: shown(name) };
    }
    case "enum":
      return here(`one of ${(params["allowedValues"] as unknown[]).map(shown).join(", ")}`);
    case "discriminator": {
      const tag = String(params["tag"]);
      const value = (error.data as Record<string, unknown> | null)?.[tag];
      return { path: `${path}/${tag}`, expected: `one of ${tagsOf(error).join(", ")}`, found: shown(value) };
    }
    case "const":
      return here(shown(params["allowedValue"]));
    case "type":
      return here(withArticle(String(params["type"])));
    case "anyOf":
      return here(describeType(error.parentSchema));
    case "minimum":
    case "maximum":
    case "exclusiveMinimum":
      return here(`a number ${String(params["comparison"])} ${String(params["limit"])}`);
    case "multipleOf":
      return here(`a multiple of ${String(params["multipleOf"])}`);
    case "minItems":
      return here(`at least ${String(params["limit"])} element(s)`);
    case "maxItems":
      return here(`at most ${String(params["limit"])} element(s)`);
    case "pattern":
      return here(`text that matches ${String(params["pattern"])}`);
    default:
      return here(error.message ?? error.keyword);
  }
}

type Schema = Record<string, unknown>;

function propertySchema(error: ErrorObject, name: string): Schema | undefined {
  return (error.parentSchema?.["properties"] as Record<string, Schema> | undefined)?.[name];
}

/** What a schema wants, in a few words. References are described by their name. */
function describeType(schema: Schema | undefined): string {
  if (schema === undefined) return "a value";
  if (typeof schema["$ref"] === "string") {
    const name = schema["$ref"].replace("#/definitions/", "");
    return NAMES[name] ?? `a ${name}`;
  }
  if (schema["const"] !== undefined) return shown(schema["const"]);
  if (Array.isArray(schema["enum"])) return `one of ${schema["enum"].map(shown).join(", ")}`;
  if (Array.isArray(schema["anyOf"])) return (schema["anyOf"] as Schema[]).map(describeType).join(" or ");
  return typeof schema["type"] === "string" ? withArticle(schema["type"]) : "a value";
}

const NAMES: Readonly<Record<string, string>> = {
  Draw: "a number or {min, max}",
  NodeSelector: "a node selector",
  ClusterShape: "an object with the cluster's nodes",
  Workload: "an object with clients and keys",
};

function withArticle(type: string): string {
  return /^[aeio]/.test(type) ? `an ${type}` : `a ${type}`;
}

function tagsOf(error: ErrorObject): string[] {
  const tag = String((error.params as Record<string, unknown>)["tag"]);
  const variants = (error.parentSchema?.["oneOf"] as Schema[] | undefined) ?? [];
  return variants.map((variant) => shown((variant["properties"] as Record<string, Schema>)[tag]?.["const"]));
}
