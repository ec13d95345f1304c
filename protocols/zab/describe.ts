/** One stable line per message, for goldens and people. A zxid is written epoch/counter. */
import { type Entry, unreachable } from "../core/index.js";
import type { EpochEnd, Vote, ZabMessage } from "./messages.js";

/** One line for goldens: the type and what matters of it. */
export function describe(m: ZabMessage): string {
  return `${m.type} ${fields(m)}`;
}

/** `incarnation.connection`: the two halves of a session number. */
function sessionText(session: number): string {
  return `session=${Math.floor(session / 2 ** 24)}.${session % 2 ** 24}`;
}

function voteText(vote: Vote): string {
  return `vote=(${vote.peerEpoch}, ${vote.zxidEpoch}/${vote.zxidIndex}, ${vote.leader})`;
}

function entriesText(entries: readonly Entry[]): string {
  const first = entries[0];
  const last = entries[entries.length - 1];
  if (first === undefined || last === undefined) return "none";
  if (first === last) return `${first.round}/${first.index}${first.kind === "noop" ? " noop" : ""}`;
  return `${first.round}/${first.index}..${last.round}/${last.index}`;
}

function historyText(ends: readonly EpochEnd[]): string {
  return ends.map(({ epoch, last }) => `${epoch}/${last}`).join(",");
}

function fields(m: ZabMessage): string {
  if (m.type === "Notification") return `${m.state} round=${m.round} ${voteText(m.vote)}`;
  const at = sessionText(m.session);
  switch (m.type) {
    case "FOLLOWERINFO":
      return `${at} acceptedEpoch=${m.acceptedEpoch}`;
    case "LEADERINFO":
      return `${at} epoch=${m.epoch}`;
    case "ACKEPOCH":
      return `${at} epoch=${m.epoch} promised=${m.promised} currentEpoch=${m.currentEpoch} floor=${m.floor} history=${historyText(m.epochs)}`;
    case "DIFF":
    case "TRUNC":
    case "SNAP":
      return `${at} epoch=${m.epoch} plan=${m.plan} from=${m.fromEpoch}/${m.from} to=${m.to}`;
    case "BODY":
      return `${at} epoch=${m.epoch} plan=${m.plan} entries=${entriesText(m.entries)}`;
    case "NEWLEADER":
      return `${at} epoch=${m.epoch} plan=${m.plan}`;
    case "ACKLD":
      return `${at} epoch=${m.epoch} to=${m.to}`;
    case "UPTODATE":
      return `${at} epoch=${m.epoch} committed=${m.committed}`;
    case "PROPOSE":
      return `${at} epoch=${m.epoch} entries=${entriesText(m.entries)}`;
    case "ACK":
    case "COMMIT":
    case "PONG":
      return `${at} epoch=${m.epoch} index=${m.index}`;
    case "INFORM":
      return `${at} epoch=${m.epoch} committed=${m.committed} entries=${entriesText(m.entries)}`;
    case "PING":
      return `${at} epoch=${m.epoch} last=${m.last} committed=${m.committed}`;
    case "RESEND":
      return `${at} epoch=${m.epoch} plan=${m.plan} from=${m.from}`;
    case "SYNC":
      return `${at} epoch=${m.epoch} id=${m.id}`;
    case "SYNCED":
      return `${at} epoch=${m.epoch} id=${m.id} index=${m.index}`;
    case "CLOSE":
      return at;
    default:
      return unreachable(m);
  }
}
