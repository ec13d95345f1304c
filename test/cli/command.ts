/** The compiled `synod` command: called as a function, or in a process of its own. */
import { spawnSync } from "node:child_process";
import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll } from "vitest";
import { runCommand } from "../../harness/cli/command.js";

const MAIN = fileURLToPath(new URL("../../dist/harness/cli/main.js", import.meta.url));

export interface Said {
  readonly code: number | null;
  readonly out: string;
  readonly err: string;
}

/**
 * As from a shell in that folder, less the third of a second in which a process starts. Where the process itself matters (its
 * exit code, a pipe, a signal, a second process that must come to the same), `synodProcess` is the one to call.
 */
export async function synod(args: readonly string[], cwd: string): Promise<Said> {
  const before = process.cwd();
  const said = { out: "", err: "" };
  const out = (text: string): void => void (said.out += text);
  const err = (text: string): void => void (said.err += text);
  // Left alone where it is right: tests that run side by side have one of it.
  if (cwd !== before) process.chdir(cwd);
  try {
    const code = await runCommand(args, { out, err, outWhole: out, interactive: false });
    return { code, ...said };
  } finally {
    if (cwd !== before) process.chdir(before);
  }
}

export function synodProcess(args: readonly string[], cwd: string, input = ""): Said {
  const done = spawnSync(process.execPath, [MAIN, ...args], { cwd, input, encoding: "utf8", timeout: 60_000 });
  return { code: done.status, out: done.stdout, err: done.stderr };
}

/** A folder that is there for the tests of one file. */
export function temporaryFolder(): { readonly path: () => string; readonly files: () => string[] } {
  let folder = "";
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), "synod-test-"));
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));
  return {
    path: () => folder,
    files: () => readdirSync(folder, { recursive: true, encoding: "utf8" }).sort((a, b) => a.localeCompare(b)),
  };
}
