/** "raft/5voters/1learner/grpc": a subject and its settings as one word. */
import { SUBJECT_KINDS, type SubjectKind, type SubjectSpec } from "./subject.js";

const VOTERS_MAX = 9;
const LEARNERS_MAX = 4;
/** What each setting can be said of. */
const OURS: readonly SubjectKind[] = ["raft", "multipaxos", "zab"];
const DRIVEN: readonly SubjectKind[] = [...OURS, "plainLoop"];

type Draft = { -readonly [K in keyof SubjectSpec]: SubjectSpec[K] };

interface Setting {
  readonly words: RegExp;
  readonly of: readonly SubjectKind[];
  readonly apply: (draft: Draft, found: string) => void;
}

const SETTINGS: readonly Setting[] = [
  { words: /^([1-9])voters?$/, of: SUBJECT_KINDS, apply: (draft, n) => void (draft.voters = Number(n)) },
  { words: /^([0-9])learners?$/, of: OURS, apply: (draft, n) => void (draft.learners = Number(n)) },
  {
    words: /^(wal|level|memory)$/,
    of: DRIVEN,
    apply: (draft, store) => void (draft.store = store as SubjectSpec["store"]),
  },
  {
    words: /^(adaptive|loop|async)$/,
    of: DRIVEN,
    apply: (draft, sync) => void (draft.sync = sync as SubjectSpec["sync"]),
  },
  { words: /^(nosync)$/, of: DRIVEN, apply: (draft) => void (draft.noSync = true) },
  { words: /^(grpc)$/, of: OURS, apply: (draft) => void (draft.grpc = true) },
  { words: /^(machine)$/, of: ["plainLoop"], apply: (draft) => void (draft.machine = true) },
  { words: /^(lease)$/, of: ["raft", "multipaxos"], apply: (draft) => void (draft.lease = true) },
];

/** Words for the help and for errors. */
export const SUBJECT_WORDS =
  `one of ${SUBJECT_KINDS.join(", ")}, and settings behind slashes: Nvoters, Nlearners, wal, level, memory, adaptive, ` +
  "loop, async, nosync, grpc, lease, machine";

/** Throws RangeError with what was expected. */
export function parseSubject(text: string): SubjectSpec {
  const [kind, ...words] = text.split("/");
  if (!isKind(kind)) throw new RangeError(`"${text}" is no subject: expected ${SUBJECT_WORDS}`);
  const draft: Draft = {
    name: text,
    kind,
    voters: 3,
    learners: 0,
    store: "wal",
    sync: "adaptive",
    noSync: false,
    grpc: false,
    lease: false,
    machine: false,
  };
  for (const word of words) applyWord(draft, word);
  if (draft.voters > VOTERS_MAX || draft.learners > LEARNERS_MAX)
    throw new RangeError(`"${text}": expected at most ${VOTERS_MAX} voters and ${LEARNERS_MAX} learners`);
  return draft;
}

function applyWord(draft: Draft, word: string): void {
  for (const { words, of, apply } of SETTINGS) {
    const found = words.exec(word)?.[1];
    if (found === undefined) continue;
    if (!of.includes(draft.kind)) throw new RangeError(`"${draft.name}": ${word} can be said of ${of.join(", ")} only`);
    apply(draft, found);
    return;
  }
  throw new RangeError(`"${draft.name}": no setting "${word}"; expected ${SUBJECT_WORDS}`);
}

function isKind(text: string | undefined): text is SubjectKind {
  return (SUBJECT_KINDS as readonly (string | undefined)[]).includes(text);
}
