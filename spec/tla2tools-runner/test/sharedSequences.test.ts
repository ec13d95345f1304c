/** Long sequences in states: Java computes what SharedSequences.tla says, and a long one costs a step no more than a short one. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { check, type ValidateResult, validateTraces } from "../src/index.js";

const specs = fileURLToPath(new URL("specs/", import.meta.url));
const SHORT = 20_000;
const LONG = 4 * SHORT;

test("Java computes what the module says, for every short sequence", async () => {
  const result = await check({ spec: join(specs, "Shared.tla"), quickStart: true, timeoutMs: 60_000 });
  expect(result.reason).toBe(null);
  expect(result).toMatchObject({ verdict: "ok", distinctStates: 1 });
});

interface Event {
  readonly value: { readonly term: number; readonly of: { readonly client: number } };
  readonly state: readonly unknown[];
}

function eventsOf(count: number): Event[] {
  return Array.from({ length: count }, (_, k) => {
    const value = { term: k % 7, of: { client: k % 5 } };
    return { value, state: [k + 1, value] };
  });
}

function validated(traces: readonly (readonly Event[])[]): Promise<ValidateResult> {
  return validateTraces({
    spec: join(specs, "TraceLong.tla"),
    quickStart: true,
    traces: () => traces.map((trace) => `${JSON.stringify(trace)}\n`),
    count: traces.length,
  });
}

/** What this process's children have taken of the processor, those alone that have ended. Ticks. */
function childrenTicks(): number {
  const fields = readFileSync("/proc/self/stat", "utf8").split(") ")[1]?.split(" ") ?? [];
  return Number(fields[13]) + Number(fields[14]);
}

async function ticksOf(events: readonly Event[]): Promise<number> {
  const before = childrenTicks();
  const { traces } = await validated([events]);
  expect(traces).toMatchObject([{ verdict: "accepted", matched: events.length }]);
  return childrenTicks() - before;
}

/** As tuples of TLC's own, the longer one takes more than ten times what the shorter one does. Processor time, not the clock. */
test.skipIf(process.platform !== "linux")("four times the events take no more than four times the work", async () => {
  const short = await ticksOf(eventsOf(SHORT));
  expect(short).toBeGreaterThan(0);
  expect(await ticksOf(eventsOf(LONG))).toBeLessThan(4 * short);
});

test("an event near the end of a long trace is told from another", async () => {
  const events = eventsOf(SHORT);
  const wrong = SHORT - 10;
  const event = events[wrong] as Event;
  const tampered = events.with(wrong, { ...event, state: [wrong + 1, { ...event.value, term: 7 }] });
  const result = await validated([events, tampered]);
  expect(result.reason).toBe(null);
  expect(result.traces).toMatchObject([
    { verdict: "accepted", matched: SHORT },
    { verdict: "rejected", rejectedAt: wrong + 1, differences: [{ what: "state" }] },
  ]);
});
