/** `synod start`, which is `npm start`: the incident's two telling cells, other faults for comparison, and the matrix. */
import type { ExitCode } from "../exit.js";
import type { Terminal } from "../terminal.js";
import { compare, compareDefaults, type CompareOptions } from "./compare.js";

/** What `npm start` runs. */
export const MAIN: Omit<CompareOptions, "command" | "out"> = {
  ...compareDefaults(""),
  title: "Three protocols, one incident",
  scenarios: ["incident-one-down", "incident-fix", "leader-crash", "power-loss-all"],
  seeds: [1, 2, 3, 4, 5, 6],
  matrixSeeds: [1],
};

/** What `npm start` runs. */
export function start(out: Terminal, options: Partial<CompareOptions>): Promise<ExitCode> {
  return compare({ ...MAIN, out: "out", command: "npx synod start", ...options }, out);
}
