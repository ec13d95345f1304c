/** Exit codes of every verb. */
export const EXIT = {
  /** All well. */
  ok: 0,
  /** A property was violated. */
  violated: 1,
  /** Unknown or incomplete. */
  unknown: 2,
  /** Wrong usage or bad input. */
  usage: 64,
} as const;

/** What a verb ends with. */
export type ExitCode = (typeof EXIT)[keyof typeof EXIT];

/** The most serious of several: violated, then unknown, then ok. */
export function worst(outcomes: readonly ("ok" | "violated" | "unknown")[]): "ok" | "violated" | "unknown" {
  if (outcomes.includes("violated")) return "violated";
  return outcomes.includes("unknown") ? "unknown" : "ok";
}

/** The exit code of a verdict. */
export function exitOf(outcome: "ok" | "violated" | "unknown"): ExitCode {
  return EXIT[outcome];
}
