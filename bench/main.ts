/** `npm run bench [name…]`: all benchmarks but `cluster`, or those named. Compiled code only; see bench/README.md for how to read the figures. */
import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { benchCheckers } from "./checkers.js";
import { benchFrames } from "./frames.js";
import { benchHosts } from "./host.js";
import { benchSimulator } from "./simulator.js";
import { benchSteps } from "./step.js";
import { benchWal } from "./wal.js";

const benches: { readonly [name: string]: () => Promise<void> | void } = {
  step: benchSteps,
  frames: benchFrames,
  host: benchHosts,
  simulator: () => benchSimulator(),
  wal: benchWal,
  checkers: () => benchCheckers(),
};

const names = process.argv.slice(2);
if (names[0] === "cluster") {
  // Clusters are the command's affair; this is the same door. It takes minutes, so only who asks for it gets it.
  const main = fileURLToPath(new URL("../harness/cli/main.js", import.meta.url));
  process.exit(spawnSync(process.execPath, [main, "bench", ...names.slice(1)], { stdio: "inherit" }).status ?? 2);
}
const unknown = names.find((name) => !(name in benches));
if (unknown !== undefined) {
  process.stderr.write(
    `synod: no benchmark "${unknown}"; there are ${[...Object.keys(benches), "cluster"].join(", ")}.\n`,
  );
  process.exit(64);
}
for (const [name, run] of Object.entries(benches)) {
  if (names.length === 0 || names.includes(name)) await run();
}
