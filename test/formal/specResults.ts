/**
 * TLC on the specifications alone: what must hold does, in as many states as spec/results has written down. Every test run
 * checks the small models, some of them with their graphs (quick.ts); the long one the medium ones, too, and with --rewrite
 * it writes the results anew.
 */
import { writeFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import type { ModelResult } from "../../harness/cli/output.js";
import { model as modelVerb } from "../../harness/cli/verbs/model.js";
import type { CheckedProtocol } from "../../harness/conform/checked.js";
import { CHECKED } from "../../harness/conform/models.js";
import { isCheckedWithGraph } from "./quick.js";
import { numbersOf, type Recorded, recordedFile, recordedOf } from "./recorded.js";

const LONG = process.env["SYNOD_LONG"] !== undefined;
const REWRITE = process.env["SYNOD_REWRITE"] !== undefined && LONG;
const TIMEOUT_MS = LONG ? 1_800_000 : 120_000;
const SETTINGS = { timeoutMs: TIMEOUT_MS, heapMiB: 3000 };

/** @param name of a protocol */
export function resultsSuite(name: string): void {
  const protocol = CHECKED.find((one) => one.name === name);
  if (protocol === undefined) throw new Error(`no protocol ${name} has models`);
  describe(`the models of ${protocol.title}`, () => hold(protocol));
}

function hold(protocol: CheckedProtocol): void {
  const models = [...protocol.models, ...protocol.specModels];
  const chosen = models.filter((one) => LONG || (one.size === "small" && !isCheckedWithGraph(protocol.name, one)));

  for (const { name, about } of chosen) {
    test(`${name} holds, as it is written down: ${about}`, { timeout: TIMEOUT_MS }, async () => {
      const result = name === "Small" ? await printed(protocol) : await protocol.check(name, SETTINGS);
      const { verdict, reason = null } = result;
      expect([verdict, reason]).toEqual(["ok", null]);
      const { wallMs, ...found } = numbersOf(result as Recorded);
      if (REWRITE) {
        const all: Record<string, Recorded> = {
          ...recordedOf(protocol.name),
          [name]: { ...found, wallMs: Math.round(wallMs) },
        };
        const inOrder = models.flatMap((one) => (one.name in all ? [[one.name, all[one.name]] as const] : []));
        writeFileSync(recordedFile(protocol.name), `${JSON.stringify(Object.fromEntries(inOrder), null, 2)}\n`);
      }
      expect({ ...found, wallMs: 0 }).toEqual({ ...recordedOf(protocol.name)[name], wallMs: 0 });
    });
  }

  test("every model's result is written down, and nothing else", () => {
    expect(Object.keys(recordedOf(protocol.name))).toEqual(models.map(({ name }) => name));
  });
}

/** What `synod model PROTOCOL --config small --json` prints. */
async function printed({ name }: CheckedProtocol): Promise<ModelResult> {
  const objects: object[] = [];
  const out = {
    json: true,
    say: () => undefined,
    progress: () => undefined,
    result: (value: object) => void objects.push(value),
  };
  expect(await modelVerb(name, "small", TIMEOUT_MS, out)).toBe(0);
  expect(objects).toMatchObject([{ name: "Small" }]);
  return objects[0] as ModelResult;
}
