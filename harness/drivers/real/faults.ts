/** Orders that whoever started this process gives it over IPC. */
import type { Log } from "../../transport/index.js";
import type { ForgetfulFiles } from "./forgetfulFiles.js";
import type { RunningNode } from "./node.js";

export type NodeOrder =
  /** Every sync takes so much longer from now on. */
  | { readonly type: "slowDisk"; readonly extraMs: number }
  /** Everything that was not synced is gone, and the process with it. */
  | { readonly type: "powerLoss" }
  /** The next sync fails. */
  | { readonly type: "failSync" }
  /** Answered with `{ type: "status", … }`, a NodeStatus. */
  | { readonly type: "status"; readonly digest?: boolean };

/** Without `files`, which faults need, only the status is told. */
export function takeOrders(node: RunningNode, files: ForgetfulFiles | null, log: Log): void {
  if (process.send === undefined) return;
  // Nobody is left who could stop this process: it must not stay behind.
  process.on("disconnect", () => process.exit(0));
  process.on("message", (message) => obey(message, node, files, log));
}

function obey(message: unknown, node: RunningNode, files: ForgetfulFiles | null, log: Log): void {
  const order = message as Partial<NodeOrder> | null;
  if (order?.type === "status") {
    const digest = order.digest === true ? { digest: node.service.machineDigest() } : {};
    process.send?.({ type: "status", ...node.service.status(), ...digest });
    return;
  }
  if (files === null) {
    log.warn({ order: order?.type ?? "none" }, "faults are off: the order is ignored");
    return;
  }
  switch (order?.type) {
    case "slowDisk":
      files.extraMs = Math.max(0, Number(order.extraMs) || 0);
      break;
    case "failSync":
      files.failNextSync = true;
      break;
    case "powerLoss":
      files.losePower();
      process.kill(process.pid, "SIGKILL");
      break;
    default:
      log.warn({}, "an order that is none");
  }
}
