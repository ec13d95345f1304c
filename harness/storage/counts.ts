import type { StorageCounts } from "./contract.js";

export function emptyCounts(): StorageCounts {
  return { writes: 0, batches: 0, bytes: 0, syncsOnLoop: 0, syncsBeside: 0, syncsElse: 0 };
}
