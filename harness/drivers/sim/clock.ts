/** Node clocks (rate and jumps) and the timers that run on them. */
import { type Clock, NS_PER_MS, type SimNode, TIMER, type Timer, type World } from "./world.js";

/** The node's own clock at virtual time `at`, nanoseconds since its origin. */
export function localTime(clock: Clock, at: number): number {
  const passed = at - clock.real;
  return clock.local + (clock.ppm === 0 ? passed : Math.floor(passed * (1 + clock.ppm * 1e-6)));
}

/** Virtual time at which the node's clock shows `local`, not before `now`. */
function realTime(clock: Clock, local: number, now: number): number {
  const left = local - localTime(clock, now);
  if (left <= 0) return now;
  return now + (clock.ppm === 0 ? left : Math.ceil(left / (1 + clock.ppm * 1e-6)));
}

/** A boot gives the clock a new origin: nothing may be compared across a restart. */
export function resetClock(node: SimNode, now: number): void {
  node.clock.real = now;
  node.clock.local = node.clockRandom.below(1_000_000) * NS_PER_MS;
}

export function setDrift(world: World, node: SimNode, ppm: number): void {
  node.clock.local = localTime(node.clock, world.now);
  node.clock.real = world.now;
  node.clock.ppm = ppm;
  for (const timer of node.timers.values()) if (timer.armed) schedule(world, node, timer);
}

export function jumpClock(world: World, node: SimNode, byNs: number): void {
  node.clock.local += byNs;
  for (const timer of node.timers.values()) if (timer.armed) schedule(world, node, timer);
}

/** The driver draws the delay. Before the first leader the chosen one draws the shortest and everyone else the longest. */
export function setTimer(world: World, node: SimNode, name: string, minMs: number, maxMs: number, at: number): void {
  let timer = node.timers.get(name);
  if (timer === undefined) {
    timer = {
      input: { type: "timeout", timer: name },
      deadline: 0,
      armed: false,
      fired: false,
      scheduledAt: Number.POSITIVE_INFINITY,
      generation: 0,
    };
    node.timers.set(name, timer);
  }
  if (maxMs > world.longestTimerMs) world.longestTimerMs = maxMs;
  const delayMs = minMs === maxMs ? minMs : drawDelay(world, node, minMs, maxMs);
  timer.deadline = localTime(node.clock, at) + Math.round(delayMs * NS_PER_MS);
  timer.armed = true;
  timer.fired = false;
  schedule(world, node, timer);
}

function drawDelay(world: World, node: SimNode, minMs: number, maxMs: number): number {
  const drawn = node.timerRandom.between(minMs, maxMs);
  if (world.startedAt >= 0) return drawn;
  return node.number === world.firstLeader ? minMs : maxMs;
}

/**
 * At most one event per timer lies in the heap. A later deadline leaves it there: when it comes up, it moves on. So a
 * timer that is re-armed at every heartbeat costs nothing.
 */
function schedule(world: World, node: SimNode, timer: Timer): void {
  const due = realTime(node.clock, timer.deadline, world.now);
  if (timer.scheduledAt <= due) return;
  timer.generation += 1;
  timer.scheduledAt = due;
  world.queue.push(due, TIMER, node.number, timer.generation, timer);
}

export function cancelTimer(node: SimNode, name: string): void {
  const timer = node.timers.get(name);
  if (timer === undefined) return;
  timer.armed = false;
  timer.fired = false;
}

/** A TIMER event. True: the timer fires now. */
export function timerIsDue(world: World, node: SimNode, timer: Timer, generation: number): boolean {
  if (timer.generation !== generation) return false;
  timer.scheduledAt = Number.POSITIVE_INFINITY;
  if (!timer.armed) return false;
  if (localTime(node.clock, world.now) < timer.deadline) {
    schedule(world, node, timer);
    return false;
  }
  timer.armed = false;
  timer.fired = true;
  return true;
}

/** A crash voids every timer of the process. */
export function dropTimers(node: SimNode): void {
  for (const timer of node.timers.values()) {
    timer.armed = false;
    timer.generation += 1;
  }
  node.timers = new Map();
}
