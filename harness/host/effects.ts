/** What a host emits. */
import type { Effect, Protocol } from "../../protocols/core/index.js";
import type { HostEffect, Reply } from "./types.js";

export const NEED_TURN_END = { type: "needTurnEnd" } as const;
export const NEED_IDLE = { type: "needIdle" } as const;
/** No effects. Most writes have none: the turn that they join has begun. */
export const NOTHING: readonly never[] = [];

export const REFUSED: Reply = { status: "failed", reason: "unsupported", leaderHint: null };
/** The client has gone on to another operation. */
export const SUPERSEDED: Reply = { status: "unknown", reason: "unsupported", leaderHint: null };

export type Out<P extends Protocol> = HostEffect<P>[];
export type Effects<P extends Protocol> = readonly HostEffect<P>[];
/** The effects that are for the host: the others pass through it. */
export type OwnEffect<P extends Protocol> = Extract<
  Effect<P>,
  { readonly type: "apply" | "accepted" | "serve" | "reject" | "takeSnapshot" | "installSnapshot" }
>;
export type Apply<P extends Protocol> = Extract<Effect<P>, { readonly type: "apply" }>;
export type Reject<P extends Protocol> = Extract<Effect<P>, { readonly type: "reject" }>;

export function pushReply<P extends Protocol>(token: number, reply: Reply, out: Out<P>): void {
  out.push({ type: "reply", token, reply });
}

export function replyAlone<P extends Protocol>(token: number, reply: Reply): Effects<P> {
  return [{ type: "reply", token, reply }];
}
