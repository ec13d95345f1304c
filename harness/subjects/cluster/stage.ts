/**
 * The surroundings of a cluster of processes: the simulator's links, clients and queue of events on the clock of this
 * machine. Only what happens to a packet at the end of its way differs: it is written to a socket.
 */
import { performance } from "node:perf_hooks";
import { assert } from "../../../protocols/core/index.js";
import {
  ARRIVE,
  arrives,
  CLIENT,
  type Client,
  createPacket,
  createSurroundings,
  END,
  FAULT,
  type Link,
  LINK_BREAK,
  NS_PER_MS,
  onLinkBreak,
  type Packet,
  RESTART,
  type SurroundingsOf,
  type SurroundingsSpec,
  transmitPacket,
} from "../../drivers/sim/index.js";
import type { LiveNode } from "./liveNode.js";

/**
 * What is due within this time is done now: timers of the event loop count whole milliseconds, and waiting the rest out
 * would take a processor. So a delay is wrong by up to half a millisecond either way.
 */
const SLACK_NS = 0.5 * NS_PER_MS;

/** What the stage does not know by itself. */
export interface Players {
  /** A packet came to the end of its way to a node. */
  deliver(packet: Packet): void;
  /** A packet came to a client. */
  reply(client: Client, packet: Packet): void;
  wake(client: Client, generation: number): void;
  /** `number` < 0: the end of the faults. */
  fault(number: number, what: number): void;
  restart(node: LiveNode): void;
  end(what: unknown): void;
  /** Everything that was due has been done. */
  flush(): void;
}

export class Stage {
  readonly world: SurroundingsOf<LiveNode>;
  players: Players | null = null;
  /** Time that this process spends on links and clients is shared with the nodes: how late events came. */
  latestNs = 0;
  readonly #origin = performance.now();
  #timer: NodeJS.Timeout | null = null;
  #immediate: NodeJS.Immediate | null = null;
  #timerAt = Number.POSITIVE_INFINITY;
  #busy = false;
  #closed = false;

  constructor(spec: SurroundingsSpec<LiveNode>) {
    // Real links are streams, whatever the scenario asks for.
    const scenario = { ...spec.scenario, links: { ...spec.scenario.links, kind: "stream" as const } };
    this.world = createSurroundings({ ...spec, scenario });
  }

  /** Nanoseconds since the stage was made; whole, so that times compare equal after a detour. */
  clock(): number {
    return Math.round((performance.now() - this.#origin) * NS_PER_MS);
  }

  /** Brings the world to this moment and does `act` in it, then whatever that made due. */
  act(act: () => void): void {
    if (this.#closed) return;
    if (this.#busy) {
      act();
      return;
    }
    this.#busy = true;
    try {
      this.#catchUp();
      // This process may have stood still since: what became due meanwhile must still find its own moment.
      const { world } = this;
      world.now = Math.max(world.now, Math.min(this.clock(), world.queue.nextTime()));
      act();
      this.#catchUp();
      this.players?.flush();
    } finally {
      this.#busy = false;
    }
    this.#arm();
  }

  /** Nothing happens any more. */
  close(): void {
    this.#closed = true;
    if (this.#timer !== null) clearTimeout(this.#timer);
    if (this.#immediate !== null) clearImmediate(this.#immediate);
    this.#timer = null;
    this.#immediate = null;
  }

  /** Hands bytes to a link. False: the link has no connection, and they are lost. */
  send(link: Link, bytes: Uint8Array): boolean {
    const { world } = this;
    transmitPacket(world, createPacket(world, link, { type: "bytes", bytes }, bytes.length, 0, 0), world.now);
    return link.connection?.connected === true;
  }

  #catchUp(): void {
    const { world } = this;
    const { queue } = world;
    while (!this.#closed && queue.nextTime() <= this.clock() + SLACK_NS) {
      queue.pop();
      const late = this.clock() - queue.time;
      if (late > this.latestNs) this.latestNs = late;
      // The moment for which it was planned: who waits for exactly this moment must see it.
      assert(queue.time >= world.now, `an event of ${queue.time} comes up at ${world.now}`);
      world.now = queue.time;
      this.#dispatch();
    }
  }

  #dispatch(): void {
    const { world, players } = this;
    const { queue } = world;
    const { kind, first, second, payload } = queue;
    if (players === null) return;
    switch (kind) {
      case ARRIVE: {
        const packet = payload as Packet;
        if (!arrives(world, packet)) return;
        const client = world.clients[first - world.nodes.length];
        if (first < world.nodes.length) players.deliver(packet);
        else if (client !== undefined) players.reply(client, packet);
        return;
      }
      case CLIENT:
        players.wake(world.clients[first] as Client, second);
        return;
      case FAULT:
        players.fault(first, second);
        return;
      case LINK_BREAK:
        onLinkBreak(world, payload as Link, second);
        return;
      case RESTART:
        players.restart(world.nodes[first] as LiveNode);
        return;
      case END:
        players.end(payload);
        return;
      default:
        throw new Error(`no live event has the kind ${kind}`);
    }
  }

  #arm(): void {
    if (this.#closed) return;
    const next = this.world.queue.nextTime();
    if (next >= this.#timerAt || this.#immediate !== null) return;
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
    const waitMs = (next - this.clock() - SLACK_NS) / NS_PER_MS;
    const wake = (): void => {
      this.#timer = null;
      this.#immediate = null;
      this.#timerAt = Number.POSITIVE_INFINITY;
      this.act(() => undefined);
    };
    if (waitMs < 0.5) {
      this.#timerAt = Number.POSITIVE_INFINITY;
      this.#immediate = setImmediate(wake);
      return;
    }
    this.#timerAt = next;
    this.#timer = setTimeout(wake, Math.max(1, Math.min(waitMs, 60_000)));
  }
}
