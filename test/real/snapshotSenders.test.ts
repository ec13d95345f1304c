/** A transfer to nobody. */
import { expect, test } from "vitest";
import { anyModule, nodeId } from "../../protocols/core/index.js";
import { zab } from "../../protocols/zab/index.js";
import { SnapshotSenders, type SendersOptions } from "../../harness/drivers/real/snapshots.js";
import { pause } from "./support.js";

const SNAPSHOT = { id: "n1.1.1", index: 1, round: 1, bytes: 1 };

test("a core that tries again at once does not spin while its peer cannot be reached", async () => {
  let told = 0;
  let read = 0;
  const options = {
    module: anyModule(zab),
    storage: { readImage: async () => Promise.resolve(new Uint8Array((read += 1))) },
    links: { connectionTo: () => null },
    log: { info: () => undefined },
    // As ZAB does: a plan that failed is made anew.
    onSent: (_to: string, _id: string, ok: boolean) => {
      expect(ok).toBe(false);
      told += 1;
      send();
    },
  } as unknown as SendersOptions;
  const senders = new SnapshotSenders(options);
  const send = (): void => senders.send(nodeId("n2"), { type: "SNAP" }, SNAPSHOT, 0);
  send();
  await pause(450);
  senders.close();
  expect(told).toBeGreaterThan(0);
  expect(told).toBeLessThan(6);
  // Nobody is there to get it: the image stays where it is.
  expect(read).toBe(0);
});
