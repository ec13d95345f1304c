// What a scanned line says, and where. Compiled code knows constants of its own module only; of others it must look them
// up. So whoever is in a hurry takes these into constants of its own.

/** Slots: values of their own in every line, each with four places. `FIRST` and `SECOND` are a pair's. */
export const KEY = 0;
export const VALUE = 4;
export const OBSERVED = 8;
export const PROCESS = 12;
export const FIRST = 16;
export const SECOND = 20;
export const SKIPPED = 24;
// The other fields that a run may lead to. The values of type, f and level are few and belong to their runs.
export const TIME = 28;
export const TYPE = 32;
export const NAME = 33;
export const LEVEL = 34;
export const END = 35;
export const NOTHING = 36;
/** The next run begins with the key. */
export const SAID_KEY = 37;
/** Added to the field that follows a run which says a type, f, level or key. */
export const SAYING = 64;

// The places of a slot, after what it holds: where that starts and ends; of a `COUNT` the number, of a `TEXT` its hash,
// of `SAID` the number of the key.
export const START = 1;
export const STOP = 2;
export const WORD = 3;
/** Behind the slots: `INVOKE` to `FAIL`, 3 = info; ids from {@link Names}; each -1 = not given. The place of the line end. */
export const TYPE_ID = 28;
export const NAME_ID = 29;
export const LEVEL_ID = 30;
export const LINE_END = 31;

/** What a slot holds. `COUNT`: a whole number of 1 to 9 digits. `LIST`: a list that is not a pair of scalars. */
export const ABSENT = 0;
export const TEXT = 1;
export const COUNT = 2;
export const NULL = 3;
export const SCALAR = 4;
export const PAIR = 5;
export const LIST = 6;
export const SAID = 7;

export const INVOKE = 0;
export const OK = 1;
export const FAIL = 2;
