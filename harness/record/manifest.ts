/** The run manifest: all that a rerun needs, and the hash it must come to. */
export interface RunManifest {
  readonly kind: "synod-run";
  /** Version of this format. */
  readonly format: 1;
  readonly synodVersion: string;
  readonly nodeVersion: string;
  readonly protocol: string;
  readonly timing: "matched" | "native";
  readonly seed: number;
  /** The whole scenario, not its name: files change. Faults that a shrinker removed are absent. */
  readonly scenario: unknown;
  /** Client operations left out, by ordinal of issue; from the shrinker. */
  readonly omittedOperations: readonly number[];
  /** Stop after this many events; null: at the scenario's end. */
  readonly eventsMax: number | null;
  readonly traceHash: string;
  readonly verdict: "ok" | "violated";
}
