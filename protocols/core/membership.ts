/** Who takes part: voters decide, learners (ZooKeeper's observers) only follow. */

/** Opaque identity of a replica, e.g. "n1". */
export type NodeId = string & { readonly __nodeId: unique symbol };

/** Any text names a node; what is well formed is the business of whoever reads it from outside. */
export function nodeId(text: string): NodeId {
  return text as NodeId;
}

/** A replica of the cluster. */
export interface Member {
  readonly id: NodeId;
  /** 1..65535. Never reused, never changed: it is the node's name on the wire, and Paxos ballots are owned by it. */
  readonly ordinal: number;
  readonly role: "voter" | "learner";
}

/** Quorum sizes in voters. Safe only if `election + replication > voters`; see `configurationProblems`. */
export interface Quorums {
  readonly election: number;
  readonly replication: number;
}

/** Who takes part and how many of them decide. Every replica of a cluster starts with the same one. */
export interface Configuration {
  readonly members: readonly Member[];
  /** null: majorities for both. */
  readonly quorums: Quorums | null;
}

/** In the order of the configuration, which need not be that of the ordinals. */
export function voters(config: Configuration): readonly Member[] {
  return config.members.filter((member) => member.role === "voter");
}

/** null: nobody has the id. */
export function memberById(config: Configuration, id: NodeId): Member | null {
  return config.members.find((member) => member.id === id) ?? null;
}

/** null: nobody has the ordinal. */
export function memberByOrdinal(config: Configuration, ordinal: number): Member | null {
  return config.members.find((member) => member.ordinal === ordinal) ?? null;
}

/** Every other member, sorted by ordinal, so that two replicas never differ in the order they send. */
export function peersOf(config: Configuration, self: NodeId): readonly Member[] {
  return config.members.filter((member) => member.id !== self).sort((a, b) => a.ordinal - b.ordinal);
}

/**
 * What is unsafe or malformed about a configuration, one line each. Quorums that do not intersect are reported here and
 * nowhere else: a core runs whatever it is given, so that a laboratory can show what a misconfigured quorum does.
 */
export function configurationProblems(config: Configuration, electionQuorumsIntersect: boolean): readonly string[] {
  const problems: string[] = [];
  const ids = new Set(config.members.map((member) => member.id));
  const ordinals = new Set(config.members.map((member) => member.ordinal));
  if (ids.size !== config.members.length) problems.push("two members have the same id");
  if (ordinals.size !== config.members.length) problems.push("two members have the same ordinal");
  if (
    config.members.some((member) => !Number.isInteger(member.ordinal) || member.ordinal < 1 || member.ordinal > 65535)
  ) {
    problems.push("an ordinal is not an integer from 1 to 65535");
  }
  const count = voters(config).length;
  if (count === 0) problems.push("there is no voter");
  if (config.quorums === null) return problems;
  const { election, replication } = config.quorums;
  for (const [name, size] of [
    ["election", election],
    ["replication", replication],
  ] as const) {
    if (!Number.isInteger(size) || size < 1 || size > count)
      problems.push(`the ${name} quorum ${size} is not from 1 to ${count}`);
  }
  if (election + replication <= count) {
    problems.push(
      `election quorum ${election} + replication quorum ${replication} do not exceed ${count} voters: they can miss each other`,
    );
  }
  if (electionQuorumsIntersect && 2 * election <= count) {
    problems.push(`two election quorums of ${election} fit into ${count} voters: two leaders can share a round`);
  }
  return problems;
}
