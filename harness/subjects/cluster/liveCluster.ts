/** A cluster of processes on this machine: started from a scenario, watched, broken and mended, and gone at the end. */
import { randomBytes } from "node:crypto";
import { mkdirSync } from "node:fs";
import { configurationOf, Leaders, NS_PER_MS, resetConnection, RESTART } from "../../drivers/sim/index.js";
import type { ClientRequest, Reply } from "../../host/index.js";
import type { NodeStatus } from "../../transport/index.js";
import { ClientLines } from "./clientLines.js";
import type { Happening, LiveClusterSpec } from "./clusterSpec.js";
import { type Layout, leaveLayout, type NodePlace, planLayout, writeConfigs } from "./layout.js";
import type { LiveNode } from "./liveNode.js";
import { AddressTaken, type Exit, NodeProcess, StartTooSlow } from "./nodeProcess.js";
import { PeerLinks } from "./peerLinks.js";
import { type Players, Stage } from "./stage.js";

/** How often a start is tried on a machine that is too busy, or whose addresses others take. */
const START_TRIES = 4;
const RETRY_MS = 1_000;
const POLL_MS = 100;
/** A cluster without a leader by then begins its fault clock all the same. */
const FIRST_LEADER_MS = 60_000;
/** How often a wrong first leader is made to stand still so that others elect. */
const LEADER_TRIES = 8;
const LEADER_TRY_MS = 15_000;

export class LiveCluster {
  readonly spec: LiveClusterSpec;
  readonly stage: Stage;
  readonly nodes: readonly LiveNode[];
  readonly links: PeerLinks;
  readonly name: string;
  /** Replaced when the fault clock begins. */
  leaders: Leaders;
  /** What should not have happened to a node, one line each. */
  readonly problems: string[] = [];
  onHappening: (happening: Happening) => void = () => undefined;
  readonly layout: Layout;
  #lines: ClientLines | null = null;
  #poll: NodeJS.Timeout | null = null;
  #stopping = false;
  /** Counters of processes that have ended. */
  readonly #past = { syncs: 0, turns: 0 };
  readonly #booting = new Map<LiveNode, Promise<unknown>>();
  readonly #waiting = new Set<() => void>();

  private constructor(spec: LiveClusterSpec, name: string, layout: Layout) {
    this.spec = spec;
    this.name = name;
    this.layout = layout;
    const { configuration } = layout.spec;
    this.nodes = spec.scenario.cluster.nodes.map(({ region }, number): LiveNode => {
      const member = configuration.members[number];
      if (member === undefined) throw new Error(`node ${number} is no member`);
      const { id, ordinal, role } = member;
      const process = this.#processOf(layout.places[number] as NodePlace, number);
      const state = {
        host: null,
        leaderRound: -1,
        status: null,
        down: 0,
        paused: 0,
        failedStarts: 0,
        slow: [],
        failing: [],
      };
      return { number, id, ordinal, region, voter: role === "voter", process, ...state };
    });
    const { module, scenario, seed } = spec;
    this.stage = new Stage({
      module,
      scenario,
      configuration,
      seed,
      nodes: [...this.nodes],
      trace: null,
      onReset: (link) => this.links.onReset(link),
    });
    this.links = new PeerLinks(this.stage);
    this.leaders = new Leaders(this.stage.world);
    this.stage.players = this.#players();
  }

  /** Starts every node; the one that is to lead first a little before the others. Rejects if one does not come up. */
  static async start(spec: LiveClusterSpec): Promise<LiveCluster> {
    for (let tries = 1; ; tries += 1) {
      try {
        return await LiveCluster.#startOnce(spec);
      } catch (error) {
        // Addresses are chosen before they are used, and others choose too.
        if (!(error instanceof AddressTaken) || tries === START_TRIES) throw error;
      }
    }
  }

  static async #startOnce(spec: LiveClusterSpec): Promise<LiveCluster> {
    mkdirSync(spec.dir, { recursive: true });
    const name = spec.name ?? `synod-${randomBytes(4).toString("hex")}`;
    const layout = await planLayout({
      cluster: name,
      protocol: spec.module.name,
      scenario: spec.scenario,
      configuration: configurationOf(spec.scenario),
      timing: spec.timing,
      dir: spec.dir,
      services: spec.services,
      tracedMax: spec.tracedMax,
      ...(spec.host === undefined ? {} : { host: spec.host }),
      ...(spec.storage === undefined ? {} : { storage: spec.storage }),
      ...(spec.storageOf === undefined ? {} : { storageOf: spec.storageOf }),
    });
    const cluster = new LiveCluster(spec, name, layout);
    try {
      await cluster.#begin();
    } catch (error) {
      await cluster.stop();
      throw error;
    }
    return cluster;
  }

  get wantedFirst(): LiveNode {
    const wanted = this.spec.scenario.cluster.firstLeader ?? "n1";
    return this.nodes.find(({ id }) => id === wanted) ?? (this.nodes[0] as LiveNode);
  }

  async #begin(): Promise<void> {
    const { places } = this.layout;
    if (this.spec.shimmed) {
      for (const from of this.nodes)
        for (const to of this.nodes)
          if (from !== to) await this.links.open(from.number, to.number, places[to.number]?.member.peer ?? "");
    }
    writeConfigs(this.layout, (from, to) =>
      this.links.address(
        places.findIndex(({ id }) => id === from),
        places.findIndex(({ id }) => id === to),
      ),
    );
    const addresses = places.map(({ member }) => member.client);
    this.#lines = new ClientLines(this.stage, this.name, addresses, (node, status) => this.#onStatus(node, status));
    const first = this.wantedFirst;
    await this.#up(first);
    await Promise.all(this.nodes.filter((node) => node !== first).map((node) => this.#up(node)));
    this.#poll = setInterval(() => this.#lines?.poll(), POLL_MS);
  }

  #processOf(place: NodePlace, number: number): NodeProcess {
    const { id, configFile, logFile } = place;
    const onExit = (exit: Exit): void => this.stage.act(() => this.#onExit(this.nodes[number] as LiveNode, exit));
    const { program } = this.spec;
    return new NodeProcess({ id, configFile, logFile, onExit, ...(program === undefined ? {} : { program }) });
  }

  /** Starts the process of a node that does not run. Failing is a problem of the cluster. */
  boot(node: LiveNode): void {
    if (this.#booting.has(node)) return;
    const settled = this.#up(node).then(
      () => this.#booting.delete(node),
      (error: unknown) => {
        this.#booting.delete(node);
        // One that was taken down while it started is no surprise; it may have been meant to come back meanwhile.
        const again = error instanceof StartTooSlow || error instanceof AddressTaken;
        if (again) node.failedStarts += 1;
        if (again ? node.failedStarts === START_TRIES : !node.process.wanted)
          this.#problem(node, error instanceof Error ? error.message : String(error));
        else if (again && !this.#stopping) this.stage.act(() => this.#takeDownFor(node, RETRY_MS * NS_PER_MS));
        else if (node.down === 0 && !this.#stopping) this.boot(node);
      },
    );
    this.#booting.set(node, settled);
  }

  /** An orderly end, if it runs, and a new beginning from what it has stored. */
  async restart(node: LiveNode): Promise<void> {
    node.down = 0;
    node.paused = 0;
    if (node.process.running) {
      this.stage.act(() => this.vacate(node));
      await node.process.stop();
    }
    this.boot(node);
    await this.#booting.get(node);
  }

  async #up(node: LiveNode): Promise<void> {
    await node.process.start();
    if (this.#stopping) return;
    if (node.process.wanted) throw new Error(`${node.id} was taken down while it started`);
    node.host = node.process;
    node.failedStarts = 0;
    this.reapply(node);
    this.onHappening({ type: "up", node, words: `${node.id} runs as process ${node.process.pid}` });
  }

  /** What a process that was started anew does not know of the faults that are on. */
  reapply(node: LiveNode): void {
    const slow = node.slow[node.slow.length - 1];
    if (slow !== undefined) node.process.order({ type: "slowDisk", extraMs: slow.extraMs });
    for (let i = 0; i < node.failing.length; i += 1) node.process.order({ type: "failSync" });
    if (node.paused > 0) node.process.pause();
  }

  /** Nothing runs there any more, from now on; the process itself may take a moment to end. */
  vacate(node: LiveNode): void {
    if (node.leaderRound >= 0) this.leaders.lost(node);
    this.#keepCounters(node);
    node.host = null;
    node.status = null;
  }

  #keepCounters(node: LiveNode): void {
    const counters = node.status?.counters;
    if (counters === undefined) return;
    this.#past.syncs += counters.syncsOnLoop + counters.syncsBeside + counters.syncsElse;
    this.#past.turns += counters.turns;
  }

  /** Syncs of the logs and turns of the loops of all processes, as far as they said before they ended. */
  totals(): { readonly syncs: number; readonly turns: number } {
    let { syncs, turns } = this.#past;
    for (const { status } of this.nodes) {
      if (status === null) continue;
      syncs += status.counters.syncsOnLoop + status.counters.syncsBeside + status.counters.syncsElse;
      turns += status.counters.turns;
    }
    return { syncs, turns };
  }

  #onExit(node: LiveNode, exit: Exit): void {
    this.vacate(node);
    const how = exit.signal ?? `exit code ${exit.code}`;
    this.onHappening({ type: "exit", node, words: `${node.id} ended (${how})` });
    // One that did not come up is told of where it was started.
    if (exit.wanted || !exit.listened || this.#stopping) return;
    const downtime = node.failing.shift();
    if (downtime !== undefined) this.#takeDownFor(node, downtime);
    else this.#problem(node, `ended by itself (${how}); see ${node.process.spec.logFile}`);
  }

  #takeDownFor(node: LiveNode, forNs: number): void {
    node.down += 1;
    this.scheduleRestart(node, forNs);
  }

  /** One reason to be down ends after `forNs`; Infinity: never. */
  scheduleRestart(node: LiveNode, forNs: number): void {
    const { world } = this.stage;
    if (forNs !== Number.POSITIVE_INFINITY) world.queue.push(world.now + forNs, RESTART, node.number, 0, null);
  }

  /** One reason to be down is over. */
  bringUp(node: LiveNode): void {
    if (node.down > 0) node.down -= 1;
    if (node.down === 0 && node.host === null && !this.#stopping) this.boot(node);
  }

  #problem(node: LiveNode, words: string): void {
    if (this.#stopping) return;
    const line = words.startsWith(`${node.id} `) ? words : `${node.id} ${words}`;
    this.problems.push(line);
    this.onHappening({ type: "problem", node, words: line });
  }

  #onStatus(node: LiveNode, status: NodeStatus): void {
    if (node.host === null) return;
    const isFirst = node.status === null;
    node.status = status;
    if (isFirst) for (const wake of this.#waiting) wake();
    const round = status.role === "leader" && status.leader?.id === node.id ? status.leader.round : -1;
    if (round === node.leaderRound) return;
    if (round < 0) {
      this.leaders.lost(node);
      this.onHappening({ type: "lost", node, words: `${node.id} leads no more` });
    } else {
      const other = this.leaders.established(node, round);
      if (other !== null) this.#problem(node, `and ${other} both lead round ${round}`);
      this.onHappening({ type: "leader", node, words: `${node.id} leads round ${round}` });
    }
    for (const wake of this.#waiting) wake();
  }

  /** Asks a node at once, without weather. null: it cannot be reached. */
  async ask(node: LiveNode, request: ClientRequest): Promise<Reply | null> {
    return this.#lines === null ? null : this.#lines.ask(node, request);
  }

  /** Asks all nodes for their state with the digests of their machines; what came in time is in their `status`. */
  async digests(waitMs: number): Promise<void> {
    this.#lines?.poll(true);
    await new Promise((resolve) => setTimeout(resolve, waitMs));
  }

  /** Until `holds`, looked at whenever a leader changes or a node first says how it is. False: not within `ms`. */
  until(holds: () => boolean, ms: number): Promise<boolean> {
    return new Promise((resolve) => {
      const finish = (result: boolean): void => {
        clearTimeout(late);
        this.#waiting.delete(wake);
        resolve(result);
      };
      const wake = (): void => {
        if (holds()) finish(true);
      };
      const late = setTimeout(() => finish(holds()), ms);
      this.#waiting.add(wake);
      wake();
    });
  }

  /**
   * Waits for a leader; if another node than the scenario's leads first, it stands still until somebody else does. Returns
   * who leads, null if nobody does.
   */
  async firstLeader(insist: boolean): Promise<LiveNode | null> {
    const wanted = this.wantedFirst;
    const leader = (): LiveNode | null => this.leaders.leader() as LiveNode | null;
    await this.until(() => leader() !== null, FIRST_LEADER_MS);
    for (let tries = 0; insist && tries < LEADER_TRIES; tries += 1) {
      const found = leader();
      if (found === null || found === wanted) break;
      const round = found.leaderRound;
      found.process.pause();
      await this.until(() => (leader()?.leaderRound ?? -1) > round, LEADER_TRY_MS);
      found.process.resume();
      // The old one must see that it was replaced.
      await this.until(() => found.leaderRound !== round, LEADER_TRY_MS);
    }
    return leader();
  }

  /** The fault clock begins now: what happened before is forgotten. */
  beginClock(): void {
    const { world } = this.stage;
    const leader = this.leaders.leader();
    world.startedAt = world.now;
    this.leaders = new Leaders(world);
    for (const node of this.nodes) {
      const round = node.leaderRound;
      node.leaderRound = -1;
      if (node === leader && round >= 0) this.leaders.established(node, round);
    }
  }

  /** Breaks the streams of a node, as the end of its machine does. */
  breakLinks(node: LiveNode): void {
    const { world } = this.stage;
    for (const link of world.links)
      if ((link.from === node.number || link.to === node.number) && link.connection?.connected === true)
        resetConnection(world, link);
  }

  #players(): Players {
    return {
      deliver: (packet) => {
        if (packet.body.type === "bytes") this.links.deliver(packet);
        else this.#lines?.deliver(packet);
      },
      reply: () => undefined,
      wake: () => undefined,
      fault: () => undefined,
      restart: (node) => this.bringUp(node),
      end: () => undefined,
      flush: () => this.flush(),
    };
  }

  flush(): void {
    this.links.flush();
    this.#lines?.flush();
  }

  /** Milliseconds of the fault clock. */
  get faultClockMs(): number {
    return (this.stage.clock() - Math.max(0, this.stage.world.startedAt)) / NS_PER_MS;
  }

  /** Every process ends, in order if it can. May be called twice. */
  async stop(): Promise<void> {
    this.#stopping = true;
    if (this.#poll !== null) clearInterval(this.#poll);
    await Promise.all(this.#booting.values());
    await Promise.all(this.nodes.map((node) => node.process.stop()));
    this.#lines?.close();
    await this.links.close();
    this.stage.close();
    leaveLayout(this.layout);
  }
}
