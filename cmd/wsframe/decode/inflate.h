/*
 * inflate: decompresses the messages of one sender (permessage-deflate, RFC 7692).
 *
 * The context is kept from message to message, as a decompressor may always do: a compressor that
 * keeps no context refers to nothing before. Where the context is not there, as in a capture
 * that began in the middle, zlib finds a reference to it, and the message is not inflated. Called
 * by decode_frame.
 */
#ifndef CMD_WSFRAME_DECODE_INFLATE_H
#define CMD_WSFRAME_DECODE_INFLATE_H

#include "cmd/wsframe/read/bytes.h"

struct inflater;

/* Bytes of memory that an inflater takes. */
enum { INFLATER_SIZE = 48 << 10 };

/* Ends the tool without memory. */
struct inflater *inflater_new(void);
void inflater_free(struct inflater *inflater);

/* Forgets the context: bytes were lost. */
void inflater_forget(struct inflater *inflater);

/*
 * Inflates a part of a message and appends the output. `last`: the message ends with it. NULL, or
 * why the message cannot be inflated: constant; its later parts then give the same.
 */
const char *inflater_part(struct inflater *inflater, const uint8_t *data, size_t len, bool last,
                          struct ws_bytes **out);

#endif
