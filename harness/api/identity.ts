import { createHash } from "node:crypto";

const ids = new Map<string, number>();

/** The number of a cluster, or of a member of it: from the names alone, below 2^48, never 0 for any name in practice. */
export function idOf(cluster: string, member: string | null): number {
  const name = JSON.stringify([cluster, member]);
  let id = ids.get(name);
  if (id === undefined) {
    id = createHash("sha256").update(name).digest().readUIntBE(0, 6);
    ids.set(name, id);
  }
  return id;
}
