/** The commands that the README shows do what it says, as they stand there. */
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { synod } from "./command.js";

const root = fileURLToPath(new URL("../..", import.meta.url));
const commands = [...readFileSync(`${root}/README.md`, "utf8").matchAll(/^npx synod (.+?)(?: +#.*)?$/gm)].map(
  ([, words]) => (words ?? "").trim(),
);
/** Needs minutes, runs until it is stopped, or wants a file of the reader's: here its options alone are looked at. */
const NOT_RUN = /^(compare|check|validate|conform|cluster|bench) /;

test("the README shows commands", () => expect(commands.length).toBeGreaterThan(5));

test.each(commands.filter((words) => !NOT_RUN.test(words)))("npx synod %s", async (words) => {
  const said = await synod(words.split(/\s+/), root);
  expect(said.err).toBe("");
  expect([0, 1]).toContain(said.code); // 1: a topology with problems, which is what there is to show.
  expect(said.out.length).toBeGreaterThan(100);
});

test.each(commands.filter((words) => NOT_RUN.test(words)))("npx synod %s: its options exist", async (words) => {
  const [verb = "", ...args] = words.split(/\s+/);
  const help = (await synod([verb, "--help"], root)).out;
  for (const option of args.filter((word) => word.startsWith("--"))) expect(help).toContain(option);
});
