/** The run manifest: all that a rerun needs, and the hash it must come to. */
export interface RunManifest {
  readonly kind: "synod-run";
  /** Version of this format. */
  readonly format: 1;
  readonly synodVersion: string;
  readonly nodeVersion: string;
  readonly protocol: string;
  readonly timing: "matched" | "native";
  /** @asType integer @minimum 0 @maximum 4294967295 */
  readonly seed: number;
  /** The whole scenario, not its name: files change. Faults that a shrinker removed are absent. */
  readonly scenario: unknown;
  /** Client operations left out, by ordinal of issue; from the shrinker. */
  readonly omittedOperations: readonly number[];
  /** Stop after this many events; null: at the scenario's end. @minimum 1 */
  readonly eventsMax: number | null;
  /** @pattern ^[0-9a-f]{16}$ */
  readonly traceHash: string;
  readonly verdict: "ok" | "violated";
  /**
   * Hash over all other fields, set when the manifest is written to a file. `replay` refuses a file whose fields do not
   * match it; absent: nobody can tell whether it was edited.
   * @pattern ^[0-9a-f]{16}$
   */
  readonly contentHash?: string;
}
