/**
 * What one protocol gives so that its code can be explored within the bounds of a model and held against the graph that
 * TLC makes of it. Everything else (replicas and disks as values, the network, the search, replay, comparison) is shared.
 */
import type { Effect, Input, NodeId, Protocol, ProtocolModule, Snapshot } from "../../protocols/core/index.js";

export type Persist<P extends Protocol> = Extract<Effect<P>, { readonly type: "persist" }>;
export type Effects<P extends Protocol> = readonly Effect<P>[];

/** A message on its way, stored once. */
export interface Packet<P extends Protocol> {
  readonly from: NodeId;
  readonly to: NodeId;
  readonly message: P["Message"];
  readonly snapshot: Snapshot | null;
  /** In the spec's words, with sender and receiver. */
  readonly text: string;
}

/** A write that is not durable. */
export interface Write<P extends Protocol, D extends object> {
  readonly persist: Persist<P>;
  /** The disk once this write is on it. */
  readonly image: D;
  /** Numbers of the packets that wait for it, sorted. */
  readonly held: readonly number[];
}

export interface Replica<P extends Protocol, D extends object> {
  readonly id: NodeId;
  readonly state: P["State"];
  readonly durable: D;
  readonly pending: readonly Write<P, D>[];
}

/** A choice of the environment that is about one replica, other than its disk. */
export interface Choice<P extends Protocol> {
  /** Name and arguments of the spec's action. */
  readonly action: string;
  /** Without the replica, which is the first. A function of what is sent where only the code knows. */
  readonly args: readonly unknown[] | ((sentTo: readonly NodeId[]) => readonly unknown[]);
  /** The counter that it takes from; null: none. */
  readonly spends: string | null;
  /** Lets the core step, once or as often as what counts as one step in the spec needs. */
  readonly act: (state: P["State"], step: (input: Input<P>) => Effects<P>) => Effects<P>;
}

/** How often something may happen in all. */
export interface Counter {
  readonly name: string;
  readonly max: number;
}

/** A state of the spec, taken apart. Values are what TLC printed. */
export interface SpecShape {
  /** In the order of `nodes`. */
  readonly replicas: readonly {
    readonly node: unknown;
    readonly durable: unknown;
    readonly pending: readonly (Readonly<Record<string, unknown>> & { readonly held: unknown })[];
  }[];
  readonly messages: unknown;
  /** How much of each counter is spent. */
  readonly spent: readonly number[];
  /** No replica has anything to do by itself. */
  readonly quiet: boolean;
  /** Steps of the prefix that are still to come. */
  readonly forced: number;
}

export interface Adapter<P extends Protocol, D extends object> {
  readonly module: ProtocolModule<P>;
  /** Sorted by ordinal. */
  readonly nodes: readonly NodeId[];
  /**
   * bag: a message is gone when it is received, and may be lost or doubled by a choice of its own. set: the network keeps
   * every message, so that each may come late, again or never.
   */
  readonly network: "bag" | "set";
  /** Messages under way or held at a time. */
  readonly messagesMax: number;
  readonly counters: readonly Counter[];
  /** Whether what the prefix does is counted. */
  readonly prefixCounts: boolean;
  /** Name of the action "the n oldest writes are durable". */
  readonly persistName: string;
  /** Whether the choice of this name (Drop, Duplicate, Restart) is one of the model. */
  allows(name: string): boolean;

  emptyDisk(): D;
  /** A new replica on what the disk holds, not started. @param before the replica that ran on it; null: none did. */
  boot(id: NodeId, disk: D, before: P["State"] | null): P["State"];
  /** The disk after a write. It shares what did not change. */
  written(disk: D, persist: Persist<P>): D;

  /** Whether the network always loses such messages. */
  loses(message: P["Message"]): boolean;
  /** In the spec's words, as in the set or bag of messages. */
  packetView(from: NodeId, to: NodeId, message: P["Message"]): unknown;
  /** Name of the spec's action that receives it. */
  handler(message: P["Message"]): string;
  /** Canonical text of the arguments that the spec's action about a packet has. */
  packetArgs(action: string, packet: Packet<P>): string;
  deliver(packet: Packet<P>): Input<P>;
  /** Everything else that may be done to a replica; without the bounds of the model: also what only a prefix does. */
  choices(state: P["State"], bounded: boolean): readonly Choice<P>[];

  /** `node[i]` of the spec. */
  nodeView(state: P["State"]): unknown;
  /** `disk[i].durable` of the spec. */
  durableView(disk: D): unknown;
  /** A pending write of the spec, without what it holds. @param at its place among those under way */
  writeView(write: Write<P, D>, state: P["State"], at: number): unknown;
  /** What the core keeps beside that and looks at later, as text. */
  hidden(state: P["State"]): string;

  /** @param prefixLength steps that the model's prefix has */
  shapeOf(state: unknown, prefixLength: number): SpecShape;
  /** An edge of TLC under the name and arguments that the choice has here. */
  edgeOf(name: string, args: readonly unknown[]): { readonly name: string; readonly args: readonly unknown[] };
  /** The core's names for what the spec does in this edge and what follows by itself; null: the spec does not say. */
  actionNames(names: readonly string[]): readonly string[] | null;
}

/** What a model's state is to both sides: one text a replica. Also used for what TLC printed, so that equal means equal text. */
export function replicaText(node: string, durable: string, writes: readonly string[]): string {
  return `node ${node}\ndurable ${durable}\npending ${writes.join("\n")}`;
}

/** @param held texts of the messages, in any order, each as often as it is there */
export function writeText(fields: string, held: readonly string[]): string {
  return `${fields} holds ${[...held].sort().join(",")}`;
}
