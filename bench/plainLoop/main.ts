/** One process of the plain loop: `node dist/bench/plainLoop/main.js CONFIG.json`, a `NodeConfig`. SIGTERM ends it. */
import { readFileSync } from "node:fs";
import { keepHeapRoom, type NodeConfig } from "../../harness/drivers/real/index.js";
import { PlainNode } from "./node.js";

keepHeapRoom();
const file = process.argv[2];
if (file === undefined) {
  process.stderr.write("synod: the plain loop needs a configuration file\n");
  process.exit(64);
}
const node = await PlainNode.start(JSON.parse(readFileSync(file, "utf8")) as NodeConfig);
process.once("SIGTERM", () => {
  void node.close().then(() => process.exit(0));
});
process.stdout.write(`${JSON.stringify(node.ready())}\n`);
