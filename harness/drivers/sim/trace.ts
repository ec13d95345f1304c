/** The trace of a run: one action of a core, or one event of its environment, a line. */

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
  /** Virtual nanoseconds. */
  readonly time: number;
  readonly lamport: number;
}

export interface TracedWrite {
  readonly hard: unknown;
  readonly truncateFrom: number | null;
  readonly snapshot: { readonly index: number; readonly round: number } | null;
  readonly entries: readonly unknown[];
}

/** Fields of a line that an event of the environment does not have. */
export const NO_STEP = { sent: [], received: null, wrote: null, state: null } as const;

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
function plain(_key: string, value: unknown): unknown {
  if (value instanceof Uint8Array) return [...value];
  if (value instanceof Set) return [...value];
  if (value instanceof Map) return [...value];
  return value;
}
