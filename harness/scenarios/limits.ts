/** What is more than a run can hold or finish: said before it begins, not by a full memory after minutes. */
import type { Scenario } from "./scenario.js";

/** A week. Nanoseconds of it are far from where integers stop being exact. */
export const DURATION_MAX_MS = 604_800_000;

/** Multi-Paxos counts acknowledgements in the bits of a 32-bit integer. */
const VOTERS_MAX = 31;
const NODES_MAX = 100;
const CLIENTS_MAX = 10_000;
const RATE_MAX = 1_000_000;
const KEYS_MAX = 1_000_000;
const VALUE_BYTES_MAX = 1 << 20;

const NAME = /^[^\s\p{C}]([^\p{C}]*[^\s\p{C}])?$/u;
/** What `isName` asks for. */
export const NAME_WORDS = "a name of one line without spaces at its ends";

/** Names stand in lines and tables, where a blank, a line end or a control character could not be seen. */
export function isName(text: string): boolean {
  return NAME.test(text);
}

/** @param fail says where something is wrong and ends the check */
export function checkLimits(scenario: Scenario, fail: (path: string, expected: string, found: unknown) => never): void {
  const { cluster, workload, durationMs, faults } = scenario;
  const most = (path: string, value: number, max: number): void => {
    if (value > max) fail(path, `a number up to ${max}`, value);
  };
  const { nodes } = cluster;
  const voters = nodes.filter(({ role }) => role === "voter").length;
  if (voters > VOTERS_MAX) fail("/cluster/nodes", `at most ${VOTERS_MAX} voters`, voters);
  if (nodes.length > NODES_MAX) fail("/cluster/nodes", `at most ${NODES_MAX} nodes`, nodes.length);
  for (const [i, { region }] of nodes.entries())
    if (!isName(region)) fail(`/cluster/nodes/${i}/region`, NAME_WORDS, JSON.stringify(region));
  most("/durationMs", durationMs, DURATION_MAX_MS);
  most("/workload/keys/count", workload.keys.count, KEYS_MAX);
  most("/workload/valueBytes", workload.valueBytes ?? 0, VALUE_BYTES_MAX);
  let clients = 0;
  for (const [i, { count, loop }] of workload.clients.entries()) {
    clients += count;
    if (clients > CLIENTS_MAX) fail(`/workload/clients/${i}/count`, `at most ${CLIENTS_MAX} clients in all`, count);
    if (loop.type === "open") most(`/workload/clients/${i}/loop/ratePerSecond`, loop.ratePerSecond, RATE_MAX);
  }
  for (const [i, { everyMs }] of faults.entries())
    if (everyMs !== undefined && everyMs > 0 && everyMs < 1) fail(`/faults/${i}/everyMs`, "a number >= 1", everyMs);
}
