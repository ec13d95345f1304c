// The certificate of the zone test: one legal order of a part that it found linearizable.

import { READ } from "./history.js";
import type { Part } from "./parts.js";
import type { Zones } from "./zones.js";

const NONE = -1;

/** A linearization of the part: blocks in the order of their zones, in a cluster the writer and then the reads by call. */
export function zoneOrder(part: Part, zones: Zones): Int32Array {
  const { writer, next } = zones;
  const readStart = new Int32Array(part.valueCount + 1);
  let readCount = 0;
  for (let i = 0; i < part.count; i++) {
    if (part.kind[i] !== READ) continue;
    readCount += 1;
    const v = part.a[i] as number;
    readStart[v + 1] = (readStart[v + 1] as number) + 1;
  }
  for (let v = 0; v < part.valueCount; v++) readStart[v + 1] = (readStart[v + 1] as number) + (readStart[v] as number);
  const reads = new Int32Array(readCount);
  const fill = readStart.slice();
  for (let i = 0; i < part.count; i++) {
    if (part.kind[i] !== READ) continue;
    const v = part.a[i] as number;
    reads[fill[v] as number] = i;
    fill[v] = (fill[v] as number) + 1;
  }
  const order = new Int32Array(part.count);
  let length = 0;
  const emit = (block: number): void => {
    const head = zones.head[block] as number;
    if (head < 0) {
      order[length++] = -1 - head;
      return;
    }
    let w = writer[head] as number;
    for (let v = head; ; ) {
      if (w >= 0) order[length++] = w;
      if (v < 0) return;
      for (let r = readStart[v] as number; r < (readStart[v + 1] as number); r++) order[length++] = reads[r] as number;
      w = next[v] as number;
      if (w < 0) return;
      const to = part.b[w] as number;
      v = writer[to] === w ? to : NONE;
    }
  };
  emit(0);
  for (let rank = 0; rank < part.rankCount; rank++) {
    const block = zones.zoneAt[rank] as number;
    if (block >= 0) emit(block);
  }
  return order.subarray(0, length);
}
