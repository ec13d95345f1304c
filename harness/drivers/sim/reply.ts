/** The way back: which client and which attempt a token names, and the reply's journey. */
import type { ClientRequest, Reply } from "../../host/index.js";
import { clientLink, transmit } from "./network.js";
import type { Client, Station, Surroundings } from "./world.js";

/** A token is attempt * CLIENTS + client, so that it is unique and leads back without a table. */
const CLIENTS = 65_536;
const REPLY_BYTES = 64;

export function tokenOf(client: Client, attempt: number): number {
  return attempt * CLIENTS + client.number;
}

export function clientOf(world: Surroundings, token: number): Client {
  return world.clients[token % CLIENTS] as Client;
}

export function attemptOf(token: number): number {
  return Math.floor(token / CLIENTS);
}

/** The operation in progress that the token belongs to; null: its client has gone on. */
export function requestOf(world: Surroundings, token: number): ClientRequest | null {
  const client = clientOf(world, token);
  return attemptOf(token) >= client.firstAttempt ? client.request : null;
}

/** `reply` null: the process that should answer is gone. */
export function clientReply(world: Surroundings, node: Station, token: number, reply: Reply | null, at: number): void {
  const client = clientOf(world, token);
  const from = node.number;
  const to = world.nodes.length + client.number;
  const link = clientLink(world, from, to, client.region, node.region);
  transmit(world, link, { type: "reply", token, reply }, REPLY_BYTES, at, 0);
}
