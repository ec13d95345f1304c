/** The trace of a run, simulated or real: one action of a core, or one event of its environment, a line. */

/** One action of a node, or one event of its environment. */
export interface TraceLine {
  readonly seq: number;
  /** The node that acted, or that the environment acted on. */
  readonly node: string;
  /** Name of the TLA+ action; events of the environment are Drop, Duplicate, Crash, Sync, Corrupt. */
  readonly action: string;
  readonly args: readonly unknown[];
  /** Messages that this action sent (they may still be held behind a write), as `[to, message]`. */
  readonly sent: readonly (readonly [string, unknown])[];
  /** The message that this step was about, as `[from, message]`, at the first action of the step; null elsewhere. */
  readonly received: readonly [string, unknown] | null;
  /** The write that this action asked for, without its number; null: none. */
  readonly wrote: TracedWrite | null;
  /** The node's state after it in the spec's variables; null for events of the environment. */
  readonly state: unknown;
  /** Nanoseconds: virtual in a simulated run, since the epoch of the node's clock in a real one. */
  readonly time: number;
  readonly lamport: number;
}

/** What an action wrote. */
export interface TracedWrite {
  readonly hard: unknown;
  readonly truncateFrom: number | null;
  readonly snapshot: { readonly index: number; readonly round: number } | null;
  readonly entries: readonly unknown[];
}

/** Fields of a line that an event of the environment does not have. */
export const NO_STEP = { sent: [], received: null, wrote: null, state: null } as const;

/** Takes lines as they come. */
export interface TraceSink {
  line(line: TraceLine): void;
}

/** A sink that keeps everything, for tests. */
export function traceList(): TraceSink & { readonly lines: TraceLine[] } {
  const lines: TraceLine[] = [];
  return { lines, line: (line) => void lines.push(line) };
}

/** A sink that hands NDJSON to `write` in pieces of about `pieceChars`; call `end` for the rest. */
export function traceWriter(write: (text: string) => void, pieceChars = 1 << 16): TraceSink & { end(): void } {
  let pending = "";
  const flush = (): void => {
    if (pending !== "") write(pending);
    pending = "";
  };
  return {
    line(line) {
      pending += `${JSON.stringify(line, plain)}\n`;
      if (pending.length >= pieceChars) flush();
    },
    end: flush,
  };
}

/** Maps and sets as sorted lists, bytes as numbers: a line is plain JSON whatever a core puts into its state. */
function plain(this: unknown, key: string, value: unknown): unknown {
  // A Buffer has turned itself into something else before it comes here.
  const own = (this as Readonly<Record<string, unknown>>)[key];
  if (own instanceof Uint8Array) return [...own];
  if (value instanceof Set) return [...value];
  if (value instanceof Map) return [...value];
  return value;
}

/** Of an effect of a step as much as enters a trace; every effect is one. */
interface AnyEffect {
  readonly type: string;
}
interface Action extends AnyEffect {
  readonly name: string;
  readonly args: readonly unknown[];
  readonly specState: unknown;
}
interface Sent extends AnyEffect {
  readonly to: string;
  readonly message: unknown;
}

/** What all lines of one step have in common. */
export interface TracedStep {
  readonly node: string;
  /** The message that the step is about. */
  readonly received: TraceLine["received"];
  readonly time: number;
  readonly lamport: number;
}

/**
 * A line per action. A message and a write belong to the action that follows them in the step, or to the last one. The
 * lines come before what the network does with the messages.
 *
 * @param nextSeq numbers the line
 */
export function traceStep(
  step: TracedStep,
  effects: readonly AnyEffect[],
  nextSeq: () => number,
  sink: TraceSink,
): void {
  let last = -1;
  for (let i = 0; i < effects.length; i += 1) if (effects[i]?.type === "action") last = i;
  let { received } = step;
  let from = 0;
  for (let i = 0; i <= last; i += 1) {
    const effect = effects[i] as AnyEffect;
    if (effect.type !== "action") continue;
    const { name: action, args, specState: state } = effect as Action;
    const { sent, wrote } = outgoing(effects.slice(from, i === last ? effects.length : i));
    const { node, time, lamport } = step;
    sink.line({ seq: nextSeq(), node, action, args, sent, received, wrote, state, time, lamport });
    received = null;
    from = i + 1;
  }
}

function outgoing(effects: readonly AnyEffect[]): Pick<TraceLine, "sent" | "wrote"> {
  const sent: (readonly [string, unknown])[] = [];
  let wrote: TraceLine["wrote"] = null;
  for (const effect of effects) {
    if (effect.type === "send" || effect.type === "sendSnapshot") {
      const { to, message } = effect as Sent;
      sent.push([to, message]);
    }
    if (effect.type !== "persist") continue;
    const { hard, truncateFrom, snapshot, entries } = effect as AnyEffect & TracedWrite;
    wrote = { hard, truncateFrom, snapshot, entries };
  }
  return { sent, wrote };
}
