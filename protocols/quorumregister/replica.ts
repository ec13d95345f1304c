/** The one door of the module. */
import {
  assert,
  type NodeId,
  type RegisterEffect,
  type RegisterInput,
  unreachable,
  type WriteSeq,
} from "../core/index.js";
import { serve } from "./cells.js";
import { beginGet, beginPut, onAnswer, onRetransmit } from "./coordinator.js";
import type { QuorumRegister, RegisterMessage } from "./messages.js";
import type { Out, RegisterState } from "./state.js";

/** One input run to completion: the contract's `step`. Mutates `s`. */
export function step(
  s: RegisterState,
  input: RegisterInput<QuorumRegister>,
): readonly RegisterEffect<QuorumRegister>[] {
  const out: Out = [];
  switch (input.type) {
    case "start":
      break;
    case "message":
      onMessage(s, input.from, input.message, out);
      break;
    case "timeout":
      s.timerArmed = false;
      onRetransmit(s, out);
      break;
    case "durable":
      onDurable(s, input.upTo, out);
      break;
    case "get":
      beginGet(s, input.request, input.key, input.level, out);
      break;
    case "put":
      beginPut(s, input.request, input.key, input.value, out);
      break;
    default:
      unreachable(input);
  }
  keepTimer(s, out);
  return out;
}

function onMessage(s: RegisterState, from: NodeId, m: RegisterMessage, out: Out): void {
  if (m.type === "Query" || m.type === "Propagate") {
    const { response, after } = serve(s, m, out);
    out.push({ type: "send", to: from, message: response, after });
    return;
  }
  onAnswer(s, from, m, out);
}

function onDurable(s: RegisterState, upTo: WriteSeq, out: Out): void {
  assert(upTo <= s.seq, `write ${upTo} is durable, the last one is ${s.seq}`);
  s.durableSeq = upTo;
  for (const [key, seq] of s.unsynced) if (seq <= upTo) s.unsynced.delete(key);
  // An answer may begin a phase that holds further ones: those wait for a later write.
  const ready = s.held.filter(({ after }) => after <= upTo);
  const waiting = s.held.filter(({ after }) => after > upTo);
  s.held.splice(0, s.held.length, ...waiting);
  for (const { message } of ready) onAnswer(s, s.id, message, out);
}

function keepTimer(s: RegisterState, out: Out): void {
  const wanted = s.operations.size > 0;
  if (wanted === s.timerArmed) return;
  s.timerArmed = wanted;
  const { retransmitMs } = s.options;
  if (wanted) out.push({ type: "setTimer", timer: "retransmit", minMs: retransmitMs, maxMs: retransmitMs });
  else out.push({ type: "cancelTimer", timer: "retransmit" });
}
