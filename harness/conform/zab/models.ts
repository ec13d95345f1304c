/** The bounded models of ZAB: their bounds are in spec/zab/MCZab*.cfg alone, and are read from there. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { specFolder } from "../protocol.js";

export interface Bounds {
  readonly candidates: readonly string[];
  readonly elections: number;
  readonly giveUps: number;
  readonly restarts: number;
  readonly requests: number;
  readonly snapshots: number;
  readonly messagesMax: number;
  readonly window: number;
  readonly trailing: number;
  readonly lost: readonly string[];
  /** Three unless the model says TwoServers. */
  readonly servers: number;
}

/** The models that code and spec are both explored in. */
export const ZAB_MODELS = ["Elected", "Again", "Broadcast", "Diverged", "Ahead", "Promised", "Trunc", "Snap"] as const;

export function modelFile(name: string): string {
  return join(specFolder(), "zab", `MCZab${name}.cfg`);
}

/** @throws Error where the file does not name one of the bounds */
export function boundsOf(name: string): Bounds {
  const text = readFileSync(modelFile(name), "utf8");
  const value = (constant: string): string => {
    const found = new RegExp(`^  ${constant} (?:=|<-) (.*)$`, "m").exec(text)?.[1];
    if (found === undefined) throw new Error(`${modelFile(name)} does not say ${constant}`);
    return found;
  };
  const names = (constant: string): string[] =>
    [...value(constant).matchAll(/"([^"]+)"/g)].map((one) => one[1] as string);
  return {
    candidates: names("Candidates"),
    elections: Number(value("Elections")),
    giveUps: Number(value("GiveUps")),
    restarts: Number(value("Restarts")),
    requests: Number(value("Requests")),
    snapshots: Number(value("Snapshots")),
    messagesMax: Number(value("MessagesMax")),
    window: Number(value("Window")),
    trailing: Number(value("Trailing")),
    lost: names("Lost"),
    servers: value("Servers") === "TwoServers" ? 2 : 3,
  };
}
