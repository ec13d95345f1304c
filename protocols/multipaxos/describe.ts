/** One stable line per message, for goldens and the trace viewer. */
import type { Entry } from "../core/index.js";
import { ballotText, type MultiPaxosMessage } from "./messages.js";

/** "slot@ballot:value", the value as text where it is printable ASCII, else its length. */
function entryText(entry: Entry): string {
  const place = `${entry.index}@${ballotText(entry.round)}`;
  if (entry.kind === "noop") return `${place}:noop`;
  const { command } = entry;
  const printable = command.length > 0 && command.length <= 24 && command.every((byte) => byte > 0x20 && byte < 0x7f);
  return `${place}:${printable ? String.fromCharCode(...command) : `${command.length}B`}`;
}

function entriesText(entries: readonly Entry[]): string {
  return `[${entries.map(entryText).join(" ")}]`;
}

/** One line for goldens: the type and what matters of it. */
export function describe(m: MultiPaxosMessage): string {
  switch (m.type) {
    case "Probe":
      return `Probe ballot=${ballotText(m.ballot)}`;
    case "ProbeReply":
      return `ProbeReply ballot=${ballotText(m.ballot)} granted=${m.granted} promised=${ballotText(m.promisedBallot)}`;
    case "Prepare":
      return `Prepare ballot=${ballotText(m.ballot)} from=${m.fromSlot}`;
    case "Promise":
      return `Promise ballot=${ballotText(m.ballot)} decided=${m.decidedIndex} accepted=${entriesText(m.entries)}`;
    case "Accept":
      return `Accept ballot=${ballotText(m.ballot)} decided=${m.decidedIndex} ${entriesText(m.entries)}`;
    case "Accepted":
      return `Accepted ballot=${ballotText(m.ballot)} slots=[${m.slots.join(" ")}]`;
    case "Nack":
      return `Nack ballot=${ballotText(m.ballot)} promised=${ballotText(m.promisedBallot)}`;
    case "Heartbeat":
      return `Heartbeat ballot=${ballotText(m.ballot)} seq=${m.sequence} decided=${m.decidedIndex}`;
    case "HeartbeatAck":
      return `HeartbeatAck ballot=${ballotText(m.ballot)} seq=${m.sequence} accepted=${m.acceptedSlot}`;
    case "Decided":
      return `Decided ballot=${ballotText(m.ballot)} decided=${m.decidedIndex}`;
    case "LearnRequest":
      return `LearnRequest from=${m.fromSlot}`;
    case "Learn":
      return `Learn decided=${m.decidedIndex} ${entriesText(m.entries)}`;
    case "InstallSnapshot":
      return `InstallSnapshot decided=${m.decidedIndex}`;
    case "ReadQuery":
      return `ReadQuery read=${m.incarnation}.${m.sequence}`;
    case "ReadReply":
      return `ReadReply read=${m.incarnation}.${m.sequence} accepted=${m.acceptedSlot}`;
  }
}
