/** The Go programs of bench/peers, built where they are needed and kept by what they were built from. */
import { execFile, execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { scenarioFolder } from "../../scenarios/index.js";
import { MissingPeer } from "./subject.js";

const GO_INSTALL =
  "sudo apt-get install golang-go (1.24 or later; an older one of 1.21 or later fetches what it needs)";

/** The folder of the package: of the clone, or of the installed package. */
export function packageFolder(): string {
  return join(scenarioFolder(), "../..");
}

/** The first line of `go version`, or null. */
export function goVersion(): string | null {
  try {
    return execFileSync("go", ["version"], {
      encoding: "utf8",
      timeout: 20_000,
      stdio: ["ignore", "pipe", "ignore"],
    }).trim();
  } catch {
    return null;
  }
}

const folder = (): string => join(packageFolder(), "bench", "peers");

function sources(dir: string): string[] {
  return readdirSync(dir, { withFileTypes: true, recursive: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
    .sort();
}

/**
 * The path of a program, built if its sources have not been built before. Rejects with MissingPeer.
 *
 * @param name a folder in bench/peers
 */
export async function goProgram(name: "load" | "hraft"): Promise<string> {
  const what = name === "load" ? "the load generator" : "hraft";
  if (!existsSync(folder())) throw new MissingPeer(what, "its sources are not in this package", "clone the repository");
  const hash = createHash("sha256");
  for (const file of sources(folder())) hash.update(readFileSync(file));
  const cache = join(process.env["XDG_CACHE_HOME"] ?? join(homedir(), ".cache"), "synod");
  const binary = join(cache, `${name}-${hash.digest("hex").slice(0, 16)}`);
  if (existsSync(binary)) return binary;
  if (goVersion() === null) throw new MissingPeer(what, "there is no Go to build it", GO_INSTALL);
  mkdirSync(cache, { recursive: true });
  const draft = `${binary}.${process.pid}`;
  try {
    await promisify(execFile)("go", ["build", "-o", draft, `./${name}`], { cwd: folder() });
  } catch (error) {
    const { stderr } = error as { readonly stderr?: string };
    const why = (stderr ?? String(error)).trim().split("\n").slice(-1)[0] ?? "";
    throw new MissingPeer(what, `it could not be built (${why})`, GO_INSTALL);
  }
  renameSync(draft, binary);
  return binary;
}
