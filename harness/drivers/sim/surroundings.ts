/** The surroundings of a run before anything has happened in it. */
import { assert, type Configuration } from "../../../protocols/core/index.js";
import type { Scenario } from "../../scenarios/index.js";
import { connectNodes } from "./network.js";
import { EventQueue } from "./queue.js";
import type { EnvironmentCounts, Subject } from "./spec.js";
import { TraceHash } from "./traceHash.js";
import type { TraceSink } from "./trace.js";
import type { Link, Station, Surroundings } from "./world.js";

export interface SurroundingsSpec<N extends Station> {
  readonly module: Subject;
  readonly scenario: Scenario;
  readonly configuration: Configuration;
  /** 0 .. 2^32-1 */
  readonly seed: number;
  /** In the scenario's order. */
  readonly nodes: N[];
  readonly trace: TraceSink | null;
  readonly onReset: ((link: Link) => void) | null;
}

export interface SurroundingsOf<N extends Station> extends Surroundings {
  readonly nodes: N[];
}

/** With the links between the nodes. */
export function createSurroundings<N extends Station>(spec: SurroundingsSpec<N>): SurroundingsOf<N> {
  const { module, scenario, configuration, seed, nodes, trace, onReset } = spec;
  assert(seed >>> 0 === seed, `a seed is an integer from 0 to 2^32-1, not ${seed}`);
  const world = {
    module,
    scenario,
    seed,
    configuration,
    queue: new EventQueue(),
    hash: new TraceHash(),
    trace,
    nodes,
    numbers: new Map(nodes.map((node) => [node.id, node.number])),
    clients: [],
    links: [],
    clientLinks: new Map(),
    clientOverlays: [],
    counts: noCounts(),
    onReset,
    now: 0,
    packets: 0,
    sendings: 0,
    traceSeq: 0,
    startedAt: -1,
    longestTimerMs: 0,
  };
  connectNodes(world);
  return world;
}

function noCounts(): EnvironmentCounts {
  return {
    messages: 0,
    bytes: 0,
    syncs: 0,
    dropped: 0,
    duplicated: 0,
    retransmitted: 0,
    connectionsBroken: 0,
    crashes: 0,
    writesLost: 0,
    writesTorn: 0,
    refusedToStart: 0,
  };
}
