/** The contract of `protocols/core/contract.ts`, tested on any protocol. Callers name the protocol and its variants. */
import { describe, expect, test } from "vitest";
import {
  type AnyModule,
  anyModule,
  type Codec,
  CodecError,
  type Protocol,
  type ProtocolModule,
} from "../../protocols/core/index.js";
import { ContractRules, type Tally } from "./contractRules.js";
import { deepFreeze, difference } from "./plainData.js";
import { type AnyEffect, type Observer, RandomRun } from "./randomRun.js";

export interface SuiteOptions {
  /**
   * Settings over the matched defaults, by a name for people. They should make snapshots frequent in at least one, so
   * that a lagging replica needs them.
   */
  readonly variants: { readonly [name: string]: object };
}

const SEEDS = [1, 2, 3, 4];
const EVENTS = 2500;
/** Comparing whole states costs far more than a step: one step in so many is looked at. Prime, to meet every kind. */
const SAMPLE = 13;

export function protocolSuite<P extends Protocol>(typed: ProtocolModule<P>, { variants }: SuiteOptions): void {
  const module = anyModule(typed);
  describe(`${module.name} keeps the contract`, () => {
    for (const [name, settings] of Object.entries(variants)) {
      const options = { ...module.defaultOptions("matched"), ...settings };
      describe(name, () => runTests(module, options));
    }
    optionTests(module);
  });
}

function play(module: AnyModule, options: object, seed: number, tracing: boolean, observer: Observer): void {
  new RandomRun({ module, options, seed, tracing, voters: 3, learners: 1, observer }).run(EVENTS);
}

function runTests(module: AnyModule, options: object): void {
  const played = (observer: () => Observer, tracing = false) => {
    for (const seed of SEEDS) play(module, options, seed, tracing, observer());
  };

  test("the options are valid", () => expect(module.optionsProblem(options)).toBeNull());

  test("every rule that a step can break holds, and the runs are not vacuous", () => {
    const tallies = SEEDS.map((seed) => {
      const rules = new ContractRules(module);
      play(module, options, seed, false, rules);
      expect(rules.findings.slice(0, 3), `seed ${seed}`).toEqual([]);
      return rules.tally;
    });
    const total = (field: keyof Tally) => tallies.reduce((sum, tally) => sum + tally[field], 0);
    expect(total("committed")).toBeGreaterThan(100);
    expect(total("leaders")).toBeGreaterThan(SEEDS.length);
    expect(total("restarts")).toBeGreaterThan(SEEDS.length);
    expect(total("served")).toBeGreaterThan(20);
    expect(total("rejected")).toBeGreaterThan(20);
  });

  test("equal inputs give equal effects", () => {
    const transcript = () => {
      const steps: unknown[] = [];
      play(module, options, 7, true, { after: (_, input, effects) => steps.push([input, structuredClone(effects)]) });
      return steps;
    };
    const first = transcript();
    expect(first.length).toBeGreaterThan(EVENTS / 2);
    expect(difference(transcript(), first)).toBeNull();
  });

  test("a clone does what its original does, and shares nothing with it", () => played(() => cloneObserver(module)));

  test("nothing that was handed out or in is changed later", () =>
    played(() => ({
      before: (_, input) => deepFreeze(input),
      after: (_node, _input, effects) => deepFreeze(effects),
    })));

  test("the spec's state moves only by actions, and tracing changes nothing else", () => {
    played(() => traceObserver(module), true);
    const effects = (tracing: boolean) => {
      const seen: (readonly AnyEffect[])[] = [];
      const keep = (list: readonly AnyEffect[]) => list.filter((effect) => effect.type !== "action");
      play(module, options, 8, tracing, { after: (_node, _input, list) => seen.push(structuredClone(keep(list))) });
      return seen;
    };
    expect(difference(effects(true), effects(false))).toBeNull();
  });

  test("no action is emitted while tracing is off", () => {
    const after: Observer["after"] = (_node, _input, effects) =>
      expect(effects.some((effect) => effect.type === "action")).toBe(false);
    play(module, options, 9, false, { after });
  });

  test("every message and hard state survives its codec; damaged bytes are refused or mean something else", () => {
    const types = new Set<string>();
    for (const seed of SEEDS) play(module, options, seed, false, codecObserver(module, seed, types));
    expect(types.size, "kinds of messages").toBeGreaterThan(3);
  });

  test("a read at a level that the protocol lacks is rejected as unsupported", () => {
    const lacking = (["linearizable", "sync", "local"] as const).filter((level) => !module.readLevels.includes(level));
    const reasons = new Set<string>();
    const after: Observer["after"] = (_node, input, effects) => {
      if (input.type !== "read" || !lacking.includes(input.level)) return;
      for (const effect of effects) if (effect.type === "reject") reasons.add(`${effect.outcome} ${effect.reason}`);
    };
    play(module, options, 10, false, { after });
    expect([...reasons]).toEqual(lacking.length === 0 ? [] : ["failed unsupported"]);
  });
}

/** Fails with the place in the data, which `toEqual` on a whole state would bury. */
function same(what: string, a: unknown, b: unknown): void {
  const found = difference(a, b);
  if (found !== null) expect.fail(`${what} ${found}`);
}

function cloneObserver(module: AnyModule): Observer {
  let steps = 0;
  let clone: { readonly state: object; readonly effects: unknown } | null = null;
  return {
    before: (node, input, nowMs) => {
      steps += 1;
      clone = null;
      if (steps % SAMPLE !== 0) return;
      const original = node.state as object;
      const untouched = structuredClone(original);
      const state = module.clone(original);
      same("clone and original:", state, original);
      const effects = structuredClone(module.step(state, input, nowMs));
      same(`${input.type} given to the clone changed the original:`, original, untouched);
      clone = { state, effects };
    },
    after: (node, input, effects) => {
      if (clone === null) return;
      same(`effects of ${input.type}:`, effects, clone.effects);
      same(`state after ${input.type}:`, node.state, clone.state);
    },
  };
}

function traceObserver(module: AnyModule): Observer {
  let before: unknown = null;
  return {
    before: (node) => {
      before = structuredClone(module.specState(node.state as object));
    },
    after: (node, input, effects) => {
      const now = module.specState(node.state as object);
      const actions = effects.flatMap((effect) => (effect.type === "action" ? effect : []));
      const last = actions[actions.length - 1];
      if (last === undefined) same(`${input.type} moved the spec's state without an action:`, now, before);
      else same(`the spec's state with ${last.name} and after the step:`, last.specState, now);
    },
  };
}

function codecObserver(module: AnyModule, seed: number, types: Set<string>): Observer {
  let draw = seed;
  const roundTrip = <M>(codec: Codec<M>, value: M): M => {
    const bytes = encoded(codec, value);
    const decoded = codec.decode(bytes);
    same("decoded:", decoded, value);
    draw += 1;
    checkDamage(codec, bytes, draw);
    return decoded;
  };
  return {
    after: (_node, _input, effects) => {
      for (const effect of effects) {
        if (effect.type === "persist" && effect.hard !== null) roundTrip(module.hardCodec, effect.hard);
        if (effect.type !== "send" && effect.type !== "sendSnapshot") continue;
        types.add(effect.message.type);
        const decoded = roundTrip(module.codec, effect.message);
        const line = module.describe(effect.message);
        if (!line.startsWith(effect.message.type) || line.includes("\n")) expect.fail(`described as "${line}"`);
        same("description:", module.describe(decoded), line);
      }
    },
  };
}

/** Header and payloads as they go over a wire, written at an offset to see that `at` is honoured. */
function encoded<M>(codec: Codec<M>, value: M): Uint8Array {
  const header = codec.headerBytes(value);
  const into = new Uint8Array(header + 5).fill(0xee);
  const payloads = codec.encode(value, into, 3);
  const around = [...into.subarray(0, 3), ...into.subarray(3 + header)];
  if (around.some((byte) => byte !== 0xee)) expect.fail("a header is written outside its place");
  const bytes = new Uint8Array(codec.totalBytes(value));
  bytes.set(into.subarray(3, 3 + header));
  let at = header;
  for (const payload of payloads) {
    bytes.set(payload, at);
    at += payload.length;
  }
  same("bytes and totalBytes", at, bytes.length);
  return bytes;
}

/** A shorter, a longer and a flipped version: CodecError, or for a flip a value that encodes to the same bytes. */
function checkDamage<M>(codec: Codec<M>, bytes: Uint8Array, draw: number): void {
  const cut = (draw * 31) % Math.max(1, bytes.length);
  if (decodedOrNull(codec, bytes.slice(0, cut)) !== null) expect.fail(`${cut} of ${bytes.length} bytes are decoded`);
  const longer = new Uint8Array(bytes.length + 1);
  longer.set(bytes);
  if (decodedOrNull(codec, longer) !== null) expect.fail("a byte too many is not noticed");
  const flipped = bytes.slice();
  const at = (draw * 17) % Math.max(1, bytes.length);
  flipped[at] = (flipped[at] as number) ^ (1 << (draw % 8));
  const value = decodedOrNull(codec, flipped);
  if (value !== null) same(`byte ${at} flipped, decoded and encoded:`, encoded(codec, value), flipped);
}

/** Any error but CodecError is passed on. */
function decodedOrNull<M>(codec: Codec<M>, bytes: Uint8Array): M | null {
  try {
    return codec.decode(bytes);
  } catch (error) {
    if (error instanceof CodecError) return null;
    throw error;
  }
}

function optionTests(module: AnyModule): void {
  test.each(["native", "matched"] as const)("the %s defaults are valid", (timing) => {
    expect(module.optionsProblem(module.defaultOptions(timing))).toBeNull();
  });

  test("a number out of range, of no kind, or infinite is named as a problem", () => {
    const defaults = module.defaultOptions("matched");
    const names = Object.entries(defaults).flatMap(([name, value]) => (typeof value === "number" ? name : []));
    expect(names.length).toBeGreaterThan(3);
    for (const name of names) {
      for (const bad of [-1, Number.NaN, Number.POSITIVE_INFINITY]) {
        const problem = module.optionsProblem({ ...defaults, [name]: bad });
        expect(problem, `${name}=${bad}`).toEqual(expect.any(String));
        expect(problem).not.toContain("\n");
      }
    }
  });
}
