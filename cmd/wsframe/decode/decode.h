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
#include "cmd/wsframe/decode/tunnel.h"
#include "cmd/wsframe/read/bytes.h"
#include <ws/message.h>

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct http2;
struct inflater;
struct keylog;
struct tls_stream;

/* A decoding with all its connections. */
struct decode {
    decode_sink *sink;
    void *context;
    enum sender direction; /* sender of plain bytes; SENDER_UNKNOWN: decided by the mask bit */
    bool keep_mask;
    bool messages;         /* emit DECODE_MESSAGE */
    unsigned payloads;     /* a bit an opcode: the sink looks at payloads of such frames */
    size_t binary_shown;   /* and at this many bytes of a binary one at most; 0: at all */
    uint64_t stream;       /* decode only the conversation of this number; 0: all */
    bool follow;           /* decode only the first one with a WebSocket */
    uint32_t http2_stream; /* and of it only this stream of HTTP/2, if it has any; 0: all */
    bool deflate;          /* permessage-deflate is in use, without a handshake that says so */
    bool inflate;          /* inflate the payloads of frames too, and without a handshake */
    struct keylog *keylog; /* secrets of TLS connections; or NULL */
    bool pasted;           /* packets that a person has chosen: their connections are WebSockets */
    bool stop;             /* set by the sink to stop */

    /* Counters. */
    uint64_t heads, frames, violations, incomplete;
    uint64_t http2; /* directions of HTTP/2 that were begun with */
    /* Private. */
    size_t held; /* bytes in unfinished frames and messages */
    struct ws_bytes *scratch;
    struct ws_bytes *inflated;
};

enum decode_state {
    STATE_START,  /* no bytes yet */
    STATE_HTTP,   /* inside a head */
    STATE_BODY,   /* inside the body of an HTTP message */
    STATE_TLS,    /* at a record of TLS, or inside one */
    STATE_HTTP2,  /* at a frame of HTTP/2, or inside one */
    STATE_FRAMES, /* at a frame, or inside one */
    STATE_SEARCH, /* searching for the beginning of a frame, in bytes that are held */
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
    struct ws_bytes *bytes;    /* if messages are emitted */
    struct inflater *inflater; /* once there was something to inflate */
    bool context_lost;         /* before that, bytes were */
    const struct inflate_problem *inflate_problem;
};

/* The rest of an HTTP message, which is passed over. */
struct decode_body {
    enum { BODY_PLAIN, BODY_CHUNK, BODY_TRAILER } part;
    uint64_t left; /* bytes, of the chunk if there are chunks; UINT64_MAX: until the end */
    bool harmless; /* it stands in the place of no frames */
};

enum { SEARCH_SEGMENTS = 64 };

/* One direction. */
struct decoder {
    struct conversation *conversation;
    enum sender sender;
    bool sender_known; /* the sender is known from the TCP connection */
    bool from_start;   /* its next byte is the connection's first, or the first after a message */
    bool by_search;    /* its frames were found by searching, not after a handshake */
    enum decode_state state;
    struct ws_bytes *buffer; /* bytes that wait for more */
    const uint8_t *input;    /* bytes of the segment that is decoded, while none wait; or NULL */
    size_t input_len;
    uint64_t offset; /* stream offset of the first byte that is not consumed */
    uint64_t skip;   /* bytes to skip of a payload whose middle is lost */
    uint64_t lost;   /* skipped bytes that are not reported yet */
    const char *lost_why;
    bool lost_harmless;
    const char *why; /* reason for the states SEARCH and DEAD; or NULL */
    uint64_t frames;
    int64_t utc_us;
    uint64_t packet;
    struct ws_http_head *head;
    struct decode_body body;
    /* While searching: where the segments that are held begin, and the evidence found so far. */
    uint32_t segments[SEARCH_SEGMENTS];
    unsigned segment_count;
    unsigned segments_passed; /* before these, that began no frame */
    unsigned evidence;
    struct decode_message message[3]; /* by enum sender: plain bytes may mix both directions */
};

struct conversation {
    struct decode *decode;
    struct conversation_info info;
    struct decoder side[2];
    bool asked;     /* the last request asks for an upgrade */
    bool waiting;   /* and its final response was not seen yet */
    bool head_only; /* it was HEAD, whose response has no body */
    bool connect;   /* it was CONNECT: after the response the connection begins again */
    bool head_cut;  /* a head was cut by the snapshot length: it may have been an upgrade's */
    struct tunnel tunnel;
    bool deflate;        /* permessage-deflate was negotiated */
    bool agreed;         /* in a handshake that is in the input */
    bool no_takeover[2]; /* by the client, by the server */
    char key[WS_KEY_LEN + 1];
    char offered[256]; /* subprotocols */
    struct tls_stream *tls;
    struct conversation *inside; /* what TLS carries; or NULL */
    struct http2 *http2;         /* whose streams carry WebSockets; or NULL */
    bool http2_begun;            /* it is HTTP/2 that began before the capture */
};

/* `decode` is borrowed until conversation_end(). */
void conversation_init(struct conversation *conversation, struct decode *decode);
/* Reports unfinished frames and frees the memory. */
void conversation_end(struct conversation *conversation);

/* The conversation that has the frames: the one inside of TLS, where there is one. */
static inline struct conversation *conversation_innermost(struct conversation *conversation)
{
    return conversation->inside ? conversation->inside : conversation;
}

/* Decodes `len` more bytes of the direction. */
void decode_feed(struct decoder *decoder, const uint8_t *data, size_t len);
/* Skips `len` bytes of the direction that were not captured. */
void decode_gap(struct decoder *decoder, uint64_t len);

void decode_free(struct decode *decode);

#endif
