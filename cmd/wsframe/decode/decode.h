/*
 * decode: decodes the bytes of one direction into frames, HTTP heads and findings.
 *
 * Unlike libws's session it accepts all input, legal or not, reports every violation, and continues
 * where possible. It takes pieces of any size and passes events (event.h) to a sink. inspect feeds
 * it plain bytes, stream both directions of captured connections; print is the sink.
 */
#ifndef CMD_WSFRAME_DECODE_DECODE_H
#define CMD_WSFRAME_DECODE_DECODE_H

#include "cmd/wsframe/decode/event.h"
#include "cmd/wsframe/read/bytes.h"
#include <ws/message.h>

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A decoding with all its connections. */
struct decode {
    decode_sink *sink;
    void *context;
    enum sender direction; /* sender of plain bytes; SENDER_UNKNOWN: decided by the mask bit */
    bool keep_mask;
    bool messages; /* emit DECODE_MESSAGE */
    bool stop;     /* set by the sink to stop */

    /* Counters. */
    uint64_t heads, frames, violations, incomplete;
    /* Private. */
    size_t held; /* bytes in unfinished frames and messages */
    struct ws_bytes *scratch;
};

enum decode_state {
    STATE_START,  /* no bytes yet */
    STATE_HTTP,   /* inside a head */
    STATE_FRAMES, /* at a frame, or inside one */
    STATE_SEARCH, /* searching for the beginning of a frame */
    STATE_TRIAL,  /* a frame may have been found */
    STATE_DEAD,   /* the rest of the stream cannot be decoded */
};

/* A message being assembled. */
struct decode_message {
    struct ws_message rules;
    bool compressed;
    bool unchecked;            /* text known to be invalid or incomplete: no further UTF-8 check */
    bool closed;               /* a close frame was seen */
    bool capture_began_inside; /* the capture began inside it: its missing beginning is no violation
                                */
    uint64_t offset;
    unsigned opcode;
    struct ws_bytes *bytes; /* if messages are emitted */
};

/* One direction. */
struct decoder {
    struct conversation *conversation;
    enum sender sender;
    bool sender_known; /* the sender is known from the TCP connection */
    bool from_syn;     /* the capture has the connection's first byte */
    enum decode_state state;
    struct ws_bytes *buffer; /* bytes that are not consumed */
    uint64_t offset;         /* stream offset of its first byte */
    uint64_t skip;           /* bytes to skip of a payload whose middle is lost */
    uint64_t lost;           /* skipped bytes that are not reported yet */
    const char *lost_why;
    const char *why; /* reason for the states SEARCH and DEAD; or NULL */
    uint64_t frames;
    int64_t utc_us;
    uint64_t packet;
    struct ws_http_head *head;
    struct decode_message message[3]; /* by enum sender: plain bytes may mix both directions */
};

struct conversation {
    struct decode *decode;
    struct conversation_info info;
    struct decoder side[2];
    bool asked;   /* an upgrade request was seen */
    bool deflate; /* permessage-deflate was negotiated */
    char key[WS_KEY_LEN + 1];
    char offered[256]; /* subprotocols */
};

/* `decode` is borrowed until conversation_end(). */
void conversation_init(struct conversation *conversation, struct decode *decode);
/* Reports unfinished frames and frees the memory. */
void conversation_end(struct conversation *conversation);

/* Decodes `len` more bytes of the direction. */
void decode_feed(struct decoder *decoder, const uint8_t *data, size_t len);
/* Skips `len` bytes of the direction that were not captured. */
void decode_gap(struct decoder *decoder, uint64_t len);

void decode_free(struct decode *decode);

#endif
