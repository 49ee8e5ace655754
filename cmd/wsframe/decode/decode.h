/*
 * decode: from the bytes of one direction to frames, HTTP heads, and what is wrong with them.
 *
 * Unlike libws's session it takes everything, legal or not, names every fault, and goes on where
 * going on makes sense. It is fed in pieces of any size; what it finds goes to a sink, whose event
 * borrows from the decoder and is gone when the sink returns. inspect feeds it plain bytes, stream
 * feeds it both directions of captured connections; show is the sink.
 *
 * decode.c is the walk, decode_frame.c judges a frame, decode_http.c the heads, resync.c finds the
 * first frame of a capture that began in the middle.
 */
#ifndef CMD_WSFRAME_DECODE_DECODE_H
#define CMD_WSFRAME_DECODE_DECODE_H

#include "cmd/wsframe/read/bytes.h"
#include "cmd/wsframe/read/packet.h"
#include <ws/handshake.h>
#include <ws/message.h>

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum who { WHO_UNKNOWN, WHO_CLIENT, WHO_SERVER };

struct finding {
    enum ws_error error;
    uint64_t offset;   /* of the byte at fault, counted as the event's is */
    const char *cause; /* what is likely behind it in practice; constant, or NULL */
};

enum { DECODE_FINDINGS = 8 };

enum decode_type {
    DECODE_HEAD,    /* the head of an HTTP request or response */
    DECODE_FRAME,   /* a frame, whole or cut */
    DECODE_MESSAGE, /* data frames put together, or a control frame; where config asks for them */
    DECODE_LOST,    /* bytes that cannot be read as anything, or are not there */
};

struct decode_event {
    enum decode_type type;
    const struct conversation *conversation;
    enum who who;     /* sent it */
    uint64_t offset;  /* of its first byte among those of its direction */
    int64_t utc;      /* when its last byte was captured; 0: not known */
    uint64_t packet;  /* that carried it; 0: none */
    uint64_t missing; /* bytes that lack at its end, at least; 0: it is whole */
    struct finding findings[DECODE_FINDINGS];
    size_t finding_count;

    const uint8_t *wire; /* FRAME: as captured, header and payload. HEAD: its text */
    size_t wire_len;

    const struct ws_frame *frame; /* FRAME; `known` says how much of the header was there */
    unsigned opcode;              /* FRAME, MESSAGE */
    const uint8_t *payload;       /* FRAME, MESSAGE: unmasked, unless config.keep_mask */
    size_t len;
    bool compressed; /* RSV1 began the message: the payload is no text yet */

    const struct ws_http_head *head;  /* HEAD; NULL where it could not be read */
    const struct ws_request *request; /* one of these two, with the head */
    const struct ws_response *response;

    uint64_t lost; /* LOST: how many bytes */
    const char *why;
};

typedef void decode_sink(void *context, const struct decode_event *event);

/* One decoding, over all its connections. */
struct decode {
    decode_sink *sink;
    void *context;
    enum who direction; /* plain bytes: who sent them; WHO_UNKNOWN: the mask bit tells */
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
    enum who who;
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

enum conversation_kind {
    KIND_UNKNOWN,
    KIND_WEBSOCKET,
    KIND_HTTP,
    KIND_HTTP2,
    KIND_TLS,
    KIND_OTHER
};

struct conversation {
    struct decode *decode;
    uint64_t id; /* from 1 in a capture, 0 for plain bytes */
    bool captured;
    bool v6;
    struct packet_end ends[2]; /* of side[0] and side[1] */
    int64_t began;
    struct decoder side[2];
    enum conversation_kind kind;
    bool asked;   /* an upgrade was requested */
    bool deflate; /* permessage-deflate was agreed on */
    char key[WS_KEY_LEN + 1];
    char offered[256]; /* subprotocols */
    char url[512];     /* "" unless a request was seen */
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

/* "client", "server" or "unknown". Constant. */
const char *decode_who(enum who who);

/* --- between the files of the decoder --- */

static inline const uint8_t *decode_data(const struct decoder *d)
{
    return d->buffer.data + d->at;
}
static inline size_t decode_left(const struct decoder *d)
{
    return d->buffer.len - d->at;
}
void decode_consume(struct decoder *decoder, size_t len);
/* The event with what is the same for all of the direction. */
struct decode_event decode_event_begin(const struct decoder *decoder, enum decode_type type);
void decode_emit(struct decoder *decoder, const struct decode_event *event);
void decode_find(struct decode_event *event, enum ws_error error, uint64_t offset);
/* Counts `len` bytes as lost for the reason; they are told of when something else comes. */
void skip_bytes(struct decoder *decoder, uint64_t len, const char *why);
/* Now it is known who speaks in which direction. */
void decode_assign(struct decoder *decoder, enum who who);

/* decode_frame: judges and emits a frame with the payload bytes that are there; `missing` lack. */
void decode_frame(struct decoder *decoder, const struct ws_frame *frame, size_t payload,
                  uint64_t missing);
/* The frame in `event` breaks these rules; false where its length cannot be believed. */
bool decode_frame_rules(struct decode_event *event, const struct ws_frame *frame, unsigned rules);

/* decode_http: does a head begin here: WS_OK, WS_MORE (perhaps), or WS_E_HTTP_SYNTAX? */
enum ws_error decode_http_begins(const uint8_t *data, size_t len);
/* Takes the head: false when more bytes are needed. */
bool decode_http(struct decoder *decoder);
/* The input ended inside it. */
void decode_http_cut(struct decoder *decoder);

#endif
