/** `synod cluster`: a cluster of processes on this machine, in the foreground, and orders to it from another shell. */
import { randomBytes } from "node:crypto";
import { existsSync, mkdirSync, readdirSync, rmSync } from "node:fs";
import { join, resolve } from "node:path";
import type { TimingProfile } from "../../../protocols/core/index.js";
import { configurationOf, explicitFaults, Faults } from "../../drivers/sim/index.js";
import { InputError, loadScenario, resolveOptions, type Scenario, shown } from "../../scenarios/index.js";
import {
  type Action,
  ACTIONS,
  type ClusterState,
  giveOrder,
  LiveCluster,
  type NodeRow,
  obey,
  openControl,
  ProcessFaults,
  readState,
  rowsOf,
  writeState,
} from "../../subjects/cluster/index.js";
import { EXIT, type ExitCode } from "../exit.js";
import { plural } from "../numbers.js";
import type { ClusterOrderOutput, ClusterOutput } from "../output.js";
import { protocolByName, titleOf } from "../protocols.js";
import { table, type Terminal } from "../terminal.js";

/** What `synod cluster` was asked for. */
export interface ClusterOptions {
  readonly protocol: string;
  readonly scenario: string | undefined;
  readonly nodes: number;
  readonly learners: number;
  readonly timing: TimingProfile;
  readonly seed: number;
  readonly dir: string;
  /** Throw away what an earlier cluster has stored in the folder. */
  readonly fresh: boolean;
}

const NODES_MAX = 15;
/** Every node should have said how it is before the table is shown. */
const STATUS_MS = 3_000;

/** Voters and learners in one room, without weather. */
function plainScenario({ nodes, learners }: ClusterOptions): Scenario {
  if (nodes + learners > NODES_MAX)
    throw new InputError({
      file: "--nodes",
      path: "",
      expected: `at most ${NODES_MAX} nodes, learners included`,
      found: `${nodes + learners}`,
    });
  const of = (role: "voter" | "learner", count: number): Scenario["cluster"]["nodes"] =>
    Array.from({ length: count }, () => ({ region: "home", role }));
  return {
    name: "cluster",
    title: "A cluster",
    about: "Nodes in one room.",
    cluster: { nodes: [...of("voter", nodes), ...of("learner", learners)] },
    links: { kind: "stream", local: { delayMs: 0 } },
    workload: { clients: [], keys: { count: 1, distribution: "uniform" } },
    faults: [],
    durationMs: 0,
    mode: "compare",
  };
}

/** Runs a cluster in the foreground until it is told to stop. */
export async function cluster(options: ClusterOptions, out: Terminal): Promise<ExitCode> {
  const { module } = protocolByName(options.protocol);
  const scenario = options.scenario === undefined ? plainScenario(options) : loadScenario(options.scenario);
  // Wrong settings are said before anything is started.
  resolveOptions(scenario, module, options.timing, options.scenario ?? "cluster");
  const dir = resolve(options.dir);
  const name = prepareFolder(dir, options, scenario);
  const { timing, seed } = options;
  const shimmed = options.scenario !== undefined;
  const ids = configurationOf(scenario).members.map(({ id }) => id);
  const state: ClusterState = { cluster: name, protocol: module.name, nodes: ids, control: null };
  // Even if it does not come up: the folder is a cluster's from now on.
  writeState(dir, state);
  const live = await LiveCluster.start({
    module,
    scenario,
    timing,
    seed,
    dir,
    tracedMax: 0,
    services: true,
    shimmed,
    name,
  });
  let stop: () => void = () => undefined;
  const stopped = new Promise<void>((done) => {
    stop = done;
  });
  const control = await openControl(async (order) => {
    const answer = await obey(live, order);
    if (order.action === "stop") setImmediate(stop);
    return answer;
  });
  writeState(dir, { ...state, control: { pid: process.pid, port: control.port, token: control.token } });
  process.once("SIGINT", stop);
  process.once("SIGTERM", stop);
  try {
    await live.firstLeader(scenario.cluster.firstLeader !== undefined);
    await live.until(() => live.nodes.every(({ status }) => status !== null), STATUS_MS);
    sayUp(options, live, out);
    live.onHappening = ({ words }) => out.say(`${clock()} ${words}`);
    if (scenario.faults.length > 0) startFaults(live, scenario, seed, out);
    await stopped;
    out.say("stopping");
  } finally {
    process.off("SIGINT", stop);
    process.off("SIGTERM", stop);
    control.close();
    await live.stop();
    writeState(dir, state);
  }
  return live.problems.length === 0 ? EXIT.ok : EXIT.violated;
}

/** The name of the cluster whose data lie there and go on, or a new one. */
function prepareFolder(dir: string, options: ClusterOptions, scenario: Scenario): string {
  const fresh = `synod-${randomBytes(4).toString("hex")}`;
  const state = readState(dir);
  if (state === null) {
    if (existsSync(dir) && readdirSync(dir).length > 0)
      throw new InputError({
        file: "--dir",
        path: "",
        expected: "a folder that is empty, absent, or a cluster's",
        found: dir,
      });
    mkdirSync(dir, { recursive: true });
    return fresh;
  }
  if (state.control !== null && isRunning(state.control.pid))
    throw new InputError({
      file: "--dir",
      path: "",
      expected: "a folder in which no cluster runs",
      found: `${dir}, where process ${state.control.pid} runs one; stop it with: npx synod cluster stop --dir ${options.dir}`,
    });
  const count = scenario.cluster.nodes.length;
  if (!options.fresh && state.protocol === options.protocol && state.nodes.length === count) return state.cluster;
  if (!options.fresh)
    throw new InputError({
      file: "--dir",
      path: "",
      expected: `a folder of ${plural(count, "node")} of ${options.protocol}, or --fresh to throw its data away`,
      found: `${plural(state.nodes.length, "node")} of ${state.protocol}`,
    });
  for (const id of state.nodes) if (/^n\d+$/.test(id)) rmSync(join(dir, id), { recursive: true, force: true });
  return fresh;
}

function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

/** The scenario's faults fire on live processes, from the first leader on. */
function startFaults(live: LiveCluster, scenario: Scenario, seed: number, out: Terminal): void {
  const { stage } = live;
  stage.act(() => {
    live.beginClock();
    const faults = new Faults(stage.world, live.leaders, new ProcessFaults(live), explicitFaults(scenario, seed));
    const { players } = stage;
    if (players === null) return;
    stage.players = {
      ...players,
      fault: (number, what) => {
        faults.onEvent(number, what);
        if (what === 1) out.say(`${clock()} fault ${number + 1} ends`);
        else out.say(`${clock()} fault ${number + 1}: ${hitWords(faults.hit(number))}`);
      },
    };
    faults.start();
  });
}

function hitWords({ nodes, skipped }: { readonly nodes: readonly string[]; readonly skipped: string | null }): string {
  return skipped ?? `hits ${nodes.join(", ")}`;
}

function sayUp({ protocol, dir, scenario }: ClusterOptions, live: LiveCluster, out: Terminal): void {
  const rows = rowsOf(live);
  const leader = live.leaders.leader();
  const led = leader === null ? "nobody leads yet" : `${leader.id} leads round ${leader.leaderRound}`;
  const weather = scenario === undefined ? "no weather between them" : `the weather of ${scenario} between them`;
  out.say(`${titleOf(protocol)}, ${plural(rows.length, "node")}, ${weather}; ${led}.`);
  for (const line of rowTable(rows)) out.say(line);
  const etcd = rows.flatMap((row) => row.etcd ?? []);
  out.say();
  if (etcd.length > 0) out.say(`Try: etcdctl --endpoints=${etcd.join(",")} put greeting hello`);
  out.say(
    `Another shell: npx synod cluster ${ACTIONS.join("|")} --dir ${dir} [NODE]. Logs: ${join(dir, "n1", "node.log")} and so on.`,
  );
  out.say("Ctrl-C stops it.");
  const result: ClusterOutput = {
    protocol,
    cluster: live.name,
    dir: resolve(dir),
    leader: leader?.id ?? null,
    nodes: rows,
  };
  out.result(result);
}

function rowTable(rows: readonly NodeRow[]): string[] {
  const header = ["node", "process", "role", "round", "clients", "peers", "etcd", "metrics"];
  return table(
    header,
    rows.map((row) => [
      row.id,
      row.pid === null ? "-" : String(row.pid),
      row.role,
      row.round === null ? "-" : String(row.round),
      row.client,
      row.peer,
      row.etcd ?? "-",
      row.metrics ?? "-",
    ]),
  );
}

function clock(): string {
  return new Date().toISOString().slice(11, 23);
}

/** An order to the cluster that runs in `dir`. */
export async function orderCluster(
  action: string,
  node: string | undefined,
  dir: string,
  out: Terminal,
): Promise<ExitCode> {
  const known = ACTIONS.find((one) => one === action);
  if (known === undefined)
    throw new InputError({ file: "cluster", path: "", expected: `one of ${ACTIONS.join(", ")}`, found: shown(action) });
  const alone: readonly Action[] = ["status", "stop"];
  if (alone.includes(known) !== (node === undefined))
    throw new InputError({
      file: `cluster ${action}`,
      path: "",
      expected: alone.includes(known) ? "no node: it means the whole cluster" : "the id of a node, n1 for example",
      found: node === undefined ? "none" : shown(node),
    });
  const state = readState(resolve(dir));
  const answer = state === null ? null : await giveOrder(state, { action: known, node: node ?? null });
  if (answer === null)
    throw new InputError({ file: "--dir", path: "", expected: "the folder of a cluster that runs", found: dir });
  if (answer.words !== "") out.say(answer.words);
  if (known === "status") for (const line of rowTable(answer.nodes)) out.say(line);
  const result: ClusterOrderOutput = { action: known, ok: answer.ok, words: answer.words, nodes: answer.nodes };
  out.result(result);
  return answer.ok ? EXIT.ok : EXIT.unknown;
}
