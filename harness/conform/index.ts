export type { BoundedModel, BranchCoverage, CheckedProtocol, CheckSettings, ModelOutcome } from "./checked.js";
export { branchCoverage } from "./coverage.js";
export { CHECKED } from "./models.js";
export { recordedMutants } from "./mutants.js";
export type { EventCollector, TracedProtocol, TraceEvent } from "./protocol.js";
export { specFolder } from "./protocol.js";
export { type RunToValidate, type RunVerdict, tracedEvents, traceWords, validateRuns } from "./runs.js";
export { TRACED, tracedProtocol } from "./traced.js";
export { type TraceResult, validateEvents, type ValidateSettings, validateTrace, type Validation } from "./validate.js";
