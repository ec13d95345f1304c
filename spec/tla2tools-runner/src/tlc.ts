/** One TLC process: started, listened to, bounded in time and memory, cleaned up after. */
import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { basename, delimiter, dirname, join, resolve } from "node:path";
import { Readable, type Writable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { fileURLToPath } from "node:url";
import { archiveOf } from "./archive.js";
import { ToolError } from "./errors.js";
import { CODE, type Frame, FrameParser } from "./frames.js";
import { findJava } from "./java.js";
import { type JarOptions, resolveJar } from "./jar.js";

export interface Progress {
  /** The line that TLC prints. */
  readonly text: string;
  readonly generatedStates: number;
  readonly distinctStates: number;
}

export interface TlcOptions {
  /** The root module, a `.tla` file. Modules that it extends are looked for beside it, in `library` and in this package's `lib`. */
  readonly spec: string;
  /** The model, a `.cfg` file. @default the spec's name with .cfg */
  readonly config?: string;
  /** More folders with modules. */
  readonly library?: readonly string[];
  /** Java executable. @default JAVA_HOME, then PATH */
  readonly java?: string;
  readonly jar?: JarOptions;
  /** Heap in MiB. @default 2048 */
  readonly heapMiB?: number;
  /** @default 1 */
  readonly workers?: number | "auto";
  /** Milliseconds; then the process is killed and the result is inconclusive. @default none */
  readonly timeoutMs?: number;
  /** Seed of simulation and of random choices. */
  readonly seed?: number;
  /** For short runs: a JVM that starts fast and explores slowly. @default false */
  readonly quickStart?: boolean;
  /** Whether a state without a successor is a violation. @default false */
  readonly deadlock?: boolean;
  /** More environment variables for the JVM; `Env` of TraceIO.tla reads them. */
  readonly environment?: { readonly [name: string]: string };
  readonly onProgress?: (progress: Progress) => void;
  /** Kills the process when aborted. */
  readonly signal?: AbortSignal;
}

/** What a JVM reads on its standard input. Called when the JVM is on its way, so that both work at the same time. */
export type TlcInput = () => Iterable<string> | AsyncIterable<string>;

export interface TlcRun {
  /** Every frame but progress. */
  readonly frames: readonly Frame[];
  /** Lines outside frames: PrintT, the parser, Java. */
  readonly lines: readonly string[];
  readonly exitCode: number | null;
  /** Why it was killed by us; null: it ended by itself. */
  readonly killed: "timeout" | "aborted" | null;
  readonly wallMs: number;
  readonly version: string;
  readonly jarSha256: string;
}

const LIB = fileURLToPath(new URL("../lib", import.meta.url));
/** The small jar with the bodies of TraceIO.tla. */
export const OVERRIDES_JAR = join(LIB, "overrides.jar");
/** Lines outside frames that are kept at most: a spec that prints at every state must not fill the memory. */
const LINES_MAX = 200_000;

function number(text: string | undefined): number {
  return Number((text ?? "0").replaceAll(",", ""));
}

function readProgress(text: string): Progress {
  const match = /([\d,]+) states generated.*?([\d,]+) distinct/s.exec(text);
  return { text, generatedStates: number(match?.[1]), distinctStates: number(match?.[2]) };
}

function javaArguments(options: TlcOptions, scratch: string, jar: string): string[] {
  const collector =
    options.quickStart === true ? ["-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1"] : ["-XX:+UseParallelGC"];
  const library = [...(options.library ?? []).map((folder) => resolve(folder)), LIB].join(delimiter);
  return [
    ...collector,
    `-Xmx${options.heapMiB ?? 2048}m`,
    // Recursive operators over logs and bags overflow the default stack at about 250 members.
    "-Xss64m",
    // TLC unpacks its standard modules here: two runs must not share it.
    `-Djava.io.tmpdir=${scratch}`,
    `-DTLA-Library=${library}`,
    "-cp",
    `${OVERRIDES_JAR}${delimiter}${jar}`,
  ];
}

/**
 * Runs `tlc2.TLC -tool` with these extra arguments.
 * @throws ToolError where Java, jar or spec are missing; what `input` throws
 */
export async function runTlc(
  options: TlcOptions,
  extra: readonly string[],
  input: TlcInput | null = null,
): Promise<TlcRun> {
  const spec = resolve(options.spec);
  const config = resolve(options.config ?? spec.replace(/\.tla$/, ".cfg"));
  for (const file of [spec, config]) if (!existsSync(file)) throw new ToolError("bad-input", `${file} does not exist.`);
  const java = findJava(options.java);
  const jar = await resolveJar(options.jar);
  const archive = await archiveOf(java, [OVERRIDES_JAR, jar.path], options.jar);
  const scratch = await mkdtemp(join(tmpdir(), "tlc-"));
  try {
    const args = [
      ...archive.args,
      ...javaArguments(options, scratch, jar.path),
      "tlc2.TLC",
      "-tool",
      "-nowarning",
      // States of one run have one name only with a fixed fingerprint polynomial.
      "-fp",
      "0",
      "-workers",
      String(options.workers ?? 1),
      "-metadir",
      scratch,
      ...(options.deadlock === true ? [] : ["-deadlock"]),
      ...(options.seed === undefined ? [] : ["-seed", String(options.seed)]),
      ...extra,
      "-config",
      config,
      basename(spec),
    ];
    const run = await listen(java.path, args, dirname(spec), options, input);
    await archive.end(run.exitCode);
    return { ...run, jarSha256: jar.sha256 };
  } finally {
    await rm(scratch, { recursive: true, force: true });
  }
}

/** SANY and other classes of the jar, without frames. */
export async function runClass(
  options: TlcOptions,
  mainClass: string,
  args: readonly string[],
): Promise<{ readonly output: string; readonly exitCode: number | null }> {
  const java = findJava(options.java);
  const jar = await resolveJar(options.jar);
  const scratch = await mkdtemp(join(tmpdir(), "tlc-"));
  try {
    const run = await listen(
      java.path,
      [...javaArguments(options, scratch, jar.path), mainClass, ...args],
      dirname(resolve(options.spec)),
      options,
    );
    return { output: run.lines.join("\n"), exitCode: run.exitCode };
  } finally {
    await rm(scratch, { recursive: true, force: true });
  }
}

function listen(
  java: string,
  args: readonly string[],
  cwd: string,
  options: TlcOptions,
  input: TlcInput | null = null,
): Promise<Omit<TlcRun, "jarSha256">> {
  return new Promise((resolveRun, reject) => {
    const frames: Frame[] = [];
    const lines: string[] = [];
    let version = "";
    let killed: TlcRun["killed"] = null;
    const parser = new FrameParser({
      frame: (frame) => {
        if (frame.code === CODE.progress) options.onProgress?.(readProgress(frame.text));
        else frames.push(frame);
        if (frame.code === CODE.version) version = frame.text.trim();
      },
      line: (line) => {
        if (lines.length < LINES_MAX || line.startsWith("@TRACE ")) lines.push(line);
      },
    });
    const started = performance.now();
    const child = spawn(java, args, {
      cwd,
      env: { ...process.env, ...options.environment },
      stdio: [input === null ? "ignore" : "pipe", "pipe", "pipe"],
    });
    const kill = (why: "timeout" | "aborted"): void => {
      killed ??= why;
      child.kill("SIGKILL");
    };
    const timer = options.timeoutMs === undefined ? null : setTimeout(() => kill("timeout"), options.timeoutMs);
    const onAbort = (): void => kill("aborted");
    // Our own child, and nothing else, ends with us.
    const onExit = (): void => void child.kill("SIGKILL");
    options.signal?.addEventListener("abort", onAbort, { once: true });
    process.once("exit", onExit);
    const cleanUp = (): void => {
      if (timer !== null) clearTimeout(timer);
      options.signal?.removeEventListener("abort", onAbort);
      process.removeListener("exit", onExit);
    };
    if (options.signal?.aborted === true) onAbort();
    if (child.stdin !== null && input !== null) {
      feed(child.stdin, input).catch((error: unknown) => {
        reject(error);
        child.kill("SIGKILL");
      });
    }
    child.stdout?.setEncoding("utf8").on("data", (text: string) => parser.feed(text));
    child.stderr?.setEncoding("utf8").on("data", (text: string) => {
      for (const line of text.split("\n")) if (line !== "" && lines.length < LINES_MAX) lines.push(line);
    });
    child.on("error", (error) => {
      cleanUp();
      reject(new ToolError("no-java", `${java} could not be started: ${error.message}`));
    });
    child.on("close", (exitCode) => {
      cleanUp();
      parser.end();
      resolveRun({ frames, lines, exitCode, killed, wallMs: performance.now() - started, version });
    });
  });
}

/** Rejects with what `input` throws. A JVM that ended before it read everything says why by itself. */
async function feed(to: Writable, input: TlcInput): Promise<void> {
  try {
    await pipeline(Readable.from(input()), to);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code !== "EPIPE" && code !== "ECONNRESET" && code !== "ERR_STREAM_PREMATURE_CLOSE") throw error;
  }
}
