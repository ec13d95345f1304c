/** Two or three stations with real sockets and without replicas: what links do can be seen alone. */
import { connect, createServer, type Server, type Socket } from "node:net";
import { anyModule, nodeId } from "../../protocols/core/index.js";
import { raft } from "../../protocols/raft/index.js";
import { configurationOf } from "../../harness/drivers/sim/index.js";
import type { Scenario, Weather } from "../../harness/scenarios/index.js";
import type { LiveNode } from "../../harness/subjects/cluster/liveNode.js";
import { PeerLinks } from "../../harness/subjects/cluster/peerLinks.js";
import { Stage } from "../../harness/subjects/cluster/stage.js";

export function scenarioOf(local: Weather, nodes = 2): Scenario {
  return {
    name: "lab",
    title: "",
    about: "",
    cluster: { nodes: Array.from({ length: nodes }, () => ({ region: "home", role: "voter" as const })) },
    links: { kind: "stream", local },
    workload: { clients: [], keys: { count: 1, distribution: "uniform" } },
    faults: [],
    durationMs: 60_000,
    mode: "compare",
  };
}

/** A frame of so many bytes in all that carries a number. */
export function frameOf(number: number, bytes = 9): Buffer {
  const frame = Buffer.alloc(bytes);
  frame.writeUInt32BE(bytes - 4, 0);
  frame[4] = 0x30;
  frame.writeUInt32BE(number, 5);
  return frame;
}

export interface Arrival {
  readonly number: number;
  readonly atMs: number;
}

/** Cuts what a socket receives into frames of `frameOf`. */
function arrivals(socket: Socket, into: Arrival[]): void {
  let held = Buffer.alloc(0);
  socket.on("data", (chunk: Buffer) => {
    held = Buffer.concat([held, chunk]);
    while (held.length >= 4 && held.length >= 4 + held.readUInt32BE(0)) {
      const end = 4 + held.readUInt32BE(0);
      into.push({ number: held.readUInt32BE(5), atMs: performance.now() });
      held = held.subarray(end);
    }
  });
}

export class Lab {
  readonly stage: Stage;
  readonly links: PeerLinks;
  /** What came to each station on connections that others dialled. */
  readonly arrived: Arrival[][];
  /** Connections that others dialled, by station. */
  readonly accepted: Socket[][];
  readonly #servers: Server[] = [];
  readonly #sockets: Socket[] = [];

  constructor(scenario: Scenario, seed = 1) {
    const nodes = scenario.cluster.nodes.map(
      ({ region }, number) =>
        ({
          number,
          id: nodeId(`n${number + 1}`),
          ordinal: number + 1,
          region,
          voter: true,
          host: {},
          leaderRound: -1,
        }) as unknown as LiveNode,
    );
    this.stage = new Stage({
      module: anyModule(raft),
      scenario,
      configuration: configurationOf(scenario),
      seed,
      nodes,
      trace: null,
      onReset: (link) => this.links.onReset(link),
    });
    this.links = new PeerLinks(this.stage);
    this.arrived = nodes.map(() => []);
    this.accepted = nodes.map(() => []);
    const nothing = (): void => undefined;
    this.stage.players = {
      deliver: (packet) => this.links.deliver(packet),
      reply: nothing,
      wake: nothing,
      fault: nothing,
      restart: nothing,
      end: nothing,
      flush: () => this.links.flush(),
    };
  }

  /** A listener for each station, and a door for each direction. */
  async open(): Promise<void> {
    const { nodes } = this.stage.world;
    const ports: number[] = [];
    for (const { number } of nodes) {
      const server = createServer((socket) => {
        socket.on("error", () => undefined);
        this.#sockets.push(socket);
        this.accepted[number]?.push(socket);
        arrivals(socket, this.arrived[number] as Arrival[]);
      });
      await new Promise<void>((resolve) => {
        server.listen(0, "127.0.0.1", resolve);
      });
      this.#servers.push(server);
      ports.push((server.address() as { port: number }).port);
    }
    for (const from of nodes)
      for (const to of nodes)
        if (from !== to) await this.links.open(from.number, to.number, `127.0.0.1:${ports[to.number]}`);
  }

  async dial(from: number, to: number, back: Arrival[] = []): Promise<Socket> {
    const address = this.links.address(from, to) ?? "";
    const socket = connect({ host: "127.0.0.1", port: Number(address.split(":")[1]), noDelay: true });
    socket.on("error", () => undefined);
    this.#sockets.push(socket);
    arrivals(socket, back);
    await new Promise((resolve) => {
      socket.once("connect", resolve);
    });
    return socket;
  }

  async close(): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    await this.links.close();
    for (const server of this.#servers) server.close();
    this.stage.close();
  }
}

export function sleep(ms: number): Promise<void> {
  return new Promise((resolve) => {
    setTimeout(resolve, ms);
  });
}

/** @throws where it does not hold within `ms` */
export async function eventually(holds: () => boolean, ms: number, what: string): Promise<void> {
  const until = performance.now() + ms;
  while (!holds()) {
    if (performance.now() > until) throw new Error(`${what}: not within ${ms} ms`);
    await sleep(5);
  }
}
