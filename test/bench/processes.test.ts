import { spawn } from "node:child_process";
import { once } from "node:events";
import { pathToFileURL } from "node:url";
import { join, resolve } from "node:path";
import { expect, test } from "vitest";
import { patience } from "../../harness/subjects/bench/patience.js";
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

test("a process that stood still has waited for nobody", async () => {
  let late = 0;
  const take = patience(100, () => void (late += 1));
  const until = performance.now() + 300;
  while (performance.now() < until);
  // Whatever came meanwhile is read now.
  await new Promise((resolve) => setTimeout(resolve, 20));
  expect(late).toBe(0);
  await expect.poll(() => late, { timeout: 2_000 }).toBe(1);
  take();
  const taken = patience(20, () => void (late += 1));
  taken();
  await new Promise((resolve) => setTimeout(resolve, 60));
  expect(late).toBe(1);
});
