/**
 * How much garbage a node lets pile up. The log in memory lies outside V8's heap, but V8 counts it against a limit that
 * follows the size of the heap, which is small: with 10 MB of objects it collects everything anew after each 16 MB of
 * commands, several times a second, and that took a third of a node's time. So the limit is told to follow the memory that
 * a node has for a log.
 */
import { getHeapStatistics, setFlagsFromString } from "node:v8";

const ROOM_MIB = 256;
const EVERY_MS = 1000;
/** V8's own growth, roughly, for heaps that are large against the room. Percent. */
const GROWTH_MIN = 50;

/**
 * Sets the limit again and again, as what lives grows or shrinks. For the process, for good.
 *
 * @param roomMiB what may come on top of what lives before everything is collected
 */
export function keepHeapRoom(roomMiB = ROOM_MIB): void {
  let last = 0;
  const set = (): void => {
    // A step of a tenth is close enough, and V8 need not be told each second.
    const growth = Math.max(GROWTH_MIN, Math.round((100 * roomMiB * 2 ** 20) / getHeapStatistics().used_heap_size));
    if (Math.abs(growth - last) < last / 10) return;
    last = growth;
    setFlagsFromString(`--heap-growing-percent=${growth}`);
  };
  set();
  setInterval(set, EVERY_MS).unref();
}
