/** Finds a Java runtime. */
import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { delimiter, join } from "node:path";
import { ToolError } from "./errors.js";

export interface Java {
  readonly path: string;
  /** Feature version: 11, 17, 21. */
  readonly major: number;
  /** The first line of `java -version`. */
  readonly banner: string;
}

const MAJOR_MIN = 11;
const INSTALL = "install a Java runtime 11 or later (Debian: apt-get install default-jre-headless) or set JAVA_HOME";

function candidates(explicit: string | undefined): readonly string[] {
  if (explicit !== undefined) return [explicit];
  const name = process.platform === "win32" ? "java.exe" : "java";
  const home = process.env["JAVA_HOME"];
  const path = (process.env["PATH"] ?? "").split(delimiter).filter((folder) => folder !== "");
  return [
    ...(home === undefined || home === "" ? [] : [join(home, "bin", name)]),
    ...path.map((folder) => join(folder, name)),
  ];
}

/** What was found, by where it was looked for: asking a JVM for its version takes a while. */
const FOUND = new Map<string, Java>();

/**
 * The runtime at `explicit`, else in JAVA_HOME, else on the PATH.
 * @throws ToolError "no-java" where none runs, "old-java" where the only ones are older than 11.
 */
export function findJava(explicit?: string): Java {
  const paths = candidates(explicit);
  const key = paths.join(delimiter);
  const java = FOUND.get(key) ?? firstOf(paths);
  FOUND.set(key, java);
  return java;
}

function firstOf(paths: readonly string[]): Java {
  let old: Java | null = null;
  for (const path of paths) {
    if (!existsSync(path)) continue;
    const result = spawnSync(path, ["-version"], { encoding: "utf8", timeout: 30_000 });
    const banner = `${result.stderr}${result.stdout}`.split("\n")[0] ?? "";
    const match = /version "(?:1\.)?(\d+)/.exec(banner);
    if (result.status !== 0 || match === null) continue;
    const java = { path, major: Number(match[1]), banner };
    if (java.major >= MAJOR_MIN) return java;
    old = java;
  }
  if (old !== null) throw new ToolError("old-java", `${old.path} is Java ${old.major}: ${INSTALL}.`);
  throw new ToolError("no-java", `No Java runtime found: ${INSTALL}.`);
}
