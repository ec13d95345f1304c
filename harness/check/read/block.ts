/** Bytes behind the last line that belong to the block. */
export const slackBytes = 128;

/**
 * The bytes that are being read. There is one block, made once, since compiled code is twice as fast where it knows the
 * place of what it reads; for the same reason whoever looks into it has a view of its own. One history is read at a time,
 * from its start to its end.
 */
export const block = Buffer.from(new ArrayBuffer((1 << 19) + slackBytes));
