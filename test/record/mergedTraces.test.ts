/** The traces of a cluster's nodes become one, which ends where the first of them does, or at a limit. */
import { expect, test } from "vitest";
import { mergeTraces } from "../../harness/drivers/real/index.js";

interface Line {
  readonly seq: number;
  readonly node: string;
  readonly action: string;
  readonly lamport: number;
}

function traceOf(node: string, lines: readonly (readonly [action: string, lamport: number])[]): string {
  return lines.map(([action, lamport], seq) => `${JSON.stringify({ seq, node, action, lamport })}\n`).join("");
}

function merged(texts: readonly string[], eventsMax?: number): string[] {
  const lines = mergeTraces(texts, eventsMax)
    .split("\n")
    .filter((line) => line !== "");
  const read = lines.map((line) => JSON.parse(line) as Line);
  expect(read.map(({ seq }) => seq)).toEqual([...read.keys()]);
  return read.map(({ node, action, lamport }) => `${node} ${action} ${lamport}`);
}

const FIRST = traceOf("n1", [
  ["Config", 0],
  ["A", 1],
  ["B", 4],
  ["C", 4],
  ["D", 6],
]);
const SECOND = traceOf("n2", [
  ["Config", 0],
  ["E", 1],
  ["F", 3],
  ["G", 4],
  ["H", 5],
]);

test("lines are in Lamport's order, with one Config line in front", () => {
  expect(merged([FIRST, SECOND])).toEqual([
    "n1 Config 0",
    "n1 A 1",
    "n2 E 1",
    "n2 F 3",
    "n1 B 4",
    "n1 C 4",
    "n2 G 4",
    "n2 H 5",
    "n1 D 6",
  ]);
});

test("where a node stopped writing, the others end", () => {
  const ended = traceOf("n2", [
    ["Config", 0],
    ["E", 1],
    ["End", 4],
  ]);
  expect(merged([FIRST, ended])).toEqual(["n1 Config 0", "n1 A 1", "n2 E 1"]);
});

test("a limit leaves no part of a step", () => {
  const four = ["n1 Config 0", "n1 A 1", "n2 E 1", "n2 F 3"];
  for (const limit of [3, 4, 5]) expect(merged([FIRST, SECOND], limit), `${limit}`).toEqual(four);
  expect(merged([FIRST, SECOND], 6).at(-1)).toBe("n2 G 4");
  expect(merged([FIRST, SECOND], 8).at(-1)).toBe("n1 D 6");
});

test("nodes that wrote nothing have no trace", () => {
  expect(merged(["", ""])).toEqual([]);
});
