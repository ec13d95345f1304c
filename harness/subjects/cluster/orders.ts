/** What a running cluster does when it is told to, and how its nodes are shown. */
import type { Answer, NodeRow, Order } from "./control.js";
import type { LiveCluster } from "./liveCluster.js";
import type { LiveNode } from "./liveNode.js";
import { ProcessFaults } from "./processFaults.js";

export function rowsOf(cluster: LiveCluster): NodeRow[] {
  return cluster.nodes.map((node, i) => {
    const member = cluster.layout.places[i]?.member;
    const { etcd, metrics } = member ?? {};
    return {
      id: node.id,
      pid: node.process.pid,
      role: roleOf(node),
      round: node.status?.promisedRound ?? null,
      client: member?.client ?? "",
      peer: member?.peer ?? "",
      ...(etcd === undefined ? {} : { etcd }),
      ...(metrics === undefined ? {} : { metrics }),
    };
  });
}

function roleOf({ process, host, status }: LiveNode): string {
  if (process.paused) return "paused";
  if (!process.running) return "down";
  return host === null || status === null ? "starting" : status.role;
}

/** `stop` is only answered: who runs the cluster ends it. */
export async function obey(cluster: LiveCluster, order: Order): Promise<Answer> {
  const say = (ok: boolean, words: string): Answer => ({ ok, words, nodes: rowsOf(cluster) });
  if (order.action === "status") return say(true, "");
  if (order.action === "stop") return say(true, "the cluster stops");
  const node = cluster.nodes.find(({ id }) => id === order.node);
  if (node === undefined)
    return say(false, `${order.action} needs one of ${cluster.nodes.map(({ id }) => id).join(", ")}`);
  const { process } = node;
  switch (order.action) {
    case "kill": {
      if (!process.running) return say(false, `${node.id} does not run`);
      const { pid } = process;
      cluster.stage.act(() => new ProcessFaults(cluster).kill(node, Number.POSITIVE_INFINITY));
      await process.kill();
      return say(true, `${node.id} (process ${pid}) was killed; restart brings it back`);
    }
    case "pause":
      if (!process.running || process.paused) return say(false, `${node.id} does not run, or stands still already`);
      process.pause();
      return say(true, `${node.id} stands still`);
    case "resume":
      if (!process.paused) return say(false, `${node.id} does not stand still`);
      process.resume();
      return say(true, `${node.id} runs again`);
    case "restart":
      await cluster.restart(node);
      return say(node.host !== null, node.host === null ? `${node.id} did not come back` : `${node.id} runs anew`);
  }
}
