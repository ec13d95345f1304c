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
export { INVARIANT_NAMES } from "./invariantNames.js";
export { manifestOf, specOf } from "./manifest.js";
export { explicitFaults } from "./schedule.js";
export { minimize, sameFailure, shrink, type ShrinkOptions, type Shrunk } from "./shrink.js";
export { configurationOf, runSimulation } from "./simulation.js";
export type { EnvironmentCounts, MachineDigest, SimulationOutcome, SimulationSpec, Subject } from "./spec.js";
export { type TraceLine, traceList, type TraceSink, traceWriter } from "./trace.js";

// What a run on live processes shares with the simulator: links and their weather, clients, the schedule of faults.
export { Clients } from "./clients.js";
export { type Band, Faults, type NodeFault, type NodeFaults, type Undo } from "./faults.js";
export { Leaders } from "./leaders.js";
export { LivenessWatch } from "./liveness.js";
export { arrives, createPacket, onLinkBreak, resetConnection, transmitPacket, wayBack } from "./network.js";
export { Random } from "./random.js";
export type { Recorder } from "./recorder.js";
export { clientReply } from "./reply.js";
export { createSurroundings, type SurroundingsOf, type SurroundingsSpec } from "./surroundings.js";
export {
  ARRIVE,
  type Client,
  CLIENT,
  END,
  FAULT,
  type Link,
  LINK_BREAK,
  NS_PER_MS,
  type Packet,
  RESTART,
  type Station,
  type Surroundings,
} from "./world.js";
