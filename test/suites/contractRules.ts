/** The contract's rules that one step, and the steps before it, can break. Each finding is one line. */
import type { AnyModule, Entry, Status } from "../../protocols/core/index.js";
import type { AnyEffect, AnyInput, Observer, RandomRun, RunNode } from "./randomRun.js";

/** What happened in a run: a run in which nothing did proves nothing. */
export interface Tally {
  committed: number;
  leaders: number;
  restarts: number;
  served: number;
  rejected: number;
  snapshotsInstalled: number;
}

interface Memory {
  incarnation: number;
  lastWrite: number;
  applied: number;
  status: Status;
  readonly open: Map<number, "propose" | "read">;
}

export class ContractRules implements Observer {
  readonly findings: string[] = [];
  readonly tally: Tally = { committed: 0, leaders: 0, restarts: 0, served: 0, rejected: 0, snapshotsInstalled: 0 };
  private readonly module: AnyModule;
  private readonly memories = new Map<string, Memory>();
  /** What was applied first at an index, anywhere. */
  private readonly decided = new Map<number, string>();
  private readonly led = new Set<string>();

  constructor(module: AnyModule) {
    this.module = module;
  }

  boot(node: RunNode): void {
    const applied = node.disk.recovered().snapshot?.index ?? 0;
    const status = this.module.status(node.state as object);
    const { incarnation } = node;
    this.memories.set(node.member.id, { incarnation, lastWrite: 0, applied, status, open: new Map() });
    if (incarnation > 1) this.tally.restarts += 1;
  }

  before(node: RunNode, input: AnyInput): void {
    const { open } = this.memory(node);
    if (input.type === "propose" || input.type === "read") open.set(input.request, input.type);
  }

  after(node: RunNode, input: AnyInput, effects: readonly AnyEffect[], run: RandomRun): void {
    const memory = this.memory(node);
    const find = (text: string) => this.findings.push(`${node.member.id} at ${input.type}: ${text}`);
    if (effects.filter((effect) => effect.type === "persist").length > 1) find("more than one write in a step");
    for (const effect of effects) {
      this.checkOutgoing(node, effect, memory, find);
      this.checkOutcome(effect, memory, find);
      this.checkApplied(effect, memory, find);
    }
    this.checkStatus(node, memory, find);
    this.checkInvariants(node, run, find);
  }

  private checkOutgoing(node: RunNode, effect: AnyEffect, memory: Memory, find: (text: string) => void): void {
    if (effect.type === "persist") {
      if (effect.seq !== memory.lastWrite + 1) find(`write #${effect.seq} after #${memory.lastWrite}`);
      memory.lastWrite = effect.seq;
      const indexes = effect.entries.map((entry) => entry.index);
      if (indexes.some((index, at) => at > 0 && index <= (indexes[at - 1] as number))) find("entries out of order");
    }
    if (effect.type === "send" || effect.type === "sendSnapshot") {
      if (effect.to === node.member.id) find("a message to oneself");
      if (effect.after < 0 || effect.after > memory.lastWrite) find(`a message waits for write #${effect.after}`);
    }
    if (effect.type === "setTimer") {
      const { minMs, maxMs } = effect;
      if (!(minMs >= 0 && maxMs > 0 && minMs <= maxMs && Number.isFinite(maxMs))) find(`timer ${minMs}..${maxMs} ms`);
    }
  }

  private checkOutcome(effect: AnyEffect, memory: Memory, find: (text: string) => void): void {
    if (effect.type !== "accepted" && effect.type !== "serve" && effect.type !== "reject") return;
    const kind = memory.open.get(effect.request);
    if (kind === undefined) find(`${effect.type} of request ${effect.request}, which is not open`);
    if (effect.type === "accepted" && kind === "read") find("a read was accepted");
    if (effect.type === "serve" && kind === "propose") find("a proposal was served");
    if (effect.type === "serve") this.tally.served += 1;
    if (effect.type === "reject") this.tally.rejected += 1;
    // A proposal stays open after `accepted`: stepping down may still reject it as unknown.
    if (effect.type !== "accepted") memory.open.delete(effect.request);
  }

  private checkApplied(effect: AnyEffect, memory: Memory, find: (text: string) => void): void {
    if (effect.type === "installSnapshot") {
      if (effect.snapshot.index < memory.applied) find(`snapshot ${effect.snapshot.index} below ${memory.applied}`);
      memory.applied = effect.snapshot.index;
      this.tally.snapshotsInstalled += 1;
    }
    if (effect.type === "takeSnapshot" && effect.index !== memory.applied) {
      find(`snapshot at ${effect.index} asked for at ${memory.applied}`);
    }
    if (effect.type !== "apply") return;
    const { entry } = effect;
    if (entry.index !== memory.applied + 1) find(`index ${entry.index} applied after ${memory.applied}`);
    memory.applied = entry.index;
    this.checkAgreement(entry, find);
  }

  private checkAgreement(entry: Entry, find: (text: string) => void): void {
    const value = entry.kind === "noop" ? "noop" : entry.command.join();
    const before = this.decided.get(entry.index);
    if (before === undefined) {
      this.decided.set(entry.index, value);
      if (entry.kind === "command") this.tally.committed += 1;
    } else if (before !== value) {
      find(`index ${entry.index} was applied with another value before`);
    }
  }

  private checkStatus(node: RunNode, memory: Memory, find: (text: string) => void): void {
    const state = node.state as object;
    const status = this.module.status(state);
    const log = this.module.log(state);
    const { role, leader, commitIndex, lastIndex, promisedRound } = status;
    if (commitIndex < memory.status.commitIndex)
      find(`commit went from ${memory.status.commitIndex} to ${commitIndex}`);
    if (commitIndex < memory.applied) find(`applied to ${memory.applied}, committed to ${commitIndex}`);
    if (lastIndex !== log.snapshotIndex + log.slots.length) find(`last index ${lastIndex} is not the log's`);
    if (promisedRound < memory.status.promisedRound) find("the promised round went back");
    if ((role === "leader") !== (leader?.id === node.member.id)) find(`role ${role}, leader ${leader?.id}`);
    if ((role === "learner") !== (node.member.role === "learner")) find(`a ${node.member.role} is a ${role}`);
    if (role === "leader" && leader !== null) this.led.add(`${leader.round}`);
    this.tally.leaders = this.led.size;
    memory.status = status;
  }

  private checkInvariants(node: RunNode, run: RandomRun, find: (text: string) => void): void {
    const all = run.running().map((other) => other.state as object);
    for (const invariant of this.module.invariants) {
      const broken = invariant.check(node.state as object, all);
      if (broken !== null) find(`${invariant.name}: ${broken}`);
    }
  }

  private memory(node: RunNode): Memory {
    const memory = this.memories.get(node.member.id);
    if (memory === undefined) throw new Error(`${node.member.id} stepped before it was created`);
    return memory;
  }
}
