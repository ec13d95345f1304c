/** What the simulator itself looks at; a protocol's own invariants are its module's. Scenarios that break one name it. */
export const INVARIANT_NAMES = [
  "acknowledged writes",
  "apply in order",
  "durability",
  "election safety",
  "equal snapshots",
  "leader completeness",
  "log matching",
  "monotonic commit",
  "no replica throws",
  "one value per timestamp",
  "quorum of disks",
  "state-machine safety",
  "timestamps grow",
  "write quorum of disks",
] as const;

/** The name of one of them. */
export type InvariantName = (typeof INVARIANT_NAMES)[number];
