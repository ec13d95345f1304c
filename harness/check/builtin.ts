// The models that the tiers know by themselves, and the words each of them understands.

import { HistoryFormatError } from "../record/history.js";
import type { History } from "./history.js";

/**
 * `register`: read, write. `cas-register`: and cas. `kv`: get, put, delete, cas, append, range on many keys, absent at
 * first. `kv-append`: get, put, append; every key is "" at first. `read` = `get` and `write` = `put` everywhere, and keys
 * are always independent objects unless a range ties them together.
 */
export type BuiltinModel = "register" | "cas-register" | "kv" | "kv-append";

const words: { readonly [model in BuiltinModel]: readonly string[] } = {
  register: ["read", "write", "get", "put"],
  "cas-register": ["read", "write", "get", "put", "cas"],
  kv: ["get", "put", "delete", "cas", "append", "range", "read", "write"],
  "kv-append": ["get", "put", "append", "read", "write"],
};

/** Names of the objects that need no model of your own. */
export const builtinModels = Object.keys(words) as readonly BuiltinModel[];

/** @throws {HistoryFormatError} naming the first operation that the model does not know. */
export function rejectForeignOperations(h: History, model: BuiltinModel): void {
  const foreign = h.names.findIndex((name) => !words[model].includes(name));
  if (foreign < 0) return;
  const i = h.name.indexOf(foreign);
  const line = h.line[i] ?? 0;
  throw new HistoryFormatError(
    h.file,
    line,
    `an operation of model ${model} (${words[model].join(", ")}), not "${h.names[foreign]}"`,
  );
}
