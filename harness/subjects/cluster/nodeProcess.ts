/** One node as a process of its own: started, paused, killed and started again, and gone when this process is. */
import { type ChildProcess, spawn } from "node:child_process";
import { closeSync, openSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import type { NodeReady } from "../../drivers/real/index.js";

/** A node that has not listened by then never will, even on a machine that has much else to do. */
const READY_MS = 60_000;
/** After this, an orderly stop is not waited for any more. */
const STOP_MS = 5_000;
/** A node that was told to lose its power and still runs is killed. */
const POWER_LOSS_MS = 1_000;

/** Faults that a node applies to itself; see `NodeConfig.faults`. */
export type Order =
  | { readonly type: "slowDisk"; readonly extraMs: number }
  | { readonly type: "powerLoss" }
  | { readonly type: "failSync" };

export interface Exit {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  /** Whether this process had asked for it. */
  readonly wanted: boolean;
  /** Whether it had come up. */
  readonly listened: boolean;
}

export interface ProcessSpec {
  readonly id: string;
  readonly configFile: string;
  /** Standard error of every start goes here, one behind the other. */
  readonly logFile: string;
  /** Called for every end of the process. */
  readonly onExit: (exit: Exit) => void;
  /** What to run with the configuration as its argument. @default the compiled entry of the real driver */
  readonly program?: string;
}

/** Compiled code, whether this file is compiled or not. */
function entry(): string {
  const own = fileURLToPath(new URL(".", import.meta.url));
  const compiled = /[\\/]dist[\\/]harness[\\/]subjects[\\/]cluster[\\/]?$/.test(own);
  return fileURLToPath(
    new URL(compiled ? "../../drivers/real/main.js" : "../../../dist/harness/drivers/real/main.js", import.meta.url),
  );
}

/** A node did not come up; the message says what it last logged. */
export class StartFailure extends Error {
  override readonly name: string = "StartFailure";
}

/** It was still at it when nobody would wait any longer. */
export class StartTooSlow extends StartFailure {
  override readonly name = "StartTooSlow";
}

/** Somebody else has taken one of the node's addresses since it was chosen. */
export class AddressTaken extends StartFailure {
  override readonly name = "AddressTaken";
}

export class NodeProcess {
  readonly spec: ProcessSpec;
  /** Starts so far. */
  starts = 0;
  paused = false;
  ready: NodeReady | null = null;
  #child: ChildProcess | null = null;
  #wanted = false;
  #ended: Promise<void> = Promise.resolve();
  #guard: ChildProcess | null = null;

  constructor(spec: ProcessSpec) {
    this.spec = spec;
  }

  get running(): boolean {
    return this.#child !== null;
  }

  /** Whether the last end of the process, or the one that it is about to come to, was asked for here. */
  get wanted(): boolean {
    return this.#wanted;
  }

  get pid(): number | null {
    return this.#child?.pid ?? null;
  }

  /** Resolves once the node listens. Rejects with the end of its log if it ends before. */
  async start(): Promise<NodeReady> {
    await this.#ended;
    if (this.#child !== null) throw new Error(`${this.spec.id} runs already`);
    this.starts += 1;
    this.#wanted = false;
    this.paused = false;
    const log = openSync(this.spec.logFile, "a");
    const child = spawn(process.execPath, [this.spec.program ?? entry(), this.spec.configFile], {
      stdio: ["ignore", "pipe", log, "ipc"],
    });
    closeSync(log);
    this.#child = child;
    remember(child);
    this.#ended = new Promise((resolve) => {
      const end = (code: number | null, signal: NodeJS.Signals | null): void => {
        if (this.#child !== child) return;
        const listened = this.ready !== null;
        this.#child = null;
        this.ready = null;
        forget(child);
        this.#releaseGuard();
        resolve();
        this.spec.onExit({ code, signal, wanted: this.#wanted, listened });
      };
      child.once("exit", end);
      child.once("error", () => end(null, null));
    });
    // An order to a node that has just ended.
    child.on("error", () => undefined);
    this.ready = await this.#firstLine(child);
    return this.ready;
  }

  #firstLine(child: ChildProcess): Promise<NodeReady> {
    return new Promise((resolve, reject) => {
      let text = "";
      const failed = (why: string, late = false): void => {
        clearTimeout(timer);
        const last = lastLine(this.spec.logFile);
        const words = `${this.spec.id} ${why}; the end of ${this.spec.logFile}: ${last}`;
        if (late) reject(new StartTooSlow(words));
        else reject(last.includes("EADDRINUSE") ? new AddressTaken(words) : new StartFailure(words));
      };
      const timer = setTimeout(() => {
        this.#wanted = true;
        child.kill("SIGKILL");
        failed(`did not listen within ${READY_MS} ms`, true);
      }, READY_MS);
      child.once("exit", (code, signal) => failed(`ended before it listened (${signal ?? `exit code ${code}`})`));
      child.stdout?.on("data", (chunk: Buffer) => {
        if (text.includes("\n")) return;
        text += chunk.toString();
        const end = text.indexOf("\n");
        if (end < 0) return;
        clearTimeout(timer);
        try {
          resolve(JSON.parse(text.slice(0, end)) as NodeReady);
        } catch {
          failed(`said ${JSON.stringify(text.slice(0, end))} where its addresses were expected`);
        }
      });
    });
  }

  /** False: it does not run, or cannot hear. */
  order(order: Order): boolean {
    const child = this.#child;
    if (child === null || !child.connected) return false;
    child.send(order, () => undefined);
    return true;
  }

  /** kill -9: memory is lost, and what the kernel has is not. Resolves when it is gone. */
  async kill(): Promise<void> {
    this.#wanted = true;
    this.#child?.kill("SIGKILL");
    await this.#ended;
  }

  /** The node discards what it has not synced, as a machine does that loses its power, and ends. */
  async powerLoss(): Promise<void> {
    this.#wanted = true;
    const child = this.#child;
    // A process that stands still cannot do it; its unsynced bytes stay in the kernel.
    if (this.paused || !this.order({ type: "powerLoss" })) {
      await this.kill();
      return;
    }
    const late = setTimeout(() => child?.kill("SIGKILL"), POWER_LOSS_MS);
    await this.#ended;
    clearTimeout(late);
  }

  /** The process stands still until `resume`, or until this process ends. */
  pause(): void {
    const pid = this.pid;
    if (pid === null || this.paused) return;
    this.paused = true;
    // A stopped process does not see that its parent is gone: the guard wakes it then.
    const guard = spawn("sh", ["-c", 'read _ || kill -CONT "$0"', String(pid)], {
      stdio: ["pipe", "ignore", "ignore"],
    });
    guard.on("error", () => undefined);
    guard.stdin?.on("error", () => undefined);
    this.#guard = guard;
    this.#child?.kill("SIGSTOP");
  }

  resume(): void {
    if (!this.paused) return;
    this.paused = false;
    this.#child?.kill("SIGCONT");
    this.#releaseGuard();
  }

  /** An orderly end; killed if it takes too long. */
  async stop(): Promise<void> {
    this.#wanted = true;
    const child = this.#child;
    if (child === null) return;
    this.resume();
    child.kill("SIGTERM");
    const late = setTimeout(() => child.kill("SIGKILL"), STOP_MS);
    await this.#ended;
    clearTimeout(late);
  }

  #releaseGuard(): void {
    this.#guard?.stdin?.end("\n");
    this.#guard = null;
  }
}

/** The last lines that a node has logged, for messages. */
function lastLine(file: string): string {
  try {
    return readFileSync(file, "utf8").trimEnd().split("\n").slice(-1)[0]?.slice(0, 600) ?? "";
  } catch {
    return "(no log)";
  }
}

const children = new Set<ChildProcess>();

/** However this process ends, its children end with it; if it is killed, they see their channel close. */
function remember(child: ChildProcess): void {
  if (children.size === 0) process.on("exit", killAll);
  children.add(child);
}

function forget(child: ChildProcess): void {
  children.delete(child);
  if (children.size === 0) process.off("exit", killAll);
}

function killAll(): void {
  for (const child of children) child.kill("SIGKILL");
}
