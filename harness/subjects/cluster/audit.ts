/** The last word on a live run: what the cluster says it holds once nobody writes any more. */
import type { Recorder } from "../../drivers/sim/index.js";
import type { ClientRequest } from "../../host/index.js";
import type { HistoryEvent } from "../../record/history.js";
import type { LiveCluster } from "./liveCluster.js";
import type { LiveNode } from "./liveNode.js";

/** For all keys together. A cluster that has healed answers much sooner. */
const AUDIT_MS = 20_000;
const ANSWER_MS = 2_000;
const PAUSE_MS = 100;
/** Above the sessions of a run's clients. */
const AUDITOR = 1_000_000_000;

/**
 * Reads the keys one after the other, linearizably, and puts the reads into the history.
 *
 * @returns what each key holds, null where it is absent; a key that nobody answered for in time is missing
 */
export async function auditKeys(
  cluster: LiveCluster,
  recorder: Recorder,
  keys: readonly string[],
): Promise<ReadonlyMap<string, string | null>> {
  const found = new Map<string, string | null>();
  const until = performance.now() + AUDIT_MS;
  let seq = 0;
  for (const key of keys) {
    for (;;) {
      seq += 1;
      const request: ClientRequest = {
        token: 0,
        client: AUDITOR,
        seq,
        operation: { f: "get", key },
        level: "linearizable",
      };
      if (await readOnce(cluster, recorder, request, found)) break;
      if (performance.now() > until) return found;
      await sleep(PAUSE_MS);
    }
  }
  return found;
}

/** A read that nobody answers changes nothing, so it only ends. */
async function readOnce(
  cluster: LiveCluster,
  recorder: Recorder,
  request: ClientRequest,
  found: Map<string, string | null>,
): Promise<boolean> {
  const { stage } = cluster;
  const node = (cluster.leaders.leader() as LiveNode | null) ?? cluster.nodes[request.seq % cluster.nodes.length];
  if (node === undefined || request.operation.f !== "get") return false;
  recorder.invoke(stage.clock(), AUDITOR, request);
  const reply = await Promise.race([cluster.ask(node, request), sleep(ANSWER_MS)]);
  if (reply?.status !== "ok" || reply.result.type !== "value") {
    recorder.end(stage.clock(), AUDITOR, request, "fail", reply === null ? "no answer" : "not served");
    return false;
  }
  recorder.ok(stage.clock(), AUDITOR, request, reply.result, node.id);
  found.set(request.operation.key, reply.result.value);
  return true;
}

function sleep(ms: number): Promise<null> {
  return new Promise((resolve) => {
    setTimeout(() => resolve(null), ms);
  });
}

export interface Loss {
  readonly key: string;
  /** What was appended. */
  readonly piece: string;
  readonly words: string;
}

/**
 * Every acknowledged append is in its key's value once, every one of unknown outcome at most once, and nothing else is.
 * Independent of the search for a linearization: it counts.
 *
 * @param events a history whose only writes are appends of pieces that end in ";"
 */
export function missingWrites(
  events: readonly HistoryEvent[],
  audit: ReadonlyMap<string, string | null>,
): readonly Loss[] {
  const asked = new Map<string, Set<string>>();
  const acknowledged: { readonly key: string; readonly piece: string }[] = [];
  for (const { f, type, key, value } of events) {
    if (f !== "append" || typeof key !== "string" || typeof value !== "string") continue;
    if (type === "invoke") asked.set(key, (asked.get(key) ?? new Set()).add(value));
    else if (type === "ok") acknowledged.push({ key, piece: value });
  }
  const counts = new Map([...audit].map(([key, value]) => [key, countPieces(value ?? "")] as const));
  const losses: Loss[] = [];
  for (const { key, piece } of acknowledged) {
    const count = counts.get(key)?.get(piece);
    if (counts.has(key) && count === undefined)
      losses.push({ key, piece, words: `${piece} was acknowledged and is not in ${key}` });
  }
  for (const [key, pieces] of counts) {
    for (const [piece, count] of pieces) {
      if (count > 1) losses.push({ key, piece, words: `${piece} is in ${key} ${count} times` });
      if (asked.get(key)?.has(piece) !== true)
        losses.push({ key, piece, words: `${piece} is in ${key} and nobody appended it` });
    }
  }
  return losses;
}

function countPieces(value: string): ReadonlyMap<string, number> {
  const counts = new Map<string, number>();
  for (const piece of value.split(/(?<=;)/)) if (piece !== "") counts.set(piece, (counts.get(piece) ?? 0) + 1);
  return counts;
}
