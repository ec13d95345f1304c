/**
 * A scenario's faults made explicit: every swarm spelled out, every repetition its own fault, every drawn time and
 * quantity a number. What is drawn hangs on the fault's own text, not on its place in the list, so that leaving one out
 * (as the shrinker does) changes no other.
 */
import type { Draw, Fault, Scenario } from "../../scenarios/index.js";
import { hashText, Random } from "./random.js";
import { swarmFaults } from "./swarm.js";

/** Sorted by time. An explicit list comes back as it is. */
export function explicitFaults(scenario: Scenario, seed: number): readonly Fault[] {
  const listed = scenario.faults.flatMap((fault) =>
    fault.type === "swarm" ? swarmFaults(scenario, fault, seed) : [fault],
  );
  const seen = new Map<string, number>();
  const explicit = listed.flatMap((fault) => {
    const text = JSON.stringify(fault);
    // Two equal faults are two draws.
    const copy = seen.get(text) ?? 0;
    seen.set(text, copy + 1);
    return occurrences(scenario, fault, new Random(seed, `fault ${text}`, copy));
  });
  return explicit.sort((a, b) => startOf(a) - startOf(b));
}

export function startOf(fault: Fault): number {
  return fault.atMs as number;
}

/** A generator for what a fault draws when it fires (which follower, for example). */
export function faultRandom(seed: number, fault: Fault): Random {
  return new Random(seed, "fault fires", hashText(JSON.stringify(fault)));
}

function occurrences(scenario: Scenario, fault: Fault, random: Random): Fault[] {
  const end = scenario.faultsEndMs ?? scenario.durationMs;
  const { everyMs, ...once } = fault;
  const found: Fault[] = [];
  const first = fixed(fault.atMs, random);
  for (let at = first; at < end; at += everyMs ?? Number.POSITIVE_INFINITY) {
    const times = fault.forMs === undefined ? { atMs: at } : { atMs: at, forMs: fixed(fault.forMs, random) };
    found.push({ ...drawnQuantities(once, random), ...times });
  }
  return found;
}

/** Whole microseconds, so that a number survives JSON and reads well. */
function fixed(draw: Draw, random: Random): number {
  if (typeof draw === "number") return draw;
  return Math.round(random.between(draw.min, draw.max) * 1_000) / 1_000;
}

/** Weather stays a range (drawn per link and slot), and so does a sync time (drawn per sync). */
function drawnQuantities(fault: Fault, random: Random): Fault {
  switch (fault.type) {
    case "slow-cpu":
      return { ...fault, factor: fixed(fault.factor, random) };
    case "clock-drift":
      return { ...fault, ppm: fixed(fault.ppm, random) };
    case "clock-jump":
      return { ...fault, jumpMs: fixed(fault.jumpMs, random) };
    default:
      return fault;
  }
}
