// How the search sees an object: states are numbers, an operation leads from one to another or is impossible.

/** Result of a step that the object forbids. */
export const IMPOSSIBLE = -1;

/** The object of one part, for operations that the search does not know itself (appends, models of one's own). */
export interface Machine {
  readonly initial: number;
  /** State after operation `i` in `state`, or `IMPOSSIBLE`. */
  step(state: number, i: number): number;
  /** True if operation `i` never changes the state where it is possible. */
  isPure(i: number): boolean;
  /** Operations of the same class do the same in every state. */
  classOf(i: number): number;
  /** May the search go from `state` to another state `next` by operation `i`? False only if no completion can follow. */
  mayLeave(state: number, next: number, i: number): boolean;
  /** The state to go on with after the pure operations of a configuration: equal numbers for indistinguishable states. */
  settle(state: number): number;
  /** Told when an operation enters or leaves the linearized set. */
  onLift(i: number): void;
  onUnlift(i: number): void;
  /** Gives back to the budget what the states took. */
  release(): void;
}
