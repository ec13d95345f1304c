export {
  type Ask,
  type EventKind,
  type FaultNow,
  InteractiveSimulation,
  type InteractiveOptions,
  type LinkView,
  type NodeView,
  type Stepped,
} from "./interactive.js";
export { manifestOf, specOf } from "./manifest.js";
export { explicitFaults } from "./schedule.js";
export { minimize, sameFailure, shrink, type ShrinkOptions, type Shrunk } from "./shrink.js";
export { configurationOf, runSimulation } from "./simulation.js";
export type { EnvironmentCounts, MachineDigest, SimulationOutcome, SimulationSpec, Subject } from "./spec.js";
export { type TraceLine, traceList, type TraceSink, traceWriter } from "./trace.js";
