/**
 * The first byte of a frame says what it carries. A frame is its length as u32 (of what follows: kind and body), the kind,
 * and the body; all numbers are big-endian. A text is its length as u8 and its UTF-8 bytes, a byte string its length as
 * u32 and its bytes. Never renumbered: clients and nodes of different versions talk to each other.
 */

/** First frame on every connection, from whoever dialled: version u8 = 1, caller u8 (1 client, 2 peer), cluster text; a peer adds protocol text, own ordinal u16, expected ordinal u16, own incarnation u53. */
export const HELLO = 0x01;
/** The answer: cluster text, protocol text, ordinal u16, node id text, incarnation u53. */
export const WELCOME = 0x02;
/** The other answer: why, as text. The connection ends after it. */
export const REFUSED = 0x03;

/** A write: client u32, seq u53, kind u8 and operands, exactly as inside a log entry's command (`harness/host/command.ts`), so that it can be copied there unread. */
export const WRITE = 0x10;
/** A read: client u32, seq u53, level u8 (1 linearizable, 2 sync, 3 local), kind u8 (1 get: key · 2 range: from, to, limit u32), operands as byte strings. */
export const READ = 0x11;
/** Asks for the node's status: client u32, seq u53. */
export const STATUS = 0x12;

/** client u32, seq u53, outcome u8 (1 ok, 2 failed, 3 unknown); ok: index u53, result; else: reason u8, leader's ordinal u16 (0: not known). */
export const REPLY = 0x20;
/** client u32, seq u53, JSON in UTF-8 to the frame's end: rare, and for people too. */
export const STATUS_REPLY = 0x22;

/** One protocol message, in the protocol's own codec. */
export const MESSAGE = 0x30;
/** A snapshot's transfer: transfer u32, index u53, round u53, bytes u53, snapshot id as byte string, then the protocol message to the frame's end. */
export const SNAPSHOT_BEGIN = 0x31;
/** transfer u32, then bytes of the image, in order. */
export const SNAPSHOT_CHUNK = 0x32;
/** transfer u32: all chunks were sent. */
export const SNAPSHOT_END = 0x33;
/** transfer u32, ok u8: the image is durable here, or will not be. */
export const SNAPSHOT_ACK = 0x34;

/** Values of the caller byte in HELLO. */
export const CALLER_CLIENT = 1;
export const CALLER_PEER = 2;
export const TRANSPORT_VERSION = 1;
