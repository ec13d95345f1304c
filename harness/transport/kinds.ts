/**
 * The first byte of a frame says what it carries. A frame is its length as u32 (of what follows: kind and body), the kind,
 * and the body; all numbers are big-endian. A text is its length as u8 and its UTF-8 bytes, a byte string its length as
 * u32 and its bytes, a u53 a non-negative integer below 2^53 in 8 bytes, a bool a u8 of 0 or 1. Never renumbered: clients
 * and nodes of different versions talk to each other.
 *
 * Peers: each node dials every other one and sends its messages on its own connection. Only WELCOME, REFUSED, PONG and
 * SNAPSHOT_ACK come back on it.
 */

/** First frame on every connection, from whoever dialled: version u8 = 1, caller u8 (1 client, 2 peer), cluster text; a peer adds protocol text, own ordinal u16, expected ordinal u16, own incarnation u53. */
export const HELLO = 0x01;
/** The answer: cluster text, protocol text, ordinal u16, node id text, incarnation u53. */
export const WELCOME = 0x02;
/** The other answer: why, as text. The connection ends after it. */
export const REFUSED = 0x03;

/**
 * A write: client u32, seq u53, kind u8 and operands as byte strings, exactly as inside a log entry's command
 * (`harness/host/command.ts`), so that it can be copied there unread: 1 put: key, value · 2 delete: key · 3 compare and
 * set: key, bool, expected (only after a true; without: the key must be absent), value · 4 append: key, value · 5 transaction:
 * one byte string in the machine's own encoding.
 */
export const WRITE = 0x10;
/** A read: client u32, seq u53, level u8 (1 linearizable, 2 sync, 3 local), kind u8 (1 get: key · 2 range: from, to, limit u32 · 3 query: one byte string in the machine's own encoding), operands as byte strings. */
export const READ = 0x11;
/** Asks for the node's status: client u32, seq u53, and perhaps a bool: whether to add a digest of the machine, which takes long where it is large. */
export const STATUS = 0x12;

/**
 * client u32, seq u53, outcome u8 (1 ok, 2 failed, 3 unknown); ok: index u53, result; else: reason u8 (1 not the leader,
 * 2 not ready, 3 overloaded, 4 unsupported, 5 session expired), leader's ordinal u16 (0: not known).
 *
 * A result is u8 and what belongs to it: 0 done · 1 value: bool, and the value as byte string after a true · 2 compare and
 * set: bool swapped, bool, and what was there as byte string after a true · 3 range: count u32, and as many pairs of key
 * and value as byte strings · 4 bytes: one byte string in the machine's own encoding.
 */
export const REPLY = 0x20;
/** client u32, seq u53, JSON in UTF-8 to the frame's end: rare, and for people too. */
export const STATUS_REPLY = 0x22;

/** One protocol message, in the protocol's own codec. */
export const MESSAGE = 0x30;
/** A snapshot's transfer: transfer u32, lamport u53 (0: the sender does not trace), index u53, round u53, bytes u53, snapshot id as byte string, then the protocol message to the frame's end. */
export const SNAPSHOT_BEGIN = 0x31;
/** transfer u32, then bytes of the image, in order. */
export const SNAPSHOT_CHUNK = 0x32;
/** transfer u32: all chunks were sent. */
export const SNAPSHOT_END = 0x33;
/** transfer u32, ok bool: the image is durable here, or will not be. Comes back on the connection of the transfer. */
export const SNAPSHOT_ACK = 0x34;
/** MESSAGE of a node that writes a trace: its Lamport time as u53, then the message. */
export const MESSAGE_TRACED = 0x35;
/** Measures the round trip and finds dead connections: token u53. */
export const PING = 0x36;
/** The same token, back on the same connection. */
export const PONG = 0x37;

/** Values of the caller byte in HELLO. */
export const CALLER_CLIENT = 1;
export const CALLER_PEER = 2;
export const TRANSPORT_VERSION = 1;

/** Length and kind. */
export const FRAME_HEADER_BYTES = 5;
/** The longest frame that a stranger may send: kind and body, bytes. */
export const HELLO_BYTES_MAX = 1024;
/** The longest frame of a client: kind and body, bytes. */
export const CLIENT_FRAME_BYTES_MAX = 4 * 2 ** 20;
/** The longest frame of a peer: kind and body, bytes. */
export const PEER_FRAME_BYTES_MAX = 64 * 2 ** 20;
