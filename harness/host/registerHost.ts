/**
 * One node of a leaderless register with what makes it a service. Much less than a log's host: there is no state machine,
 * no session and no batch, since a put is decided by its own quorum. A client that repeats a put makes a second write with
 * a timestamp of its own, so drivers do not repeat a put whose outcome they do not know.
 */
import {
  type Cell,
  type NodeId,
  type RegisterConfig,
  type RegisterEffect,
  type RegisterInput,
  type RegisterModule,
  type RegisterProtocol,
  unreachable,
} from "../../protocols/core/index.js";
import { latin1Text } from "./byteWriter.js";
import type { ClientRequest, Reply } from "./types.js";

export type RegisterHostInput<P extends RegisterProtocol> =
  | Exclude<RegisterInput<P>, { readonly type: "get" | "put" }>
  | { readonly type: "request"; readonly request: ClientRequest };

export type RegisterHostEffect<P extends RegisterProtocol> =
  | Exclude<RegisterEffect<P>, { readonly type: "answer" | "reject" }>
  /** `cell`: what was written or read; null: nothing was found, or the reply is no `ok`. For whoever checks the answer. */
  | { readonly type: "reply"; readonly token: number; readonly reply: Reply; readonly cell: Cell | null };

export interface RegisterHostConfig<P extends RegisterProtocol> {
  readonly module: RegisterModule<P>;
  readonly replica: RegisterConfig<P>;
  readonly recovered: readonly Cell[];
}

export function createRegisterHost<P extends RegisterProtocol>(config: RegisterHostConfig<P>): RegisterHost<P> {
  return new RegisterHost(config);
}

const DONE = { type: "done" } as const;

export class RegisterHost<P extends RegisterProtocol> {
  /** The core's state; read only, for views. */
  readonly state: P["State"];
  readonly id: NodeId;
  private readonly module: RegisterModule<P>;

  constructor({ module, replica, recovered }: RegisterHostConfig<P>) {
    this.module = module;
    this.id = replica.id;
    this.state = module.create(replica, recovered);
  }

  /** The returned list is valid until the next step. */
  step(input: RegisterHostInput<P>): readonly RegisterHostEffect<P>[] {
    return input.type === "request" ? this.onRequest(input.request) : this.core(input);
  }

  private onRequest({ token, operation, level }: ClientRequest): readonly RegisterHostEffect<P>[] {
    // The token names the attempt already: the core's answer needs no table to find its way back.
    if (operation.f === "get" && isLatin1(operation.key))
      return this.core({ type: "get", request: token, key: operation.key, level });
    if (operation.f === "put" && isLatin1(operation.key) && isLatin1(operation.value))
      return this.core({ type: "put", request: token, key: operation.key, value: latin1Bytes(operation.value) });
    const reply: Reply = { status: "failed", reason: "unsupported", leaderHint: null };
    return [{ type: "reply", token, reply, cell: null }];
  }

  private core(input: RegisterInput<P>): readonly RegisterHostEffect<P>[] {
    return this.module.step(this.state, input).map((effect) => hostEffect<P>(effect));
  }
}

function hostEffect<P extends RegisterProtocol>(effect: RegisterEffect<P>): RegisterHostEffect<P> {
  switch (effect.type) {
    case "answer": {
      const { cell, f, request: token } = effect;
      const text = cell === null ? null : latin1Text(cell.value, 0, cell.value.length);
      // There is no log, so there is no position in it.
      const reply: Reply = { status: "ok", result: f === "put" ? DONE : { type: "value", value: text }, index: 0 };
      return { type: "reply", token, reply, cell };
    }
    case "reject": {
      const { outcome: status, reason, request: token } = effect;
      return { type: "reply", token, reply: { status, reason, leaderHint: null }, cell: null };
    }
    case "store":
    case "send":
    case "setTimer":
    case "cancelTimer":
      return effect;
    default:
      return unreachable(effect);
  }
}

function isLatin1(text: string): boolean {
  for (let i = 0; i < text.length; i += 1) if (text.charCodeAt(i) > 0xff) return false;
  return true;
}

function latin1Bytes(text: string): Uint8Array {
  const bytes = new Uint8Array(text.length);
  for (let i = 0; i < text.length; i += 1) bytes[i] = text.charCodeAt(i);
  return bytes;
}
