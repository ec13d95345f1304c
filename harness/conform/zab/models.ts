/** The bounded models of ZAB: bounds and prefixes are in spec/zab/MCZab*, and bounds are read from there. */
import { type Zab, zab } from "../../../protocols/zab/index.js";
import type { Model, ModelledProtocol, SpecModel } from "../checked.js";
import { constantsOf } from "../constants.js";
import { zabAdapter } from "./adapter.js";
import type { DiskImage } from "./view.js";

export interface Bounds {
  readonly candidates: readonly string[];
  readonly elections: number;
  readonly giveUps: number;
  readonly restarts: number;
  readonly requests: number;
  readonly snapshots: number;
  readonly reads: number;
  readonly messagesMax: number;
  readonly window: number;
  readonly trailing: number;
  readonly lost: readonly string[];
  /** Three unless the model says TwoServers. */
  readonly servers: number;
}

/** How the models name the number. */
const READS: Readonly<Record<string, number>> = { OneRead: 1, TwoReads: 2 };

const models: readonly Model[] = (
  [
    ["Small", "three servers are elected, one request"],
    ["Again", "the leader may give up and be elected again"],
    ["Broadcast", "an epoch is led, two requests, a restart"],
    ["Diverged", "two histories have parted, an epoch is discovered"],
    ["Ahead", "the elected server has less than its follower"],
    ["Promised", "two servers propose the same epoch to one"],
    ["Trunc", "a server returns with what nobody else has"],
    ["Late", "a server that needs TRUNC gives up and is told again, and the first TRUNC comes late"],
    ["Snap", "a server joins whose history was compacted away"],
    ["Reads", "reads by SYNC and through the log, beside a request"],
  ] as const
).map(([name, about]) => ({ name, about, size: "small", prefix: [] }));

/** Models of the spec alone. */
const specModels: readonly SpecModel[] = [
  {
    name: "Live",
    about: "where nothing is lost, an epoch is led and what is asked of its leader is committed everywhere",
    size: "small",
    prefix: [],
    deadlock: true,
  },
  {
    name: "Medium",
    about: "an epoch is led; its leader may give up, any server may crash, another may be elected",
    size: "medium",
    prefix: [],
  },
];

/** What must hold is checked within narrower bounds than those of the graph, but for Small, whose graph is MCZabElected. */
function configFile({ name }: Pick<Model, "name">, purpose: "check" | "graph"): string {
  if (specModels.some((one) => one.name === name)) return `zab/MCZab${name}.cfg`;
  if (name === "Small") return `zab/MCZab${purpose === "graph" ? "Elected" : "Small"}.cfg`;
  return `zab/MCZab${name}${purpose === "graph" ? "" : "Safety"}.cfg`;
}

function boundsOf(model: Model): Bounds {
  const value = constantsOf(configFile(model, "graph"));
  const names = (constant: string): string[] =>
    [...value(constant).matchAll(/"([^"]+)"/g)].map((one) => one[1] as string);
  return {
    candidates: names("Candidates"),
    elections: Number(value("Elections")),
    giveUps: Number(value("GiveUps")),
    restarts: Number(value("Restarts")),
    requests: Number(value("Requests")),
    snapshots: Number(value("Snapshots")),
    reads: READS[value("Reads", "")] ?? 0,
    messagesMax: Number(value("MessagesMax")),
    window: Number(value("Window")),
    trailing: Number(value("Trailing")),
    lost: names("Lost"),
    servers: value("Servers") === "TwoServers" ? 2 : 3,
  };
}

export const zabModels: ModelledProtocol<Zab, DiskImage> = {
  name: "zab",
  title: "ZAB",
  models,
  specModels,
  module: zab,
  spec: "zab/MCZab.tla",
  config: configFile,
  adapter: (module, model, tracing) => zabAdapter(module, boundsOf(model), tracing),
};
