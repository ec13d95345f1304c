/**
 * Liveness: when the faults end, a random majority of voters becomes whole and stays so, everything outside it stays as
 * broken as it is (as in TigerBeetle's VOPR). From then on a client's new write must commit within a limit that the
 * protocol sets itself: ten times the longest delay it has asked a timer for.
 */
import type { Verdict } from "../../record/index.js";
import type { Clients } from "./clients.js";
import type { Faults } from "./faults.js";
import { Random } from "./random.js";
import { FAULT, NS_PER_MS, type Station, type Surroundings } from "./world.js";

const TIMERS = 10;
/** Room for slow links and slow disks of the scenario itself. */
const LEAST_MS = 5_000;

export class LivenessWatch {
  private readonly world: Surroundings;
  private readonly faults: Faults;
  private readonly clients: Clients;
  private endedAt = -1;
  core: readonly Station[] = [];

  constructor(world: Surroundings, faults: Faults, clients: Clients) {
    this.world = world;
    this.faults = faults;
    this.clients = clients;
  }

  /** The fault clock begins. */
  start(): void {
    const { faultsEndMs } = this.world.scenario;
    if (faultsEndMs === undefined) return;
    const at = this.world.startedAt + Math.round(faultsEndMs * NS_PER_MS);
    this.world.queue.push(at, FAULT, -1, 0, null);
  }

  /** The faults end. A disk that is damaged does not heal, so its node is not in the core. */
  onFaultsEnd(): void {
    const { world } = this;
    const random = new Random(world.seed, "liveness core");
    const voters = world.nodes.filter((node) => node.voter);
    const majority = Math.floor(voters.length / 2) + 1;
    const quorums = world.configuration.quorums;
    const size = Math.max(quorums?.election ?? majority, quorums?.replication ?? majority);
    const sound = random.shuffle(voters.filter((node) => !this.faults.isDamaged(node)));
    this.endedAt = world.now;
    this.core = sound.slice(0, size);
    world.hash.word(0x4c000000 | this.core.reduce((set, node) => set | (1 << node.number), 0));
    this.faults.endForCore(new Set(this.core));
  }

  private limitNs(): number {
    return Math.max(LEAST_MS, TIMERS * this.world.longestTimerMs) * NS_PER_MS;
  }

  private progressed(): boolean {
    return this.endedAt >= 0 && this.clients.metrics.lastCommittedIssue > this.endedAt;
  }

  /** How long the run must go on for a verdict; in the past if it has one. */
  waitsUntil(): number {
    if (this.endedAt < 0 || this.progressed()) return -1;
    return this.endedAt + this.limitNs();
  }

  /** unknown: not asked for, or the run ended before the limit. */
  verdict(): Verdict {
    if (this.endedAt < 0) return "unknown";
    if (this.progressed()) return "ok";
    return this.world.now >= this.waitsUntil() ? "violated" : "unknown";
  }

  reason(): string | null {
    if (this.verdict() !== "violated") return null;
    const core = this.core.map((node) => node.id).join(", ");
    const limit = Math.round(this.limitNs() / NS_PER_MS);
    return `liveness: no new write committed within ${limit} ms after the faults ended for ${core}`;
  }
}
