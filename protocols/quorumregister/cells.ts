/** The replica's side: it answers queries and takes newer cells. */
import { compareTimestamps, type WriteSeq } from "../core/index.js";
import type { RegisterMessage } from "./messages.js";
import type { Out, RegisterState } from "./state.js";

/**
 * What the own replica answers, and the write that the answer must wait for. A query waits too: a value that is told
 * and then lost in a crash would have been read before a value that is older (a new-old inversion).
 */
export function serve(
  s: RegisterState,
  m: Extract<RegisterMessage, { type: "Query" | "Propagate" }>,
  out: Out,
): { readonly response: RegisterMessage; readonly after: WriteSeq } {
  const { incarnation, operation } = m;
  if (m.type === "Query") {
    const cell = s.cells.get(m.key) ?? null;
    const response = { type: "QueryResponse", incarnation, operation, cell } as const;
    return { response, after: s.unsynced.get(m.key) ?? 0 };
  }
  const { cell } = m;
  const own = s.cells.get(cell.key) ?? null;
  if (compareTimestamps(cell.timestamp, own?.timestamp ?? null) > 0) {
    s.cells.set(cell.key, cell);
    s.seq += 1;
    s.unsynced.set(cell.key, s.seq);
    out.push({ type: "store", seq: s.seq, cells: [cell] });
  }
  const response = { type: "PropagateResponse", incarnation, operation } as const;
  return { response, after: s.unsynced.get(cell.key) ?? 0 };
}
