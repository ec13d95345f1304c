/** Which nodes a selector means at this moment. */
import type { NodeSelector } from "../../scenarios/index.js";
import type { Leaders } from "./leaders.js";
import type { Random } from "./random.js";
import type { Station, Surroundings } from "./world.js";

/**
 * The nodes, without those in `taken`, or why there are none. Several selectors are united; drawn ones differ from each
 * other.
 */
export function resolve(
  world: Surroundings,
  leaders: Leaders,
  selector: NodeSelector,
  random: Random,
  taken: readonly Station[],
): Station[] | string {
  const found: Station[] = [];
  for (const part of typeof selector === "string" ? [selector] : selector) {
    const nodes = one(world, leaders, part, random, [...taken, ...found]);
    if (typeof nodes === "string") return nodes;
    for (const node of nodes) if (!found.includes(node)) found.push(node);
  }
  return found.sort((a, b) => a.number - b.number);
}

function one(
  world: Surroundings,
  leaders: Leaders,
  part: string,
  random: Random,
  taken: readonly Station[],
): Station[] | string {
  const leader = leaders.leader();
  const running = world.nodes.filter((node) => node.host !== null && !taken.includes(node));
  switch (part) {
    case "leader":
      return leader === null || taken.includes(leader) ? "there is no leader" : [leader];
    case "follower":
      return pick(
        running.filter((node) => node.voter && node !== leader),
        random,
        "no follower is running",
      );
    case "learner":
      return pick(
        running.filter((node) => !node.voter),
        random,
        "no learner is running",
      );
    case "random":
      return pick(running, random, "no node is running");
    case "all":
      return world.nodes.filter((node) => !taken.includes(node));
    default: {
      const region = part.startsWith("region:") ? part.slice("region:".length) : null;
      const named = world.nodes.filter((node) => (region === null ? node.id === part : node.region === region));
      return named.filter((node) => !taken.includes(node));
    }
  }
}

function pick(nodes: readonly Station[], random: Random, none: string): Station[] | string {
  return nodes.length === 0 ? none : [random.pick(nodes)];
}
