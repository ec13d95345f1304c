/** A cluster of ZAB cores with their disks and network, and what the environment may do to it: the choices of MCZab.tla. */
import { nodeId } from "../../../protocols/core/index.js";
import { canonical, sortedTexts } from "../multipaxos/canonical.js";
import { Cores, type Outcome, type Settings } from "./cores.js";
import type { Bounds } from "./models.js";
import { DiskImage } from "./view.js";

interface Pending {
  readonly image: number;
  readonly held: readonly number[];
}

interface Disk {
  readonly durable: number;
  readonly pending: readonly Pending[];
}

export interface Left {
  readonly prefix: number;
  readonly elections: number;
  readonly giveUps: number;
  readonly restarts: number;
  readonly requests: number;
  readonly snapshots: number;
}

export interface Cluster {
  readonly nodes: readonly number[];
  readonly disks: readonly Disk[];
  /** Sorted. */
  readonly messages: readonly number[];
  readonly left: Left;
}

/** One choice, in the spec's words; a message as its text. */
export interface Move {
  readonly name: string;
  readonly at: string;
  readonly with: string | number;
}

function union(a: readonly number[], b: readonly number[]): readonly number[] {
  return b.length === 0 ? a : [...new Set([...a, ...b])].sort((x, y) => x - y);
}

export class World {
  readonly cores: Cores;
  readonly ids: readonly string[];
  private readonly bounds: Bounds;

  constructor(settings: Settings, bounds: Bounds) {
    this.cores = new Cores(settings);
    this.ids = settings.ids;
    this.bounds = bounds;
  }

  initial(prefix: number): Cluster {
    const durable = this.cores.addImage(new DiskImage());
    const { elections, giveUps, restarts, requests, snapshots } = this.bounds;
    return {
      nodes: this.ids.map((id) => this.cores.boot(id, durable, 1)),
      disks: this.ids.map(() => ({ durable, pending: [] })),
      messages: [],
      left: { prefix, elections, giveUps, restarts, requests, snapshots },
    };
  }

  key(c: Cluster): string {
    const disks = c.disks.map(
      ({ durable, pending }) => `${durable}/${pending.map((p) => `${p.image}:${p.held.join()}`).join("/")}`,
    );
    return `${c.nodes.join()}|${disks.join(";")}|${c.messages.join()}|${Object.values(c.left).join()}`;
  }

  /** As MCZab!Bare has it. */
  text(c: Cluster): string {
    const { images, packets } = this.cores;
    const set = (of: readonly number[]): string => sortedTexts(of.map((one) => packets.texts[one] as string));
    const disk = ({ durable, pending }: Disk): string => {
      const writes = pending.map(({ image, held }) => `{"held":${set(held)},"image":${images.texts[image]}}`);
      return `{"durable":${images.texts[durable]},"pending":[${writes.join(",")}]}`;
    };
    const each = (value: (at: number) => string): string =>
      `{${this.ids.map((id, at) => `"${id}":${value(at)}`).join(",")}}`;
    const disks = each((at) => disk(c.disks[at] as Disk));
    const nodes = each((at) => this.cores.nodeText(c.nodes[at] as number));
    return `{"disk":${disks},"left":${canonical(c.left)},"messages":${set(c.messages)},"node":${nodes}}`;
  }

  /** Every choice that the model's bounds leave, whether or not the server may take it. */
  moves(c: Cluster): Move[] {
    const moves: Move[] = [];
    const { left } = c;
    for (const [at, id] of this.ids.entries()) {
      const state = this.cores.nodes.get(c.nodes[at] as number);
      const pending = (c.disks[at] as Disk).pending.length;
      const add = (name: string, what: string | number = 0): void => void moves.push({ name, at: id, with: what });
      if (left.elections > 0 && state.serverState === "LOOKING")
        for (const one of this.bounds.candidates) add("Elect", one);
      if (left.giveUps > 0 && state.serverState !== "LOOKING") add("GiveUp");
      if (left.restarts > 0) for (let k = 0; k <= pending; k += 1) add("Restart", k);
      const established = state.serverState === "LEADING" && state.phase === "broadcast";
      if (left.requests > 0 && established) add("ClientRequest");
      if (left.snapshots > 0 && state.committed > (state.snapshot?.index ?? 0)) add("TakeSnapshot", state.committed);
      for (let n = 1; n <= pending; n += 1) add("Persist", n);
      for (const [j, handler] of state.handlers) if (handler.sendingSnapshot !== null) add("SnapshotSent", j);
    }
    for (const packet of c.messages) {
      const { to } = this.cores.packets.get(packet);
      moves.push({ name: "Receive", at: to, with: packet });
    }
    return moves;
  }

  /** Whether what is under way or held is within the model's bound. */
  fits(c: Cluster): boolean {
    let count = c.messages.length;
    for (const { pending } of c.disks) for (const { held } of pending) count += held.length;
    return count <= this.bounds.messagesMax;
  }

  take(c: Cluster, move: Move): Cluster {
    const at = this.ids.indexOf(move.at);
    const node = c.nodes[at] as number;
    const { cores } = this;
    switch (move.name) {
      case "Elect":
        return this.after(this.spend(c, "elections"), at, cores.elect(node, move.with as string));
      case "GiveUp":
        return this.after(this.spend(c, "giveUps"), at, cores.giveUp(node));
      case "Restart":
        return this.restart(this.spend(c, "restarts"), at, move.with as number);
      case "ClientRequest":
        return this.after(
          this.spend(c, "requests"),
          at,
          cores.step(node, "request", () => ({ type: "propose", request: 1, command: new Uint8Array(1) })),
        );
      case "TakeSnapshot":
        return this.after(this.spend(c, "snapshots"), at, this.snapshot(node, move.with as number));
      case "SnapshotSent":
        return this.after(c, at, this.snapshotSent(node, move.with as string));
      case "Persist":
        return this.persist(c, at, move.with as number);
      case "Receive":
        return this.after(c, at, this.receive(node, move.with as number));
      case "Take": {
        const messages = c.messages.filter((one) => one !== move.with);
        return this.after({ ...c, messages }, at, this.receive(node, move.with as number));
      }
      case "LoseAll":
        return { ...c, messages: [] };
      default:
        throw new Error(`the code has no choice ${move.name}`);
    }
  }

  /** In a prefix nothing is spent but the prefix itself. */
  private spend(c: Cluster, what: Exclude<keyof Left, "prefix">): Cluster {
    return c.left.prefix > 0 ? c : { ...c, left: { ...c.left, [what]: c.left[what] - 1 } };
  }

  private snapshot(node: number, index: number): Outcome {
    return this.cores.step(node, `snapshot ${index}`, () => ({
      type: "snapshotTaken",
      index,
      id: `s${index}`,
      bytes: 1,
    }));
  }

  private snapshotSent(node: number, to: string): Outcome {
    return this.cores.step(node, `snapshot sent ${to}`, (state) => {
      const id = state.handlers.get(nodeId(to))?.sendingSnapshot?.id ?? "";
      return { type: "snapshotSent", to: nodeId(to), id, ok: true };
    });
  }

  private receive(node: number, packet: number): Outcome {
    const { from, message } = this.cores.packets.get(packet);
    return this.cores.step(node, `packet ${packet}`, () => {
      if (message.type !== "SNAP") return { type: "message", from, message };
      const snapshot = { id: `s${message.from}`, index: message.from, round: message.fromEpoch, bytes: 1 };
      return { type: "snapshotReceived", from, message, snapshot };
    });
  }

  private persist(c: Cluster, at: number, n: number): Cluster {
    const { pending } = c.disks[at] as Disk;
    const done = pending.slice(0, n);
    const released = done.flatMap(({ held }) => held);
    const disk = { durable: (done[n - 1] as Pending).image, pending: pending.slice(n) };
    const synced = { ...c, disks: c.disks.with(at, disk), messages: union(c.messages, released) };
    const told = this.cores.step(c.nodes[at] as number, `durable ${n}`, ({ durableSeq }) => ({
      type: "durable",
      upTo: durableSeq + n,
    }));
    return this.after(synced, at, told);
  }

  private restart(c: Cluster, at: number, kept: number): Cluster {
    const { durable: old, pending } = c.disks[at] as Disk;
    const durable = kept === 0 ? old : (pending[kept - 1] as Pending).image;
    const { incarnation } = this.cores.nodes.get(c.nodes[at] as number);
    const node = this.cores.boot(this.ids[at] as string, durable, incarnation + 1);
    return { ...c, nodes: c.nodes.with(at, node), disks: c.disks.with(at, { durable, pending: [] }) };
  }

  private after(c: Cluster, at: number, { node, sent, writes }: Outcome): Cluster {
    const { durable, pending: before } = c.disks[at] as Disk;
    const pending = [...before];
    for (const written of writes) {
      const last = pending[pending.length - 1]?.image ?? durable;
      pending.push({ image: this.cores.write(last, written), held: [] });
    }
    const leaving: number[] = [];
    for (const [packet, after] of sent) {
      const write = pending[after - 1];
      if (write === undefined) leaving.push(packet);
      else pending[after - 1] = { ...write, held: union(write.held, [packet]) };
    }
    const disks = c.disks.with(at, { durable, pending });
    return { ...c, nodes: c.nodes.with(at, node), disks, messages: union(c.messages, leaving) };
  }
}
