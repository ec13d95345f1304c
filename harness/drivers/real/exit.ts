/** Exit codes of a node's process, beside 0. */
export const EXIT = {
  /** A bug. */
  bug: 70,
  /** The configuration is wrong, or an address cannot be had. */
  config: 64,
  /** The store is damaged, or another process has it. */
  corrupt: 65,
  /** The disk refused a write or a sync. */
  disk: 66,
} as const;
