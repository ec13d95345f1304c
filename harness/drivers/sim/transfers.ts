/** Snapshots under way between simulated nodes, and how their senders learn what became of them. */
import { NS_PER_MS, type SimInput, type SimNode, SNAPSHOT_SENT, type Surroundings, type Transfer } from "./world.js";

/**
 * How long the sender of a snapshot waits for the receiver's word before the transfer counts as failed: as long as the
 * real driver does. No protocol's own timeout would do: a transfer takes what its size and the link take.
 */
const SNAPSHOT_TIMEOUT_NS = 10_000 * NS_PER_MS;

/** As in the real driver: a transfer that could not be made is told so much later, since a core may try again at once. */
const RETRY_NS = 100 * NS_PER_MS;

/** What a SNAPSHOT_SENT event tells. The first word about a transfer counts; a later one says nothing. */
interface Word {
  readonly transfer: Transfer;
  readonly ok: boolean;
}

/** Without a word by then the transfer has failed: on datagrams nobody says that it was lost. */
export function expectWord(world: Surroundings, transfer: Transfer, at: number): void {
  tell(world, transfer, false, at + SNAPSHOT_TIMEOUT_NS);
}

export function tell(world: Surroundings, transfer: Transfer, ok: boolean, at: number): void {
  const word: Word = { transfer, ok };
  world.queue.push(at, SNAPSHOT_SENT, transfer.from, transfer.incarnation, word);
}

/** Nobody was reached. */
export function notMade(world: Surroundings, transfer: Transfer, at: number): void {
  tell(world, transfer, false, at + RETRY_NS);
}

/** A SNAPSHOT_SENT event. null: the process that sent it is gone, or has been told before. */
export function heard(node: SimNode, nodes: readonly SimNode[], payload: unknown): SimInput | null {
  const { transfer, ok } = payload as Word;
  if (node.host === null || node.incarnation !== transfer.incarnation || !transfer.open) return null;
  transfer.open = false;
  return { type: "snapshotSent", to: (nodes[transfer.to] as SimNode).id, id: transfer.id, ok };
}
