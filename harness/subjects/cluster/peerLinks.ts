/** The links between live nodes: a shim for each direction, with the weather of the simulator's streams between its ends. */
import { type Link, type Packet, resetConnection, wayBack } from "../../drivers/sim/index.js";
import { MESSAGE, MESSAGE_TRACED, SNAPSHOT_BEGIN, SNAPSHOT_CHUNK, SNAPSHOT_END } from "../../transport/index.js";
import { type Carrier, type Passage, Shim, type Way } from "../../transport/shim/index.js";
import type { Stage } from "./stage.js";

/** Frames that are a protocol's messages; the others are the transport's own. */
const COUNTED: ReadonlySet<number> = new Set([MESSAGE, MESSAGE_TRACED, SNAPSHOT_BEGIN, SNAPSHOT_CHUNK, SNAPSHOT_END]);

interface Door {
  readonly forward: Link;
  readonly back: Link;
  shim: Shim | null;
  passage: Passage | null;
}

export class PeerLinks {
  readonly #stage: Stage;
  readonly #doors: Door[] = [];
  readonly #byLink = new Map<Link, { readonly door: Door; readonly way: Way }>();
  readonly #touched = new Set<Passage>();

  constructor(stage: Stage) {
    this.#stage = stage;
  }

  /** The door through which `from` dials `to`. */
  async open(from: number, to: number, target: string): Promise<void> {
    const { world } = this.#stage;
    const forward = world.links[from * world.nodes.length + to] as Link;
    const door: Door = { forward, back: wayBack(world, to, from), shim: null, passage: null };
    this.#doors.push(door);
    this.#byLink.set(door.forward, { door, way: "forward" });
    this.#byLink.set(door.back, { door, way: "back" });
    const colon = target.lastIndexOf(":");
    const address = { host: target.slice(0, colon), port: Number(target.slice(colon + 1)) };
    door.shim = await Shim.open({ target: address, carrier: this.#carrier(door) });
  }

  /** Where `from` finds the door to `to`. */
  address(from: number, to: number): string | null {
    return this.#doors.find(({ forward }) => forward.from === from && forward.to === to)?.shim?.address ?? null;
  }

  /** A packet is at the end of its way. */
  deliver(packet: Packet): void {
    const found = this.#byLink.get(packet.link);
    if (found === undefined || packet.body.type !== "bytes") return;
    const { passage } = found.door;
    if (passage === null) return;
    passage.deliver(found.way, packet.body.bytes);
    this.#touched.add(passage);
  }

  flush(): void {
    for (const passage of this.#touched) passage.flush();
    this.#touched.clear();
  }

  /** The weather, or the end of a process, has broken the stream of this link: the real connection breaks too. */
  onReset(link: Link): void {
    this.#byLink.get(link)?.door.passage?.reset();
  }

  async close(): Promise<void> {
    await Promise.all(this.#doors.flatMap(({ shim }) => (shim === null ? [] : [shim.close()])));
  }

  #carrier(door: Door): Carrier {
    const stage = this.#stage;
    return {
      onOpen: (passage) => {
        stage.act(() => {
          door.passage = passage;
        });
      },
      onFrame: (passage, way, frame) => {
        stage.act(() => {
          this.#count(way, frame);
          // Nobody answers a dialler that a cut, or the loss of its first packets, keeps away.
          if (!stage.send(way === "forward" ? door.forward : door.back, frame)) passage.reset();
        });
      },
      onClose: (passage) => {
        if (door.passage !== passage) return;
        door.passage = null;
        stage.act(() => {
          for (const link of [door.forward, door.back])
            if (link.connection?.connected === true) resetConnection(stage.world, link);
        });
      },
    };
  }

  #count(way: Way, frame: Uint8Array): void {
    if (way === "back" || !COUNTED.has(frame[4] as number)) return;
    const { counts } = this.#stage.world;
    counts.messages += 1;
    counts.bytes += frame.length;
  }
}
