/*
 * decode: from the bytes of one direction to frames, HTTP heads, and what is wrong with them.
 *
 * Unlike libws's session it takes everything, legal or not, names every fault, and goes on where
 * going on makes sense. It is fed in pieces of any size; what it finds goes to a sink as events
 * (event.h). inspect feeds it plain bytes, stream feeds it both directions of captured connections;
 * print is the sink.
 */
#ifndef CMD_WSFRAME_DECODE_DECODE_H
#define CMD_WSFRAME_DECODE_DECODE_H

#include "cmd/wsframe/decode/event.h"
#include "cmd/wsframe/read/bytes.h"
#include <ws/message.h>

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* One decoding, over all its connections. */
struct decode {
    decode_sink *sink;
    void *context;
    enum sender direction; /* plain bytes: who sent them; SENDER_UNKNOWN: the mask bit tells */
    bool keep_mask;
    bool messages; /* DECODE_MESSAGE is wanted */
    bool stop;     /* set by the sink: enough seen */

    /* Counted as it goes. */
    uint64_t heads, frames, violations, incomplete;
    /* Private. */
    size_t held; /* bytes in unfinished frames and messages */
    struct bytes scratch;
};

enum decode_state {
    STATE_START,  /* nothing seen */
    STATE_HTTP,   /* inside a head */
    STATE_FRAMES, /* at a frame, or inside one */
    STATE_SEARCH, /* looking for a frame to go on with */
    STATE_TRIAL,  /* one may have been found */
    STATE_DEAD,   /* nothing that follows can be read */
};

/* A message in the making. */
struct decode_message {
    struct ws_message rules;
    bool compressed;
    bool unchecked; /* text that is known to be faulty, or lacks a piece: not looked at further */
    bool closed;    /* a close frame came */
    bool capture_began_inside; /* the capture began inside it: no fault that its beginning was not
                                  seen */
    uint64_t offset;
    unsigned opcode;
    struct bytes bytes; /* where messages are wanted */
};

/* One direction. */
struct decoder {
    struct conversation *conversation;
    enum sender sender;
    bool judged;   /* `who` is known by other means than the mask bit */
    bool from_syn; /* its first byte is the connection's */
    enum decode_state state;
    struct bytes buffer;
    size_t at;       /* what lies before it is done with */
    uint64_t offset; /* of the byte at `at` */
    uint64_t skip;   /* bytes of a payload to pass over, whose middle is lost */
    uint64_t lost;   /* bytes passed over, not told of yet */
    const char *lost_why;
    const char *why; /* of the state, where it is SEARCH or DEAD; or NULL */
    uint64_t frames;
    int64_t utc;
    uint64_t packet;
    struct ws_http_head *head;
    struct decode_message message[3]; /* by enum who: plain bytes may mix both directions */
};

struct conversation {
    struct decode *decode;
    struct conversation_info info;
    struct decoder side[2];
    bool asked;   /* an upgrade was requested */
    bool deflate; /* permessage-deflate was agreed on */
    char key[WS_KEY_LEN + 1];
    char offered[256]; /* subprotocols */
};

/* Both borrow `decode` until conversation_end. */
void conversation_init(struct conversation *conversation, struct decode *decode);
/* Reports what is unfinished, and frees. */
void conversation_end(struct conversation *conversation);

/* `len` more bytes of the direction. */
void decode_feed(struct decoder *decoder, const uint8_t *data, size_t len);
/* The next `len` bytes of the direction were not captured. */
void decode_gap(struct decoder *decoder, uint64_t len);

void decode_free(struct decode *decode);

#endif
