/**
 * Clients in closed and open loops. A client asks one node, follows its hints to the leader, repeats what failed under
 * the same (client, seq), and gives up at its timeout: then the outcome is unknown and it goes on as a new process.
 */
import { assert, type ReadLevel } from "../../../protocols/core/index.js";
import type { ClientRequest, Operation, Reply, Result } from "../../host/index.js";
import type { ClientGroup } from "../../scenarios/index.js";
import { Metrics } from "./metrics.js";
import { clientLink, transmit } from "./network.js";
import { OperationSource } from "./operations.js";
import { Random } from "./random.js";
import { isRead, Recorder } from "./recorder.js";
import { attemptOf, clientReply, tokenOf } from "./reply.js";
import { CLIENT, type Client, NS_PER_MS, type Packet, type Station, type Surroundings } from "./world.js";

const DEFAULT_TIMEOUT_MS = 2_000;
/** A client that hears nothing asks another node after this part of its timeout. */
const ATTEMPTS_PER_TIMEOUT = 4;
/** Between two attempts, unless the last one named a leader. */
const BACK_OFF_NS = 20 * NS_PER_MS;
/** Hints followed at once; then the leaders are guessing too. */
const REDIRECTS_MAX = 3;
const REQUEST_BYTES = 48;
const NEVER = Number.POSITIVE_INFINITY;
/** In place of a generation, which counts from 1. */
const PAUSE = 0;

export class Clients {
  readonly metrics: Metrics;
  readonly recorder: Recorder;
  /** Operations issued so far; the ordinal of the next one. */
  operations = 0;
  private readonly world: Surroundings;
  private readonly groups: readonly ClientGroup[];
  private readonly sources: readonly OperationSource[];
  private readonly timeouts: readonly number[];
  /** When each group asks its last question; Infinity: never. */
  private stops: readonly number[] = [];
  private readonly omitted: ReadonlySet<number>;
  private readonly idle: Client[][];
  /** Groups whose clients need to know what they last saw: those that compare and set. */
  private readonly remembers: readonly boolean[];
  private sessions = 0;
  private stopped = false;

  constructor(world: Surroundings, history: boolean, omitted: readonly number[]) {
    this.world = world;
    this.metrics = new Metrics(world);
    this.recorder = new Recorder(history);
    this.omitted = new Set(omitted);
    this.groups = world.scenario.workload.clients;
    this.sources = this.groups.map((group) => new OperationSource(group, world.scenario.workload));
    this.timeouts = this.groups.map((group) => (group.timeoutMs ?? DEFAULT_TIMEOUT_MS) * NS_PER_MS);
    this.idle = this.groups.map(() => []);
    this.remembers = this.groups.map(({ mix }) => (mix.cas ?? 0) > 0);
  }

  /** Called when the cluster has its first leader. */
  start(): void {
    const { startedAt } = this.world;
    this.stops = this.groups.map(({ stopMs }) => (stopMs === undefined ? NEVER : startedAt + stopMs * NS_PER_MS));
    for (const [group, { count }] of this.groups.entries()) {
      for (let i = 0; i < count; i += 1) {
        const client = this.create(group);
        client.retryAt = this.world.now + this.firstPause(group, client);
        this.wake(client);
      }
    }
  }

  /** Closed loops begin spread over a millisecond or their think time, open ones over their first interval. */
  private firstPause(group: number, client: Client): number {
    const { loop } = this.groups[group] as ClientGroup;
    const spreadMs = loop.type === "closed" ? Math.max(1, loop.thinkMs) : 1_000 / loop.ratePerSecond;
    return Math.floor(client.random.unit() * spreadMs * NS_PER_MS);
  }

  /** A client of the group that waits to be asked. */
  create(group: number): Client {
    const { world } = this;
    const number = world.clients.length;
    const region = this.groups[group]?.region ?? "";
    const nodes = world.nodes.map((node) => node.number);
    nodes.sort((a, b) => distance(world, region, a) - distance(world, region, b) || a - b);
    const random = new Random(world.seed, "client", number);
    const near = nodes.filter((node) => distance(world, region, node) === 0);
    const first = random.pick(near.length > 0 ? near : nodes);
    this.sessions += 1;
    const client: Client = {
      number,
      group,
      region,
      nodes,
      random,
      session: this.sessions,
      seq: 0,
      leader: first,
      target: first,
      request: null,
      invokedAt: 0,
      firstAttempt: 0,
      attempt: 0,
      redirects: 0,
      unresolved: 0,
      retryAt: NEVER,
      attemptUntil: NEVER,
      deadline: NEVER,
      pauseAt: NEVER,
      wakeAt: NEVER,
      generation: 0,
      seen: new Map(),
    };
    world.clients.push(client);
    return client;
  }

  /**
   * Schedules what the client waits for. A pause gets an event of its own. Of the timeouts at most one lies in the heap:
   * an earlier one stays there and moves on when it comes up, so that operations which end in time leave none behind.
   */
  private wake(client: Client): void {
    const { queue } = this.world;
    if (client.retryAt !== client.pauseAt) {
      client.pauseAt = client.retryAt;
      if (client.retryAt !== NEVER) queue.push(client.retryAt, CLIENT, client.number, PAUSE, null);
    }
    const due = Math.min(client.attemptUntil, client.deadline);
    if (client.wakeAt <= due) return;
    client.generation += 1;
    client.wakeAt = due;
    queue.push(due, CLIENT, client.number, client.generation, null);
  }

  /** A CLIENT event: a pause is over (`PAUSE`), or a timeout of this generation. */
  onWake(client: Client, generation: number): void {
    if (this.stopped) return;
    if (generation === PAUSE) this.onPause(client);
    else if (generation === client.generation) this.onTimeout(client);
    this.wake(client);
  }

  private onPause(client: Client): void {
    if (client.retryAt !== this.world.now) return; // It was put off or called off.
    client.pauseAt = NEVER;
    if (client.request === null) this.begin(client);
    else this.attempt(client);
  }

  private onTimeout(client: Client): void {
    const { now } = this.world;
    client.wakeAt = NEVER;
    if (client.request === null) return;
    if (client.deadline <= now) {
      this.giveUp(client);
    } else if (client.attemptUntil <= now) {
      client.target = this.otherNode(client);
      client.leader = client.target;
      this.attempt(client);
    }
  }

  /** The loop's next operation. In an open loop the client only keeps the beat and another one may have to ask. */
  private begin(client: Client): void {
    const { loop } = this.groups[client.group] as ClientGroup;
    client.retryAt = NEVER;
    if (this.world.now >= (this.stops[client.group] as number)) return;
    if (loop.type === "closed") {
      this.issue(client);
      return;
    }
    const intervalNs = (1e9 / loop.ratePerSecond) * (0.5 + client.random.unit());
    client.retryAt = this.world.now + Math.max(1, Math.round(intervalNs));
    const asker = this.idle[client.group]?.pop() ?? this.create(client.group);
    this.issue(asker);
    this.wake(asker);
  }

  private issue(client: Client): void {
    const operation = (this.sources[client.group] as OperationSource).next(client);
    const ordinal = this.operations;
    this.operations += 1;
    client.seq += 1;
    if (this.omitted.has(ordinal)) {
      this.rest(client);
      return;
    }
    const { level } = this.sources[client.group] as OperationSource;
    this.send(client, operation, level, this.choose(client, isRead(operation), level));
  }

  /** One given operation of a client that has none under way; `target`: the node it asks first. */
  ask(client: Client, operation: Operation, level: ReadLevel, target: number): void {
    assert(client.request === null, `client ${client.number} has an operation under way`);
    this.operations += 1;
    client.seq += 1;
    this.send(client, operation, level, target);
    this.wake(client);
  }

  private send(client: Client, operation: Operation, level: ReadLevel, target: number): void {
    const { world } = this;
    client.request = { token: 0, client: client.session, seq: client.seq, operation, level };
    client.invokedAt = world.now;
    client.firstAttempt = client.attempt + 1;
    client.deadline = world.now + (this.timeouts[client.group] as number);
    client.redirects = 0;
    client.unresolved = 0;
    client.target = target;
    this.recorder.invoke(world.now, client.session, client.request);
    if (!isRead(operation)) this.metrics.asked(world.now);
    this.attempt(client);
  }

  private choose(client: Client, read: boolean, level: ReadLevel): number {
    const from = (this.groups[client.group] as ClientGroup).readFrom ?? "leader";
    if (!read || from === "leader") return client.leader;
    if (from === "any") return client.random.pick(client.nodes);
    return level === "linearizable" ? client.leader : (client.nodes[0] as number);
  }

  private attempt(client: Client): void {
    const { world } = this;
    const request = client.request as ClientRequest;
    client.attempt += 1;
    client.unresolved += 1;
    client.retryAt = NEVER;
    const patience = Math.floor((this.timeouts[client.group] as number) / ATTEMPTS_PER_TIMEOUT);
    client.attemptUntil = this.asksOnce(client) ? NEVER : world.now + patience;
    const { seq, operation, level } = request;
    const sent: ClientRequest = {
      token: tokenOf(client, client.attempt),
      client: request.client,
      seq,
      operation,
      level,
    };
    client.request = sent;
    const node = world.nodes[client.target] as Station;
    const from = world.nodes.length + client.number;
    const link = clientLink(world, from, node.number, client.region, node.region);
    const bytes = REQUEST_BYTES + ("value" in operation ? operation.value.length : 0);
    transmit(world, link, { type: "request", request: sent }, bytes, world.now, 0);
  }

  /** An ARRIVE event at a client. */
  onReply(client: Client, packet: Packet): void {
    if (packet.body.type !== "reply" || this.stopped) return;
    const { token, reply } = packet.body;
    const attempt = attemptOf(token);
    if (client.request === null || attempt < client.firstAttempt) return; // It has gone on.
    if (reply?.status === "ok") {
      this.complete(client, reply.result, packet.link.from);
    } else {
      if (reply?.status === "failed") client.unresolved -= 1;
      if (attempt !== client.attempt || client.retryAt !== NEVER) return; // Another attempt is under way.
      if (reply?.status === "failed" && isFinal(reply)) this.finish(client, reply.reason);
      else if (reply?.status !== "failed" && this.asksOnce(client)) this.giveUp(client);
      else this.retry(client, reply);
    }
    this.wake(client);
  }

  /** A register has no sessions: a put that is asked again while the first may still happen would be a second write. */
  private asksOnce(client: Client): boolean {
    return this.world.module.kind === "register" && !isRead((client.request as ClientRequest).operation);
  }

  private retry(client: Client, reply: Reply | null): void {
    const hint = reply === null || reply.status === "ok" ? null : reply.leaderHint;
    const named = hint === null ? undefined : this.world.numbers.get(hint);
    const elsewhere = named !== undefined && named !== client.target;
    client.target = elsewhere ? named : this.otherNode(client);
    client.leader = client.target;
    client.redirects += 1;
    client.attemptUntil = NEVER;
    client.retryAt = this.world.now + (elsewhere && client.redirects <= REDIRECTS_MAX ? 0 : BACK_OFF_NS);
  }

  private otherNode(client: Client): number {
    const at = client.nodes.indexOf(client.target);
    return client.nodes[(at + 1) % client.nodes.length] as number;
  }

  private complete(client: Client, result: Result, node: number): void {
    const { now } = this.world;
    const request = client.request as ClientRequest;
    const { operation } = request;
    this.recorder.ok(now, client.session, request, result, this.world.nodes[node]?.id ?? "");
    if (isRead(operation)) this.metrics.reads += 1;
    else this.metrics.acknowledged(client.invokedAt, now);
    if (this.remembers[client.group] === true && "key" in operation) remember(client, operation.key, operation, result);
    if (!isRead(operation)) client.leader = node;
    this.rest(client);
  }

  /** The timeout: certain only if every attempt was answered with `failed`. A read changes nothing either way. */
  private giveUp(client: Client): void {
    const request = client.request as ClientRequest;
    if (isRead(request.operation) || client.unresolved === 0) {
      this.finish(client, "timeout");
      return;
    }
    this.recorder.end(this.world.now, client.session, request, "info", "timeout");
    this.metrics.gaveUp("info");
    this.newSession(client);
    client.leader = this.otherNode(client);
    this.rest(client);
  }

  /** Nothing happened and nothing will, unless an earlier attempt is still on its way. */
  private finish(client: Client, why: string): void {
    const request = client.request as ClientRequest;
    const read = isRead(request.operation);
    const outcome = read || client.unresolved === 0 ? "fail" : "info";
    this.recorder.end(this.world.now, client.session, request, outcome, why);
    if (!read) this.metrics.gaveUp(outcome);
    else this.metrics.failed += 1;
    if (outcome === "info" || why === "sessionExpired") this.newSession(client);
    this.rest(client);
  }

  private newSession(client: Client): void {
    this.sessions += 1;
    client.session = this.sessions;
    client.seq = 0;
  }

  /** The operation is over: think, or go back to the pool of the open loop. */
  private rest(client: Client): void {
    const { loop } = this.groups[client.group] as ClientGroup;
    client.request = null;
    client.attemptUntil = NEVER;
    client.deadline = NEVER;
    if (loop.type === "closed") client.retryAt = this.world.now + Math.max(1, Math.round(loop.thinkMs * NS_PER_MS));
    else this.idle[client.group]?.push(client);
  }

  /** The kernel of a crashed machine's peer learns that the connection is gone. */
  onCrash(node: Station): void {
    for (const client of this.world.clients) {
      if (client.request === null || client.target !== node.number || client.retryAt !== NEVER) continue;
      clientReply(this.world, node, client.request.token, null, this.world.now);
    }
  }

  /** The run is over: what is still open is unknown. */
  end(): void {
    this.stopped = true;
    for (const client of this.world.clients) {
      if (client.request === null) continue;
      const read = isRead(client.request.operation);
      this.recorder.end(this.world.now, client.session, client.request, "info", "end of run");
      if (!read) this.metrics.gaveUp("info");
    }
    this.metrics.end(this.world.now);
  }
}

function distance(world: Surroundings, region: string, node: number): number {
  return world.nodes[node]?.region === region ? 0 : 1;
}

/** Errors that another node would give too. */
function isFinal(reply: Extract<Reply, { readonly status: "failed" }>): boolean {
  return reply.reason === "unsupported" || reply.reason === "sessionExpired";
}

function remember(client: Client, key: string, operation: ClientRequest["operation"], result: Result): void {
  if (result.type === "value") client.seen.set(key, result.value);
  else if (result.type === "cas")
    client.seen.set(key, result.swapped && "value" in operation ? operation.value : result.observed);
  else if (operation.f === "put") client.seen.set(key, operation.value);
  else if (operation.f === "delete") client.seen.set(key, null);
}
