/** The process around one node: its log, its signals, its faults, its end. */
import { type DestinationStream, destination, pino, type Logger } from "pino";
import type { Api } from "../../api/index.js";
import { InputError } from "../../scenarios/inputError.js";
import { StorageError } from "../../storage/index.js";
import { type CheckedConfig, readNodeConfig } from "./checkConfig.js";
import { EXIT } from "./exit.js";
import { takeOrders } from "./faults.js";
import { ForgetfulFiles } from "./forgetfulFiles.js";
import { keepHeapRoom } from "./heapRoom.js";
import { CorruptStore, type RunningNode, startNode } from "./node.js";

/** How long an orderly end may take before the process just ends. Milliseconds. */
const CLOSE_MS = 5000;

/**
 * Runs until a signal ends it. Resolves once the node serves, or to the exit code for a bad configuration; whatever ends
 * it later ends the process, with a code of its own.
 */
export async function runNodeProcess(file: string): Promise<0 | typeof EXIT.config> {
  // Written at once: the line that says why a process ended must not die with it.
  const stream: DestinationStream = destination({ dest: 2, sync: true });
  let checked: CheckedConfig;
  try {
    checked = readNodeConfig(file);
  } catch (error) {
    if (!(error instanceof InputError)) throw error;
    process.stderr.write(`synod: ${error.message}\n`);
    return EXIT.config;
  }
  const log = pino({ base: { node: checked.self.id } }, stream);
  const end = (code: number, fields: object, message: string): never => {
    log.fatal(fields, message);
    process.exit(code);
  };
  const bug = (error: unknown): never =>
    end(
      EXIT.bug,
      { error: error instanceof Error ? (error.stack ?? error.message) : String(error) },
      "a bug ends this node",
    );
  keepHeapRoom(checked.config.memory?.heapRoomMiB);
  process.on("uncaughtException", bug);
  process.on("unhandledRejection", bug);
  const files = checked.config.faults === true ? new ForgetfulFiles() : null;
  try {
    const node = await startNode({
      checked,
      log,
      ...(files === null ? {} : { files }),
      onFatal: bug,
      onDiskFailure: (error) => end(EXIT.disk, { ...error.detail }, error.message),
    });
    serve(node, await apiOf(node, log), files, log);
  } catch (error) {
    refuse(error, end);
  }
  return 0;
}

function refuse(error: unknown, end: (code: number, fields: object, message: string) => never): never {
  if (error instanceof CorruptStore) return end(EXIT.corrupt, { ...error.error.detail }, error.message);
  if (error instanceof StorageError)
    return end(error.detail.code === "locked" ? EXIT.corrupt : EXIT.disk, { ...error.detail }, error.message);
  const { code, message } = error as NodeJS.ErrnoException;
  if (code === "EADDRINUSE" || code === "EADDRNOTAVAIL" || code === "EACCES" || code === "ENOTFOUND")
    return end(EXIT.config, { code }, `an address of this node cannot be had: ${message}`);
  throw error;
}

/** etcd's interface and the metrics; null: neither is asked for. Rejects with the node closed. */
async function apiOf(node: RunningNode, log: Logger): Promise<Api | null> {
  const { self } = node.service;
  if (self.etcd === null && self.metrics === null) return null;
  try {
    // Loading what they need takes longer than starting the rest of the node.
    const { startApi } = await import("../../api/index.js");
    return await startApi(node.service, { log });
  } catch (error) {
    await node.close();
    throw error;
  }
}

function serve(node: RunningNode, api: Api | null, files: ForgetfulFiles | null, log: Logger): void {
  let closing = false;
  const close = (signal: string): void => {
    if (closing) return;
    closing = true;
    log.info({ signal }, "closing");
    setTimeout(() => process.exit(1), CLOSE_MS).unref();
    const closed = async (): Promise<void> => {
      await api?.close();
      await node.close();
    };
    closed().then(
      () => process.exit(0),
      (error: unknown) => {
        log.error({ error: String(error) }, "the node did not close in order");
        process.exit(EXIT.disk);
      },
    );
  };
  process.on("SIGTERM", () => close("SIGTERM"));
  process.on("SIGINT", () => close("SIGINT"));
  takeOrders(node, files, log);
  process.stdout.write(`${JSON.stringify(node.ready)}\n`);
  const { role, phase, lastIndex } = node.service.status();
  log.info({ ...node.ready, incarnation: node.service.incarnation, role, phase, lastIndex }, "serving");
}
