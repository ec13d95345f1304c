/**
 * A running cluster is reached from another shell over a loopback connection to the process that started it: that one
 * signals its own children, so that no other process can be hit by a number that was used again.
 */
import { randomBytes, timingSafeEqual } from "node:crypto";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { connect, createServer, type Server, type Socket } from "node:net";
import { join } from "node:path";

export const ACTIONS = ["status", "kill", "pause", "resume", "restart", "stop"] as const;
export type Action = (typeof ACTIONS)[number];

/** What lies in a cluster's folder, for as long as the folder does. */
export interface ClusterState {
  readonly cluster: string;
  readonly protocol: string;
  readonly nodes: readonly string[];
  /** Where the running cluster is told what to do; null: it does not run. */
  readonly control: { readonly pid: number; readonly port: number; readonly token: string } | null;
}

export interface Order {
  readonly action: Action;
  /** The node's id; null for `status` and `stop`. */
  readonly node: string | null;
}

export interface Answer {
  readonly ok: boolean;
  /** One line for people. */
  readonly words: string;
  readonly nodes: readonly NodeRow[];
}

export interface NodeRow {
  readonly id: string;
  /** null: it does not run. */
  readonly pid: number | null;
  /** leader, follower, candidate, learner; paused, down or starting. */
  readonly role: string;
  readonly round: number | null;
  readonly client: string;
  readonly peer: string;
  readonly etcd?: string;
  readonly metrics?: string;
}

const FILE = "cluster.json";
const ORDER_BYTES_MAX = 4_096;
const ANSWER_MS = 30_000;

export function readState(dir: string): ClusterState | null {
  const file = join(dir, FILE);
  return existsSync(file) ? (JSON.parse(readFileSync(file, "utf8")) as ClusterState) : null;
}

/** Only its owner may read it: the token is in it. */
export function writeState(dir: string, state: ClusterState): void {
  writeFileSync(join(dir, FILE), `${JSON.stringify(state, null, 2)}\n`, { mode: 0o600 });
}

export interface Control {
  readonly port: number;
  readonly token: string;
  close(): void;
}

/** @param obey is asked for each order; orders of one cluster are obeyed one after the other */
export async function openControl(obey: (order: Order) => Promise<Answer>): Promise<Control> {
  const token = randomBytes(16).toString("hex");
  let last: Promise<unknown> = Promise.resolve();
  const inTurn = (order: Order): Promise<Answer> => {
    const answer = last.then(() => obey(order));
    last = answer.catch(() => undefined);
    return answer;
  };
  const server = createServer((socket) => serve(socket, token, inTurn));
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(0, "127.0.0.1", resolve);
  });
  server.unref();
  return { port: portOf(server), token, close: () => server.close() };
}

function portOf(server: Server): number {
  const address = server.address();
  return address !== null && typeof address === "object" ? address.port : 0;
}

function serve(socket: Socket, token: string, obey: (order: Order) => Promise<Answer>): void {
  let text = "";
  socket.on("error", () => socket.destroy());
  socket.on("data", (chunk: Buffer) => {
    text += chunk.toString();
    const end = text.indexOf("\n");
    if (end < 0) {
      if (text.length > ORDER_BYTES_MAX) socket.destroy();
      return;
    }
    const line = text.slice(0, end);
    text = "";
    const order = orderOf(line, token);
    if (order === null) {
      socket.destroy();
      return;
    }
    const say = (answer: Answer): void => void socket.end(`${JSON.stringify(answer)}\n`);
    obey(order).then(say, (error: unknown) => say({ ok: false, words: String(error), nodes: [] }));
  });
}

/** null: whoever asks does not know the token, or does not say what we understand. */
function orderOf(line: string, token: string): Order | null {
  try {
    const said = JSON.parse(line) as { token?: unknown; action?: unknown; node?: unknown };
    const given = Buffer.from(typeof said.token === "string" ? said.token : "");
    if (given.length !== token.length || !timingSafeEqual(given, Buffer.from(token))) return null;
    const action = ACTIONS.find((one) => one === said.action);
    if (action === undefined) return null;
    return { action, node: typeof said.node === "string" ? said.node : null };
  } catch {
    return null;
  }
}

/** The answer of the cluster that runs in `dir`; null: none runs there. */
export async function giveOrder(state: ClusterState, order: Order): Promise<Answer | null> {
  const { control } = state;
  if (control === null) return null;
  return new Promise((resolve) => {
    const socket = connect({ host: "127.0.0.1", port: control.port });
    let text = "";
    const none = (): void => {
      socket.destroy();
      resolve(null);
    };
    socket.setTimeout(ANSWER_MS, none);
    socket.on("error", none);
    socket.on("connect", () => socket.write(`${JSON.stringify({ token: control.token, ...order })}\n`));
    socket.on("data", (chunk: Buffer) => {
      text += chunk.toString();
    });
    socket.on("close", () => {
      if (!text.endsWith("\n")) resolve(null);
      else resolve(JSON.parse(text) as Answer);
    });
  });
}
