import type { Store } from "./store.js";

/**
 * The keys of a range in etcd's terms: `end` "" is the one key, "\0" every key from `key` on, else [key, end). Keys that
 * are deleted now are among them.
 */
export function keysOf(store: Store, key: string, end: string): Iterable<string> {
  if (end === "") return [key];
  return store.between(key, end === "\0" ? null : end);
}
