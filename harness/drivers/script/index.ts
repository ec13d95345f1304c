export { type Mismatch, runScript, type ScriptOptions, type ScriptResult } from "./runScript.js";
export { ScriptError } from "./scriptError.js";
export { ScriptSession } from "./session.js";
