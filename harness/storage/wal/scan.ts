/**
 * Reads one segment. Where it ends, the question is whether a crash tore the last batch or somebody damaged what was
 * durable: any later record that says so (its mark) answers it.
 */
import {
  checksum,
  decodeRecordHeader,
  looksLikeRecord,
  RECORD_HEADER_BYTES,
  type RecordHeader,
  recordBytes,
  SECTOR_BYTES,
  seedOf,
  type SegmentHeader,
} from "./format.js";

export interface Scan {
  readonly records: readonly RecordHeader[];
  /** Where the next record would lie. */
  readonly end: number;
  /** What is wrong at `end`; null where nothing was ever written there, as far as can be seen. */
  readonly wrong: string | null;
  /** What lies at `end` is of this segment and not whole: a batch that a crash tore. */
  readonly torn: boolean;
  /** The highest mark in the segment, that of unreachable records behind `end` included. */
  readonly mark: number;
  /** The highest opening that left a record, reachable or not. */
  readonly incarnation: number;
}

/** `bytes` is the whole file; `incarnation` is that of the record before the segment's first. */
export function scanSegment(bytes: Uint8Array, segment: SegmentHeader, incarnation: number): Scan {
  const seed = seedOf(segment.salt);
  const records: RecordHeader[] = [];
  let end = SECTOR_BYTES;
  let mark = 0;
  let last = incarnation;
  let wrong: string | null = null;
  let torn = false;
  while (end < bytes.length) {
    const header = decodeRecordHeader(bytes, end, segment, seed);
    if (header === null) {
      // In a file that is used again, the bytes of its earlier life lie here.
      wrong = isZero(bytes, end) ? null : "no record's header";
      torn = looksLikeRecord(bytes, end, segment);
      break;
    }
    wrong = problem(bytes, header, segment.firstRecord + records.length, last, seed);
    torn = wrong !== null;
    if (torn) break;
    records.push(header);
    mark = Math.max(mark, header.mark);
    last = header.incarnation;
    end += recordBytes(header.bodyBytes);
  }
  for (let at = end; at < bytes.length; at += SECTOR_BYTES) {
    const header = decodeRecordHeader(bytes, at, segment, seed);
    if (header === null) continue;
    mark = Math.max(mark, header.mark);
    last = Math.max(last, header.incarnation);
  }
  return { records, end, wrong, torn, mark, incarnation: last };
}

function problem(
  bytes: Uint8Array,
  header: RecordHeader,
  number: number,
  incarnation: number,
  seed: number,
): string | null {
  // Both are what a crash without syncs leaves: a record of an earlier opening behind newer ones.
  if (header.number !== number) return `record ${header.number} where ${number} was expected`;
  if (header.incarnation < incarnation) return `a record of opening ${header.incarnation} after one of ${incarnation}`;
  const end = header.position + recordBytes(header.bodyBytes);
  if (end > bytes.length) return `a record that ends at ${end}, behind the file's end`;
  const body = bytes.subarray(header.position + RECORD_HEADER_BYTES, end);
  if (checksum(body, seed) !== header.bodyChecksum) return `record ${number} does not match its checksum`;
  return null;
}

function isZero(bytes: Uint8Array, at: number): boolean {
  return bytes.subarray(at, at + SECTOR_BYTES).every((byte) => byte === 0);
}
