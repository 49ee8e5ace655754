/*
 * inflate: decompresses the messages of one sender (permessage-deflate, RFC 7692).
 *
 * The context is kept from message to message, unless no_context_takeover was agreed on. Where it
 * is not there, as in a capture that began in the middle, zlib finds a reference to it, and the
 * message is not inflated. Called by decode_frame.
 */
#ifndef CMD_WSFRAME_DECODE_INFLATE_H
#define CMD_WSFRAME_DECODE_INFLATE_H

#include "cmd/wsframe/read/bytes.h"

struct inflater;

/* Bytes of memory that an inflater takes. */
enum { INFLATER_SIZE = 48 << 10 };

/* Why a message cannot be inflated. */
struct inflate_problem {
    const char *text;
    const char *cause; /* a violation, likely because of this; NULL: bytes are not in the input */
};

/* `whole`: what comes first is the connection's first message. `takeover`: a message may refer to
 * those before it (7.1.1). Ends the tool without memory. */
struct inflater *inflater_new(bool whole, bool takeover);
void inflater_free(struct inflater *inflater);

/* Forgets the context: bytes were lost. */
void inflater_forget(struct inflater *inflater);

/* Of a message that is not all in the input. */
extern const struct inflate_problem inflate_incomplete;

/*
 * Inflates a part of a message and appends the output. `last`: the message ends with it. NULL, or
 * why the message cannot be inflated: constant; its later parts then give the same.
 */
const struct inflate_problem *inflater_part(struct inflater *inflater, const uint8_t *data,
                                            size_t len, bool last, struct ws_bytes **out);

#endif
