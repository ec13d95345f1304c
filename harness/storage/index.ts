export * from "./contract.js";
export { levelDriver } from "./level.js";
export { type MemoryDisk, memoryDisk, memoryDriver } from "./memory.js";
export { walDriver } from "./wal/driver.js";
export type { WalOptions } from "./wal/settings.js";
export type { Files, OpenFile } from "./files.js";
export { nodeFiles } from "./nodeFiles.js";
