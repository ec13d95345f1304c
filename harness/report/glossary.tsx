/** What every word and number of the report means. */
import type { VNode } from "preact";
import type { IncidentMatrix } from "../record/index.js";
import { formatMs, formatNumber } from "./format.js";
import { METRICS } from "./metrics.js";

/** Terms besides the metrics, by the fragment that tables link to. */
const TERMS: readonly { readonly id: string; readonly term: string; readonly meaning: string }[] = [
  {
    id: "virtual",
    term: "Virtual milliseconds",
    meaning:
      "Time on the simulator's clock. Link delays, syncs and timers follow a model with the stated figures; nothing is measured, and the machine's speed has no part in it. They show what a protocol's rules make of delays, not how fast an implementation is.",
  },
  {
    id: "event",
    term: "Event",
    meaning: "One input given to one replica: a message, a timeout, a completed disk write, a client's request.",
  },
  {
    id: "seed",
    term: "Seed",
    meaning:
      "Every draw of a run (delays, losses, timers, keys) follows from its seed. All protocols meet the same weather under the same seed: the regime of a link at a moment depends on the seed, the link and the time, not on what a protocol sends.",
  },
  {
    id: "median",
    term: "Median and 95 % interval",
    meaning:
      "The middle value over seeds, and an interval from order statistics that holds the true median in 95 of 100 repetitions. It assumes nothing about the distribution and takes at least six seeds.",
  },
  {
    id: "ratio",
    term: "Paired ratio",
    meaning:
      "One protocol's value over another's under the same seed; then the median over seeds. An interval that holds 1 means that these seeds show no difference.",
  },
  {
    id: "floor",
    term: "Floor",
    meaning:
      "The least commit latency that arithmetic allows: client to leader and back, plus the time until the quorum's slowest needed member has synced and answered.",
  },
  {
    id: "timing",
    term: "Timing profile",
    meaning:
      "matched: every protocol has the same budget to notice a dead leader. native: every protocol has the defaults of its real systems.",
  },
  {
    id: "linearizable",
    term: "Linearizable",
    meaning:
      "There is one order of all operations that respects real time and explains every answer. Checked over writes and linearizable reads of each client history; undecided when the search met its deadline.",
  },
  {
    id: "invariants",
    term: "Invariants",
    meaning:
      "Facts about the replicas that may never be false, checked at every step: among them one leader a round, no two values applied at one place, and a quorum of disks holding a value when it is first applied.",
  },
  {
    id: "liveness",
    term: "Liveness",
    meaning:
      "Once faults stop for a majority, writes must commit again within several times the timeouts. Only scenarios that stop their faults can show it.",
  },
  {
    id: "expectations",
    term: "Expectations",
    meaning:
      "What the scenario's own file says must hold, such as a least number of commits or a stretch in which nothing may commit.",
  },
  {
    id: "trace",
    term: "Trace against the spec",
    meaning: "Whether each step that the code took is a step that the protocol's TLA+ specification allows.",
  },
  {
    id: "voter",
    term: "Voter, learner",
    meaning:
      "A voter counts for elections and commits; a learner (ZAB: observer) receives the log and serves reads but counts for neither.",
  },
  {
    id: "prevote",
    term: "PreVote, CheckQuorum",
    meaning:
      "Two options of Raft. PreVote: a node asks whether it could win before it raises its term. CheckQuorum: a leader that does not hear from a majority steps down.",
  },
];

/** What each number means. Tables link to its terms. */
export function Glossary({ matrix }: { readonly matrix: IncidentMatrix | null }): VNode {
  return (
    <section id="glossary">
      <h2>What each number means</h2>
      <dl class="terms">
        {TERMS.slice(0, 3).map(Term)}
        {METRICS.map((m) => (
          <div id={`term-${m.name}`} key={m.name}>
            <dt>{m.title}</dt>
            <dd>{m.meaning}</dd>
          </div>
        ))}
        {TERMS.slice(3).map(Term)}
        {matrix !== null && <Term id="story" term="The story" meaning={storyMeaning(matrix)} />}
      </dl>
    </section>
  );
}

function storyMeaning({ slowMs, outageShare }: IncidentMatrix): string {
  return `Slow commits: while the link was degraded, half of the commits took longer than ${formatMs(slowMs)}, which none does that stays at home. Outage: at least ${formatNumber(outageShare * 100)} % of that time was without commits.`;
}

function Term({ id, term, meaning }: (typeof TERMS)[number]): VNode {
  return (
    <div id={`term-${id}`} key={id}>
      <dt>{term}</dt>
      <dd>{meaning}</dd>
    </div>
  );
}
