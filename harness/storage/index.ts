export * from "./contract.js";
export { levelDriver } from "./level.js";
export { type MemoryDisk, memoryDisk, memoryDriver } from "./memory.js";
export { type WalOptions, walDriver } from "./wal/wal.js";
export type { Files, OpenFile } from "./files.js";
export { nodeFiles } from "./nodeFiles.js";
