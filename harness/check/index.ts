export { HistoryBuilder, type InputOptions } from "./builder.js";
export { historyFromEvents } from "./events.js";
export { type History, type OperationView, viewOperation } from "./history.js";
export { checkLinearizable, type LinearizableOptions, type LinearizableResult, type Verdict } from "./linearizable.js";
export { staleReads } from "./stale.js";
export {
  type HistoryFormat,
  historyFormats,
  type ReadOptions,
  readHistoryFile,
  readHistoryText,
} from "./read/index.js";
export { checkLadder, checkLevel, type LadderOptions, type LadderResult, withAllReads } from "./ladder/all.js";
export { allLevels, implied, includes, type Level, type LevelResult, type StaleAges } from "./ladder/levels.js";
export { staleAges } from "./ladder/staleness.js";
export { type BuiltinModel, builtinModels } from "./builtin.js";
export type { Model, ModelOperation } from "./model.js";
export { type Confirmation, verifyOrder, verifyWitness } from "./verify/verifier.js";
export { type PageInput, historyPage } from "./explain/page.js";
export { contradiction, operationInWords, operationLine, timeInWords, witnessInWords } from "./explain/words.js";
export {
  type Certificate,
  type CheckFileOptions,
  type CheckFileResult,
  checkFile,
  checkHistory,
  checkManifest,
  type ManifestResult,
  type ManifestRow,
} from "./file.js";
