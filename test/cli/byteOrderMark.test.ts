/** Some editors put a byte order mark first, which nobody sees: files are read as if it were not there. */
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { beforeAll, describe, expect, test } from "vitest";
import { loadScenario, scenarioFile } from "../../harness/scenarios/index.js";
import { synod, temporaryFolder } from "./command.js";

const folder = temporaryFolder();
const root = fileURLToPath(new URL("../..", import.meta.url));
const EDN = "{:process 0, :type :invoke, :f :read, :value nil}\n{:process 0, :type :ok, :f :read, :value nil}\n";
const JEPSEN = "INFO  jepsen.util - 4\t:invoke\t:read\tnil\n";

/** Writes the text after a mark, and reads back that it is there. */
function marked(name: string, text: string): void {
  const file = join(folder.path(), name);
  writeFileSync(file, `\uFEFF${text}`);
  expect([...readFileSync(file).subarray(0, 3)]).toEqual([0xef, 0xbb, 0xbf]);
}

beforeAll(async () => {
  const run = ["sim", "--protocol", "raft", "--scenario", "calm", "--duration", "1s", "--steps", "300"];
  const said = await synod(
    [...run, "--history", "plain.jsonl", "--out", "plain", "--trace", "plain.ndjson"],
    folder.path(),
  );
  expect(said.err).toBe("");
  const own = (name: string): string => readFileSync(join(folder.path(), name), "utf8");
  marked("history.jsonl", own("plain.jsonl"));
  marked("manifest.json", own("plain/manifest.json"));
  marked("trace.ndjson", own("plain.ndjson"));
  marked("calm.json", readFileSync(scenarioFile("calm"), "utf8"));
  marked("sites.json", readFileSync(join(root, "harness/scenarios/examples/two-regions.json"), "utf8"));
  marked("script.txt", readFileSync(join(root, "test/scripts/raft/election.txt"), "utf8"));
  marked("history.edn", EDN);
  marked("history.log", JEPSEN);
  marked("list.tsv", "file\tmodel\tops\texpected\nplain.jsonl\tkv\t0\tok\n");
});

describe("a byte order mark is skipped in", () => {
  test("a scenario", () => {
    expect(loadScenario(join(folder.path(), "calm.json"))).toEqual(loadScenario("calm"));
  });
  test.each<readonly [string, readonly string[], RegExp]>([
    ["a manifest", ["replay", "manifest.json"], /"sameHash":true/],
    ["a topology", ["plan", "sites.json"], /"voters":\d/],
    ["a history of JSON lines", ["check", "history.jsonl"], /"verdict":"ok"/],
    ["a history in EDN", ["check", "history.edn", "--model", "register"], /"verdict":"ok","operations":1,/],
    ["a log of Jepsen's", ["check", "history.log", "--model", "register"], /"verdict":"ok"/],
    ["a script", ["step", "script.txt"], /"steps":\[\{"line":"#/],
    ["a trace", ["validate", "trace.ndjson"], /"verdict":"accepted"/],
  ])("%s", async (_, args, found) => {
    const said = await synod([...args, "--json"], folder.path());
    expect(said.err).not.toContain("synod:");
    expect(said.out).toMatch(found);
  });
  test("a script with the line ends of another system", async () => {
    const text = readFileSync(join(root, "test/scripts/raft/election.txt"), "utf8");
    marked("crlf.txt", text.replaceAll("\n", "\r\n"));
    marked("lf.txt", text);
    const crlf = await synod(["step", "crlf.txt", "--json"], folder.path());
    const lf = await synod(["step", "lf.txt", "--json"], folder.path());
    expect(crlf).toEqual(lf);
    expect(crlf.code).toBe(0);
  });
  test("a list of histories", async () => {
    expect((await synod(["check", "--manifest", "list.tsv"], folder.path())).err).not.toContain("header");
  });
});
