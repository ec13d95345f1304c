/** The verbs of a script, the same for every protocol. */
import type { ScriptCluster, ScriptNode, Travelling } from "./cluster.js";
import { beat, elect, isJoined, isLeader, leaders, runUntil, settle, syncAll, tick } from "./drive.js";
import { readRead, readWrite } from "./operations.js";
import { diskText, logText, operationText, statusText, writeText } from "./print.js";
import { ScriptError } from "./scriptError.js";
import { allowSettings, allowWords, type Line, numberSetting, wholeNumber, wordAt } from "./words.js";

/** What a verb may use of the session. */
export interface VerbContext {
  readonly cluster: ScriptCluster;
  readonly quiet: boolean;
  /** The next sequence number of a client, or the given one, remembered as its last. */
  sequence(client: number, given: number | null): number;
  /** A client id that no line has used. */
  newClient(): number;
}

export interface Verb {
  readonly usage: string;
  readonly settings: readonly string[];
  /** Words it takes at most. */
  readonly wordsMax: number;
  /** Its own lines, shown after what the cluster did. */
  run(context: VerbContext, line: Line): readonly string[] | void;
}

const SELECT = ["from", "to", "type", "nth"];

export const VERBS: { readonly [name: string]: Verb } = {
  start: {
    usage: "start [NODE …]   boots nodes for the first time; all without a name",
    settings: [],
    wordsMax: 100,
    run: ({ cluster }, line) => {
      for (const node of nodesOf(cluster, line, cluster.nodes)) cluster.boot(node);
    },
  },
  restart: {
    usage: "restart NODE …   boots a crashed node from its disk",
    settings: [],
    wordsMax: 100,
    run: ({ cluster }, line) => {
      wordAt(line, 0, "restart NODE …");
      for (const node of nodesOf(cluster, line, [])) cluster.boot(node);
    },
  },
  crash: {
    usage: "crash NODE … [keep=N]   loses memory and unsynced writes, all but the N oldest",
    settings: ["keep"],
    wordsMax: 100,
    run: ({ cluster }, line) => {
      wordAt(line, 0, "crash NODE … [keep=N]");
      for (const node of nodesOf(cluster, line, [])) cluster.crash(node, numberSetting(line, "keep", 0, 0));
    },
  },
  timeout: {
    usage: "timeout NODE TIMER   fires a running timer",
    settings: [],
    wordsMax: 2,
    run: ({ cluster }, line) => {
      const usage = "timeout NODE TIMER";
      cluster.timeout(cluster.node(wordAt(line, 0, usage)), wordAt(line, 1, usage));
    },
  },
  tick: {
    usage: "tick [NODE]   fires the timer that is due first, in the cluster or at one node",
    settings: [],
    wordsMax: 1,
    run: ({ cluster }, line) => tick(cluster, nodesOf(cluster, line, cluster.running())),
  },
  wait: {
    usage: "wait MS   moves time on without firing a timer",
    settings: [],
    wordsMax: 1,
    run: ({ cluster }, line) => {
      cluster.nowMs += wholeNumber(wordAt(line, 0, "wait MS"), "MS", 0);
    },
  },
  deliver: {
    usage:
      "deliver [all] [from=NODE] [to=NODE] [type=TYPE] [nth=N]   delivers the first (or N-th, or every) such message",
    settings: SELECT,
    wordsMax: 1,
    run: ({ cluster }, line) => {
      for (const message of select(cluster, line)) cluster.deliver(message);
    },
  },
  drop: {
    usage: "drop [all] [from=NODE] [to=NODE] [type=TYPE] [nth=N]   loses it",
    settings: SELECT,
    wordsMax: 1,
    run: ({ cluster }, line) => {
      for (const message of select(cluster, line)) cluster.drop(message);
    },
  },
  duplicate: {
    usage: "duplicate [all] [from=NODE] [to=NODE] [type=TYPE] [nth=N]   sends it once more, behind the others",
    settings: SELECT,
    wordsMax: 1,
    run: ({ cluster }, line) => {
      for (const message of select(cluster, line)) cluster.duplicate(message);
    },
  },
  sync: {
    usage: "sync [NODE [COUNT]] | sync auto | sync manual   completes the oldest writes; auto: always at once",
    settings: [],
    wordsMax: 2,
    run: ({ cluster }, line) => runSync(cluster, line),
  },
  snapshot: {
    usage: "snapshot NODE   completes the snapshot that the node is saving",
    settings: [],
    wordsMax: 1,
    run: ({ cluster }, line) => {
      const node = cluster.node(wordAt(line, 0, "snapshot NODE"));
      if (node.saving.length === 0) throw new ScriptError(`${node.member.id} is not saving a snapshot`);
      cluster.saveSnapshot(node);
    },
  },
  settle: {
    usage:
      "settle [beats=N] [without=NODE,…]   syncs and delivers all until quiet, then fires the leader's timers N times",
    settings: ["beats", "without"],
    wordsMax: 0,
    run: ({ cluster }, line) => {
      const names = line.settings.get("without")?.split(",") ?? [];
      const without = names.map((name) => cluster.node(name));
      const beats = numberSetting(line, "beats", 0, 0);
      if (without.length > 0 && beats > 0) throw new ScriptError("beats wait for every node: leave out without");
      settle(cluster, without);
      for (let i = 0; i < beats; i += 1) beat(cluster);
    },
  },
  elect: {
    usage: "elect NODE   fires timers, its own first, and settles until it is an established leader and is followed",
    settings: [],
    wordsMax: 1,
    run: ({ cluster }, line) => {
      const node = cluster.node(wordAt(line, 0, "elect NODE"));
      if (node.host === null) throw new ScriptError(`${node.member.id} is down`);
      const id = node.member.id;
      if (elect(cluster, node)) return [`${id} leads`];
      return [
        `${id} does not lead (${
          leaders(cluster)
            .map((other) => other.member.id)
            .join(", ") || "nobody does"
        })`,
      ];
    },
  },
  run: {
    usage: "run until=leader|joined|NODE   fires timers as they are due, until someone (or NODE) leads, or all follow",
    settings: ["until"],
    wordsMax: 0,
    run: ({ cluster }, line) => {
      const until = line.settings.get("until");
      if (until === undefined) throw new ScriptError("run until=leader, until=joined or until=NODE expected");
      const reached = runUntil(cluster, condition(cluster, until));
      const names = leaders(cluster).map((node) => node.member.id);
      const led = names.length === 0 ? "nobody leads" : `${names.join(", ")} leads`;
      return [reached ? led : `not reached: ${led}`];
    },
  },
  propose: {
    usage: "propose NODE OPERATION [; OPERATION …] [client=N] [seq=N]   puts, deletes, cas or append, in one loop turn",
    settings: ["client", "seq"],
    wordsMax: 1000,
    run: (context, line) => runPropose(context, line),
  },
  read: {
    usage: "read NODE get KEY [LEVEL] | range FROM TO LIMIT [LEVEL]   linearizable, sync or local",
    settings: [],
    wordsMax: 6,
    run: (context, line) => {
      const node = context.cluster.node(wordAt(line, 0, "read NODE get KEY [LEVEL]"));
      const { operation, level } = readRead(line.words.slice(1));
      const label = `${operationText(operation)}${level === "linearizable" ? "" : ` (${level})`}`;
      context.cluster.request(node, operation, level, context.newClient(), 1, label);
    },
  },
  cut: {
    usage: "cut FROM TO   loses every message sent that way from now on",
    settings: [],
    wordsMax: 2,
    run: ({ cluster }, line) => {
      const from = cluster.node(wordAt(line, 0, "cut FROM TO"));
      cluster.cut(from.member.id, cluster.node(wordAt(line, 1, "cut FROM TO")).member.id);
    },
  },
  partition: {
    usage: "partition NODE … | NODE …   loses every message between groups from now on; what travels still arrives",
    settings: [],
    wordsMax: 100,
    run: ({ cluster }, line) => runPartition(cluster, line),
  },
  heal: {
    usage: "heal   ends all cuts and partitions",
    settings: [],
    wordsMax: 0,
    run: ({ cluster }) => cluster.heal(),
  },
  status: {
    usage: "status [NODE …]   role, round, leader, commit; in quiet mode the role alone",
    settings: [],
    wordsMax: 100,
    run: ({ cluster, quiet }, line) =>
      nodesOf(cluster, line, cluster.nodes).map(({ member, host }) => {
        if (host === null) return `${member.id} down`;
        return quiet ? `${member.id} ${host.status().role}` : statusText(member.id, host.status());
      }),
  },
  values: {
    usage: "values [NODE …]   what the machines hold",
    settings: [],
    wordsMax: 100,
    run: ({ cluster }, line) =>
      nodesOf(cluster, line, cluster.nodes).map(({ member, host }) => {
        if (host === null) return `${member.id} down`;
        const pairs = host.pairs().map(([key, value]) => `${key}=${value}`);
        return `${member.id} ${pairs.length === 0 ? "(empty)" : pairs.join(" ")}`;
      }),
  },
  log: {
    usage: "log [NODE …]   the log in memory: index/round and what is there",
    settings: [],
    wordsMax: 100,
    run: ({ cluster }, line) =>
      nodesOf(cluster, line, cluster.running()).map(({ member, host }) => {
        if (host === null) throw new ScriptError(`${member.id} is down: use disk`);
        return `${member.id} ${logText(cluster.module, host.state)}`;
      }),
  },
  disk: {
    usage: "disk [NODE …]   what is durable",
    settings: [],
    wordsMax: 100,
    run: ({ cluster }, line) =>
      nodesOf(cluster, line, cluster.nodes).map(({ member, disk }) => `${member.id} ${diskText(disk)}`),
  },
  pending: {
    usage: "pending [NODE …]   unsynced writes and the messages they hold back",
    settings: [],
    wordsMax: 100,
    run: ({ cluster }, line) => nodesOf(cluster, line, cluster.nodes).flatMap((node) => pendingText(cluster, node)),
  },
  messages: {
    usage: "messages [from=NODE] [to=NODE] [type=TYPE]   what is on its way",
    settings: ["from", "to", "type"],
    wordsMax: 0,
    run: ({ cluster }, line) => {
      const found = matching(cluster, line).map((message) => cluster.messageText(message));
      return found.length === 0 ? ["(none)"] : found;
    },
  },
  timers: {
    usage: "timers [NODE …]   running timers, the one due first in front",
    settings: [],
    wordsMax: 100,
    run: ({ cluster }, line) =>
      nodesOf(cluster, line, cluster.nodes).map((node) => {
        const names = cluster.timersOf(node).map((timer) => timer.name);
        return `${node.member.id} ${names.join(" ") || "(none)"}`;
      }),
  },
};

/** Runs one verb of the table. Throws ScriptError for anything that the line has wrong. */
export function runVerb(context: VerbContext, line: Line): readonly string[] {
  const verb = Object.hasOwn(VERBS, line.verb) ? VERBS[line.verb] : undefined;
  if (verb === undefined) throw new ScriptError(`unknown verb "${line.verb}"; "help" lists them`);
  allowSettings(line, verb.settings);
  allowWords(line, verb.wordsMax, verb.usage);
  return verb.run(context, line) ?? [];
}

function condition(cluster: ScriptCluster, until: string): () => boolean {
  if (until === "leader") return () => leaders(cluster).length > 0;
  if (until === "joined") return () => isJoined(cluster);
  const wanted = cluster.node(until);
  return () => isLeader(wanted);
}

function nodesOf(cluster: ScriptCluster, line: Line, fallback: readonly ScriptNode[]): readonly ScriptNode[] {
  return line.words.length === 0 ? fallback : line.words.map((word) => cluster.node(word));
}

function matching(cluster: ScriptCluster, line: Line): readonly Travelling[] {
  const { settings } = line;
  const from = settings.get("from");
  const to = settings.get("to");
  const type = settings.get("type");
  if (from !== undefined) cluster.node(from);
  if (to !== undefined) cluster.node(to);
  return cluster.flight.filter(
    (travelling) =>
      (from === undefined || travelling.from === from) &&
      (to === undefined || travelling.to === to) &&
      (type === undefined || travelling.message.type === type),
  );
}

function select(cluster: ScriptCluster, line: Line): readonly Travelling[] {
  const word = line.words[0];
  if (word !== undefined && word !== "all") throw new ScriptError(`"all" or nothing expected, found "${word}"`);
  if (word === "all" && line.settings.has("nth")) throw new ScriptError(`"all" and nth exclude each other`);
  const found = matching(cluster, line);
  const nth = numberSetting(line, "nth", 1, 1);
  const chosen = word === "all" ? found : found.slice(nth - 1, nth);
  if (chosen.length > 0) return chosen;
  const travelling = cluster.flight.map((message) => cluster.messageText(message));
  throw new ScriptError(`no such message on its way (there are: ${travelling.join(" | ") || "none"})`);
}

function runSync(cluster: ScriptCluster, line: Line): void {
  const [first, count] = line.words;
  if (first === "auto" || first === "manual") {
    cluster.autosync = first === "auto";
    if (cluster.autosync) syncAll(cluster, cluster.running());
    return;
  }
  if (first === undefined) {
    syncAll(cluster, cluster.running());
    return;
  }
  const node = cluster.node(first);
  if (node.disk.pending().length === 0) throw new ScriptError(`${first} has no unsynced write`);
  cluster.sync(node, count === undefined ? node.disk.pending().length : wholeNumber(count, "COUNT", 1));
}

function runPropose(context: VerbContext, line: Line): void {
  const { cluster } = context;
  const node = cluster.node(wordAt(line, 0, "propose NODE OPERATION"));
  const operations = splitAt(line.words.slice(1), ";").map(readWrite);
  const named = line.settings.has("client");
  if (named && operations.length > 1) throw new ScriptError("a client has one outstanding operation");
  if (!named && line.settings.has("seq")) throw new ScriptError("seq needs client");
  for (const operation of operations) {
    const client = named ? numberSetting(line, "client", 1, 1) : context.newClient();
    const given = line.settings.has("seq") ? numberSetting(line, "seq", 1, 1) : null;
    const seq = context.sequence(client, given);
    const label = `${named ? `c${client}#${seq} ` : ""}${operationText(operation)}`;
    cluster.request(node, operation, "linearizable", client, seq, label);
  }
  cluster.turnEnd(node);
}

function runPartition(cluster: ScriptCluster, line: Line): void {
  const groups = splitAt(line.words, "|").map((group) => group.map((word) => cluster.node(word)));
  if (groups.length < 2) throw new ScriptError("two groups expected: partition n1 n2 | n3");
  for (const group of groups) {
    for (const other of groups) {
      if (group === other) continue;
      for (const from of group) for (const to of other) cluster.cut(from.member.id, to.member.id);
    }
  }
}

function splitAt(words: readonly string[], separator: string): readonly (readonly string[])[] {
  const parts: string[][] = [[]];
  for (const word of words) {
    if (word === separator) parts.push([]);
    else parts[parts.length - 1]?.push(word);
  }
  return parts;
}

function pendingText(cluster: ScriptCluster, node: ScriptNode): readonly string[] {
  const id = node.member.id;
  const lines = node.disk.pending().map((write) => `${id} write ${writeText(write)}`);
  for (const { after, travelling } of node.held) lines.push(`${id} held #${after} ${cluster.messageText(travelling)}`);
  return lines;
}
