/** The compiled `synod` command in a process of its own. */
import { spawnSync } from "node:child_process";
import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll } from "vitest";

const MAIN = fileURLToPath(new URL("../../dist/harness/cli/main.js", import.meta.url));

export interface Said {
  readonly code: number | null;
  readonly out: string;
  readonly err: string;
}

export function synod(args: readonly string[], cwd: string, input = ""): Said {
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
