import { expect, test } from "vitest";
import { decodeCommand } from "../../harness/host/index.js";
import { commandEntry, HostLab, noop, replies } from "./puppet.js";

function put(key: string, bytes: number) {
  return { f: "put", key, value: "v".repeat(bytes) } as const;
}

test("the writes of a turn make one entry, in the order in which they came", () => {
  const lab = new HostLab();
  const asked = [1, 2, 3].map((client) => lab.request(client, 1, put(`k${client}`, 10)).effects);
  // The end of the turn is asked for once.
  expect(asked).toEqual([[{ type: "needTurnEnd" }], [], []]);
  expect(lab.proposals()).toEqual([]);
  const { command } = lab.propose();
  expect(lab.proposals()).toHaveLength(1);
  expect(
    decodeCommand(command).map(({ client, operation }) => [client, "key" in operation ? operation.key : null]),
  ).toEqual([
    [1, "k1"],
    [2, "k2"],
    [3, "k3"],
  ]);
  expect(replies(lab.apply(commandEntry(1, command))).map(([token]) => token)).toEqual([1, 2, 3]);
});

test("the next turn begins anew", () => {
  const lab = new HostLab();
  lab.request(1, 1, put("a", 1));
  lab.turnEnd();
  expect(lab.request(2, 1, put("b", 1)).effects).toEqual([{ type: "needTurnEnd" }]);
  lab.turnEnd();
  expect(lab.proposals().map(({ command }) => decodeCommand(command).length)).toEqual([1, 1]);
  expect(lab.turnEnd()).toEqual([]);
  expect(lab.proposals()).toHaveLength(2);
});

test("an entry is closed when it reaches batchBytesMax, within the turn", () => {
  const lab = new HostLab({ batchBytesMax: 300 });
  for (let client = 1; client <= 5; client += 1) lab.request(client, 1, put("k", 100));
  expect(lab.proposals()).toHaveLength(1);
  lab.turnEnd();
  const sizes = lab.proposals().map(({ command }) => decodeCommand(command).length);
  expect(sizes).toEqual([3, 2]);
});

test("a request larger than batchBytesMax is an entry of its own", () => {
  const lab = new HostLab({ batchBytesMax: 10 });
  lab.request(1, 1, put("k", 5000));
  expect(lab.proposals()).toHaveLength(1);
  expect(lab.turnEnd()).toEqual([]);
});

test("effects that are not the host's pass through untouched and in order", () => {
  const lab = new HostLab();
  const persist = { type: "persist", seq: 1, hard: null, truncateFrom: null, snapshot: null, entries: [] } as const;
  const timer = { type: "setTimer", timer: "never", minMs: 1, maxMs: 2 } as const;
  const apply = { type: "apply", entry: noop(1) } as const;
  expect(lab.effects(persist, apply, timer)).toEqual([persist, apply, timer]);
  expect(lab.effects(timer, persist)).toEqual([timer, persist]);
  expect(lab.host.appliedIndex).toBe(1);
});

test("an entry out of order, and a command that no host wrote, stop the replica", () => {
  const lab = new HostLab();
  expect(() => lab.apply(noop(2))).toThrow("entry 2 applied after 0");
  expect(() => lab.apply(commandEntry(1, Uint8Array.of(0, 0, 0, 1)))).toThrow("do not fit");
});
