import { spawn } from "node:child_process";
import { once } from "node:events";
import { pathToFileURL } from "node:url";
import { join, resolve } from "node:path";
import { expect, test } from "vitest";
import { temporaryFolder } from "../cli/command.js";

const folder = temporaryFolder();
const compiled = pathToFileURL(resolve("dist/harness/subjects/bench/processes.js")).href;

function lives(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

test("what a benchmark has started ends with it, even if it is killed", async () => {
  const spec = JSON.stringify({ program: "sleep", args: ["300"], logFile: join(folder.path(), "log") });
  const code = `import { Processes } from "${compiled}";
    process.stdout.write(String(new Processes().start(${spec})));
    setInterval(() => undefined, 1000);`;
  const manager = spawn(process.execPath, ["--input-type=module", "-e", code], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  const [said] = (await once(manager.stdout, "data")) as [Buffer];
  const pid = Number(said.toString());
  expect(lives(pid)).toBe(true);
  manager.kill("SIGKILL");
  await expect.poll(() => lives(pid), { timeout: 10_000 }).toBe(false);
});
