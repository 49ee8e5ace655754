/*
 * decode_http2: HTTP/2 in the place of frames (RFC 9113): its frames are peeled off, and what each
 * stream that is a WebSocket (RFC 8441) carries is decoded as a conversation of its own.
 *
 * decode_http2.c has the connection's frames and its streams, decode_http2_head.c their heads: this
 * is what they share. What the decoder's state machine calls is in decode_private.h. Memory is
 * limited: the streams that are open at once, a head, its fields, and the tables of HPACK; other
 * frames are passed over as they come.
 */
#ifndef CMD_WSFRAME_DECODE_DECODE_HTTP2_H
#define CMD_WSFRAME_DECODE_DECODE_HTTP2_H

#include "cmd/wsframe/decode/decode_private.h"
#include "cmd/wsframe/http2/hpack.h"
#include "cmd/wsframe/http2/http2_frame.h"

/* A WebSocket. */
struct http2_stream {
    uint32_t id;
    struct conversation *conversation;
    bool answered; /* its response came */
    bool ended[2]; /* by the client, by the server: END_STREAM */
    bool closed;   /* that it ended too early was reported */
};

/* A head that is being received. */
struct http2_head {
    uint32_t stream;         /* 0: none */
    bool ends;               /* with END_STREAM */
    bool promised;           /* of PUSH_PROMISE: it is read for the table alone */
    size_t block;            /* bytes so far, as they were sent */
    struct ws_bytes *fields; /* as lines of HTTP/1.1 */
    size_t count;            /* of them */
    struct ws_bytes *path, *authority;
    char method[16], protocol[32], status[4];
    bool too_large, malformed;
};

/* One direction. */
struct http2_side {
    struct hpack *hpack; /* NULL: a block could not be read, so none after it can */
    struct http2_head head;
    enum { HTTP2_AT_FRAME, HTTP2_IN_DATA, HTTP2_IN_REST } part;
    struct http2_frame frame;
    uint32_t left; /* bytes of the part */
    uint32_t pad;  /* after the data */
};

struct http2 {
    struct http2_side side[2];    /* as the conversation's */
    struct http2_stream *streams; /* in the order of their numbers */
    size_t count, capacity;
    uint32_t last;   /* number of the client's last stream */
    uint64_t others; /* streams that are no WebSockets */
    uint64_t beyond; /* WebSockets that are not shown: too many were open */
    size_t held;     /* counted in decode.held */
};

/* A field of the head that `context`, a struct http2_head, is. */
void decode_http2_field(void *context, struct ws_str name, struct ws_str value);
bool decode_http2_is_websocket(const struct http2_head *head);
/* Emits the request or the response that the head is, of the stream's direction. */
void decode_http2_request(struct decoder *decoder, struct http2_head *head);
void decode_http2_response(struct decoder *decoder, struct http2_head *head);
void decode_http2_head_clear(struct http2_head *head);

#endif
