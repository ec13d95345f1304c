/** How a script shows things: one line each, the same for every protocol. */
import type { AnyModule, Entry, NodeId, Status } from "../../../protocols/core/index.js";
import { decodeCommand, type Operation, type Reply, type Result } from "../../host/index.js";
import type { ScriptDisk, Write } from "./disk.js";

/** A line of output. `quiet`: what it is in quiet mode, in words that all protocols share; null: nothing. */
export interface Shown {
  readonly node: NodeId;
  readonly text: string;
  /** `order`: replies are shown in the order in which they were asked for. */
  readonly quiet: { readonly text: string; readonly kind: "note" | "reply" | "apply"; readonly order: number } | null;
  /** Only shown while `trace on`. */
  readonly trace?: true;
}

export function operationText(operation: Operation): string {
  switch (operation.f) {
    case "get":
    case "delete":
      return `${operation.f} ${operation.key}`;
    case "put":
    case "append":
      return `${operation.f} ${operation.key} ${operation.value}`;
    case "cas":
      return `cas ${operation.key} ${operation.expected ?? "nil"} ${operation.value}`;
    case "range":
      return `range ${operation.from} ${operation.to} ${operation.limit}`;
    case "txn":
    case "query":
      return `${operation.f} of ${operation.request.length} bytes`;
  }
}

export function resultText(result: Result): string {
  switch (result.type) {
    case "done":
      return "done";
    case "value":
      return result.value ?? "nil";
    case "cas":
      return `${result.swapped ? "swapped" : "not swapped"}, saw ${result.observed ?? "nil"}`;
    case "range":
      return result.pairs.length === 0 ? "(none)" : result.pairs.map(([key, value]) => `${key}=${value}`).join(" ");
    case "bytes":
      return `${result.bytes.length} bytes`;
  }
}

export function replyText(reply: Reply): string {
  if (reply.status === "ok") return `${resultText(reply.result)} @${reply.index}`;
  const hint = reply.leaderHint === null ? "" : `, leader ${reply.leaderHint}`;
  return `${reply.status} (${reply.reason}${hint})`;
}

/** Without positions and reasons: those differ between protocols that promise the same. */
export function replyWord(reply: Reply): string {
  return reply.status === "ok" ? resultText(reply.result) : reply.status;
}

/** The operations of an entry; an empty list for a no-op. */
export function entryOperations(entry: Entry): readonly string[] {
  if (entry.kind === "noop") return [];
  return decodeCommand(entry.command).map((request) => operationText(request.operation));
}

export function entryText(entry: Entry): string {
  const operations = entryOperations(entry);
  return `${entry.index}/${entry.round} ${entry.kind === "noop" ? "noop" : operations.join("; ")}`;
}

export function writeText(write: Write): string {
  const parts = [`#${write.seq}`];
  if (write.hard !== null) parts.push(JSON.stringify(write.hard));
  if (write.truncateFrom !== null) parts.push(`truncate from ${write.truncateFrom}`);
  if (write.snapshot !== null) parts.push(`snapshot to ${write.snapshot.index}`);
  if (write.entries.length > 0) parts.push(`[${write.entries.map(entryText).join(", ")}]`);
  return parts.join(" ");
}

export function statusText(id: NodeId, status: Status): string {
  const leader = status.leader === null ? "none" : `${status.leader.id}@${status.leader.round}`;
  return (
    `${id} ${status.role} phase=${status.phase} round=${status.promisedRound} leader=${leader} ` +
    `commit=${status.commitIndex} last=${status.lastIndex}`
  );
}

export function logText(module: AnyModule, state: object): string {
  const log = module.log(state);
  const parts = log.slots.map((entry, at) =>
    entry === undefined ? `${log.snapshotIndex + 1 + at} hole` : entryText(entry),
  );
  if (log.snapshotIndex > 0) parts.unshift(`snapshot to ${log.snapshotIndex}`);
  return parts.length === 0 ? "(empty)" : parts.join(" | ");
}

export function diskText(disk: ScriptDisk): string {
  const { hard, snapshot, entries } = disk.recovered();
  const parts = [hard === null ? "no hard state" : JSON.stringify(hard)];
  if (snapshot !== null) parts.push(`snapshot to ${snapshot.index}`);
  for (const entry of entries) parts.push(entryText(entry));
  return parts.join(" | ");
}

/** `Name(n1, 3)`: identifiers bare, anything with structure as JSON. */
export function actionText(name: string, args: readonly unknown[]): string {
  return `${name}(${args.map((arg) => (typeof arg === "string" ? arg : JSON.stringify(arg))).join(", ")})`;
}
