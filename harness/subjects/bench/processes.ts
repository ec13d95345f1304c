/** Processes of a subject: started, waited for, stopped; they never outlive this one by more than a kill. */
import { type ChildProcess, spawn } from "node:child_process";
import { closeSync, openSync, readFileSync } from "node:fs";
import { connect } from "node:net";
import { patience } from "./patience.js";

/** After this an orderly stop is not waited for any more. Milliseconds. */
const STOP_MS = 5_000;

export interface ProcessSpec {
  readonly program: string;
  readonly args: readonly string[];
  /** Standard output and error. */
  readonly logFile: string;
  readonly env?: { readonly [name: string]: string };
}

const running = new Set<ChildProcess>();

function killAll(): void {
  for (const child of running) child.kill("SIGKILL");
}

/** If this process is killed, nothing of it can end its children: a shell that sees its input close does. */
function guard(pid: number, ended: Promise<void>): void {
  const shell = spawn("sh", ["-c", 'read _ || kill -KILL "$0"', String(pid)], { stdio: ["pipe", "ignore", "ignore"] });
  shell.on("error", () => undefined);
  shell.stdin?.on("error", () => undefined);
  void ended.then(() => shell.stdin?.end("\n"));
}

export class Processes {
  readonly #children: { readonly child: ChildProcess; readonly spec: ProcessSpec; readonly ended: Promise<void> }[] =
    [];

  /** Returns the process id. Throws where the program cannot be started. */
  start(spec: ProcessSpec): number {
    const log = openSync(spec.logFile, "a");
    const child = spawn(spec.program, [...spec.args], {
      stdio: ["ignore", log, log],
      env: { ...process.env, ...spec.env },
    });
    closeSync(log);
    // A program that is not there says so by an event; what waits for the process sees its log and its end.
    child.on("error", () => undefined);
    if (running.size === 0) process.on("exit", killAll);
    running.add(child);
    const ended = new Promise<void>((resolve) => {
      const end = (): void => {
        running.delete(child);
        if (running.size === 0) process.off("exit", killAll);
        resolve();
      };
      child.once("exit", end);
      child.once("error", end);
    });
    this.#children.push({ child, spec, ended });
    if (child.pid === undefined) throw new Error(`${spec.program} could not be started`);
    guard(child.pid, ended);
    return child.pid;
  }

  /**
   * Asks again and again until `ready` says yes. Throws with the end of a log if a process ends before, or after `withinMs`.
   * What `ready` throws counts as no.
   */
  async until(ready: () => Promise<boolean>, withinMs: number): Promise<void> {
    const deadline = Date.now() + withinMs;
    for (;;) {
      for (const { child, spec } of this.#children)
        if (child.exitCode !== null || child.signalCode !== null)
          throw new Error(
            `${spec.program} ended with ${child.exitCode ?? child.signalCode}: ${lastLines(spec.logFile)}`,
          );
      if (await ready().catch(() => false)) return;
      const first = this.#children[0];
      if (Date.now() > deadline)
        throw new Error(`no answer after ${withinMs} ms: ${first === undefined ? "" : lastLines(first.spec.logFile)}`);
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }

  async stop(): Promise<void> {
    for (const { child } of this.#children) child.kill("SIGTERM");
    await Promise.all(
      this.#children.map(async ({ child, ended }) => {
        const late = setTimeout(() => child.kill("SIGKILL"), STOP_MS);
        await ended;
        clearTimeout(late);
      }),
    );
  }
}

function lastLines(file: string): string {
  try {
    return readFileSync(file, "utf8").trimEnd().split("\n").slice(-3).join(" / ").slice(-800);
  } catch {
    return "(no log)";
  }
}

/** Sends a text, if any, and reads until the other side ends. Rejects after `withinMs`. */
export function exchange(address: string, send: string, withinMs = 2_000): Promise<string> {
  const at = address.lastIndexOf(":");
  return new Promise((resolve, reject) => {
    const socket = connect({ host: address.slice(0, at), port: Number(address.slice(at + 1)) });
    let text = "";
    const answered = patience(withinMs, () => socket.destroy(new Error(`no answer from ${address}`)));
    socket.setEncoding("utf8");
    socket.on("data", (chunk: string) => {
      text += chunk;
    });
    socket.once("error", reject);
    socket.once("close", answered);
    socket.once("close", () => resolve(text));
    socket.once("connect", () => socket.end(send));
  });
}
