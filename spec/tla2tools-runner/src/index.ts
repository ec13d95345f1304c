export { check, type CheckResult, simulate, type SimulateOptions, type ViolationKind } from "./check.js";
export type { Counterexample, TraceState } from "./counterexample.js";
export { ToolError, type ToolErrorCode } from "./errors.js";
export { type Frame, FrameParser, type FrameSink } from "./frames.js";
export { graph, type GraphItem } from "./graph.js";
export { findJava, type Java } from "./java.js";
export { type Jar, type JarOptions, PINNED, resolveJar } from "./jar.js";
export { parse, type ParseResult } from "./parse.js";
export { OVERRIDES_JAR, type Progress, type TlcInput, type TlcOptions } from "./tlc.js";
export {
  type Difference,
  type TraceVerdict,
  type ValidateOptions,
  type ValidateResult,
  validateTraces,
} from "./validateTraces.js";
export { parseValue, type TlaValue } from "./values.js";
export { version } from "./version.js";
