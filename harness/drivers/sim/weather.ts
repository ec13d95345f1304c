/**
 * Weather and fate. The regime of a link is a pure function of (seed, link, slot of virtual time); the fate of a message
 * is a hash of (seed, link, slot, ordinal of the message on the link in that slot). So protocols that send different
 * messages still meet the same network at the same moment.
 */
import type { Draw, Weather } from "../../scenarios/index.js";
import { finish, mix, unit } from "./random.js";
import { type Link, NS_PER_MS, type Regime } from "./world.js";

/** Width of a slot of weather. */
export const SLOT_MS = 250;
const SLOT_NS = SLOT_MS * NS_PER_MS;

/** What is asked of a link's hash; the numbers only have to differ. */
const DELAY = 1;
const JITTER = 2;
const LOSS = 3;
const DUPLICATE = 4;
const REORDER = 5;
const SIZE = 6;

export function emptyRegime(): Regime {
  return { slot: -1, slotKey: 0, ordinal: 0, delay: 0, jitter: 0, loss: 0, duplicate: 0, reorder: 0, bandwidth: 0 };
}

export function linkKey(seed: number, from: number, to: number): number {
  return mix(mix(mix(0x1b56c4e9, seed), from), to);
}

/** A fixed value, or one drawn for this slot and purpose. */
export function drawn(draw: Draw | undefined, absent: number, slotKey: number, purpose: number): number {
  if (draw === undefined) return absent;
  if (typeof draw === "number") return draw;
  return draw.min + unit(finish(mix(slotKey, purpose))) * (draw.max - draw.min);
}

/** The weather of a link: the latest overlay, or its base. */
export function weatherOf(link: Link): Weather {
  const overlay = link.overlays[link.overlays.length - 1];
  return overlay === undefined ? link.base : overlay.weather;
}

/** Brings the link's regime to the slot of `now`. */
export function refreshRegime(link: Link, now: number): Regime {
  const regime = link.regime;
  const slot = Math.floor(now / SLOT_NS);
  if (slot === regime.slot) return regime;
  regime.slot = slot;
  regime.ordinal = 0;
  setRegime(regime, weatherOf(link), mix(link.key, slot));
  return regime;
}

/** For a fault that starts or ends inside a slot: new weather at once, the ordinals go on. */
export function changeWeather(link: Link): void {
  const { regime } = link;
  if (regime.slot >= 0) setRegime(regime, weatherOf(link), regime.slotKey);
}

function setRegime(regime: Regime, weather: Weather, slotKey: number): void {
  regime.slotKey = slotKey;
  regime.delay = Math.round(drawn(weather.delayMs, 0, slotKey, DELAY) * NS_PER_MS);
  regime.jitter = Math.round(drawn(weather.jitterMs, 0, slotKey, JITTER) * NS_PER_MS);
  regime.loss = drawn(weather.loss, 0, slotKey, LOSS);
  regime.duplicate = drawn(weather.duplicate, 0, slotKey, DUPLICATE);
  regime.reorder = drawn(weather.reorder, 0, slotKey, REORDER);
  regime.bandwidth = weather.bandwidth ?? 0;
}

/** The fate of the next message on the link; later questions about it hash the same key. */
export function nextFate(regime: Regime): number {
  regime.ordinal += 1;
  return mix(regime.slotKey, regime.ordinal + 0x100);
}

/** Try 0 is the first sending, later ones are retransmissions. */
export function isLost(fate: number, regime: Regime, attempt: number): boolean {
  return regime.loss > 0 && unit(finish(mix(fate, LOSS + 16 * attempt))) < regime.loss;
}

export function isDuplicated(fate: number, regime: Regime): boolean {
  return regime.duplicate > 0 && unit(finish(mix(fate, DUPLICATE))) < regime.duplicate;
}

/** One-way delay of one copy: base, jitter, and for a few datagrams a wait of up to ten times the base. Nanoseconds. */
export function delayOf(fate: number, regime: Regime, copy: number): number {
  let delay = regime.delay;
  if (regime.jitter > 0) delay += Math.floor(unit(finish(mix(fate, JITTER + 16 * copy))) * regime.jitter);
  if (regime.reorder > 0 && unit(finish(mix(fate, REORDER + 16 * copy))) < regime.reorder) {
    delay += Math.floor(unit(finish(mix(fate, SIZE + 16 * copy))) * 10 * regime.delay);
  }
  return delay;
}
