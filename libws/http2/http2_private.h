/*
 * http2_private: what the files of http2 share.
 *
 * http2.c is the connection, http2_stream.c a stream as its owner uses it, http2_head.c heads in
 * both forms, http2_memory.c the memory that nghttp2 has. http2_none.c stands in for all of them
 * where nghttp2 is left out.
 */
#ifndef LIBWS_HTTP2_HTTP2_PRIVATE_H
#define LIBWS_HTTP2_HTTP2_PRIVATE_H

#include "libws/http2/http2.h"
#include "libws/proto/bytes.h"

#include <nghttp2/nghttp2.h>

/* A head that is being received: fields as lines of HTTP/1.1, pseudo-header fields apart, since the
 * first line is made of them. */
struct ws_http2_head {
    struct ws_bytes *method, *path, *authority, *protocol, *status;
    struct ws_bytes *cookies; /* the pieces that HTTP/2 may send them in (8.2.3) */
    struct ws_bytes *fields;
    size_t bytes; /* of all of them */
    bool too_large;
};

struct ws_http2_stream {
    struct ws_http2 *http2;
    void *owner;
    struct ws_http2_stream *previous, *next;           /* of the connection's */
    struct ws_http2_stream *ready_before, *ready_next; /* of those that may be ready */
    struct ws_http2_head *head;                        /* NULL: none is being received */
    struct ws_bytes *head_out;  /* to send: a head that is not whole, and then nothing */
    struct ws_bytes *unread;    /* what came while it was not read */
    const struct iovec *pieces; /* while it is being sent: what, how much of it, and from where */
    size_t sendable, skip;
    uint32_t owed; /* bytes that were read and are not consumed yet */
    uint32_t cut_code;
    enum ws_error cut_why;
    int32_t id;
    uint8_t interest;
    bool queued : 1;    /* it may be ready */
    bool websocket : 1; /* the request is an extended CONNECT */
    bool head_came : 1;
    bool head_sent : 1;
    bool finished : 1; /* nothing more is to be sent */
    bool fin_sent : 1; /* and END_STREAM is written */
    bool peer_fin : 1;
    bool cut : 1;     /* it was reset, or refused, by either side */
    bool closed : 1;  /* nghttp2 has forgotten it */
    bool leaving : 1; /* its owner is about to free it */
};

struct ws_http2 {
    nghttp2_session *session;
    struct block *blocks; /* that nghttp2 has allocated */
    struct ws_http2_options options;
    struct ws_out out;
    size_t space;
    size_t stream_count, leaving_count;
    struct ws_http2_stream *streams;
    struct ws_http2_stream *ready_first, *ready_last;
    uint8_t *data; /* what was fed and is not used up */
    size_t len;
    struct ws_http2_piece piece;
    size_t unread; /* bytes, of all streams */
    int64_t now_us;
    int64_t paid_us; /* when the frames that make work are paid for */
    enum ws_error error;
    uint32_t going_code;           /* of the GOAWAY of ws_http2_go_away() */
    uint32_t sent_code, peer_code; /* of GOAWAY */
    bool starved : 1;              /* a stream could write, if there were space */
    bool paused : 1;               /* nghttp2 is, after a piece */
    bool going_away : 1, peer_going : 1, settings_came : 1;
    bool terminated : 1;   /* a GOAWAY with an error was written */
    bool write_failed : 1; /* a frame was lost: nghttp2 must not be called any more */
};

/* --- http2.c --- */

/* It may have become ready: ws_http2_next_ready() looks at it. */
void ws_http2_queue(struct ws_http2_stream *stream);
void ws_http2_unqueue(struct ws_http2_stream *stream);
/* A new one, in the list; NULL without memory. */
struct ws_http2_stream *ws_http2_add_stream(struct ws_http2 *http2, int32_t id);

/* --- http2_memory.c --- */

/* Allocators for a session, which keep account of what they gave. */
nghttp2_mem ws_http2_memory(struct ws_http2 *http2);
/* Frees all of it: the session is gone. */
void ws_http2_memory_free(struct ws_http2 *http2);

/* --- http2_stream.c --- */

/* Keeps what came for later. */
bool ws_http2_stream_keep(struct ws_http2_stream *stream, const void *data, size_t len);
unsigned ws_http2_stream_ready(const struct ws_http2_stream *stream);
/* nghttp2's: how much of stream->pieces it may send, and the frame. */
ssize_t ws_http2_on_read(nghttp2_session *session, int32_t id, uint8_t *buffer, size_t size,
                         uint32_t *flags, nghttp2_data_source *source, void *user);
int ws_http2_on_send_data(nghttp2_session *session, nghttp2_frame *frame, const uint8_t *header,
                          size_t len, nghttp2_data_source *source, void *user);

/* --- http2_head.c --- */

/* Adds a field to the head that is being received. False without memory. */
bool ws_http2_head_add(struct ws_http2_stream *stream, const nghttp2_vec *name,
                       const nghttp2_vec *value);
/* It is whole: it becomes unread bytes of the stream, in the form of HTTP/1.1. `last`: no body
 * follows. False without memory. */
bool ws_http2_head_done(struct ws_http2_stream *stream, bool last);
void ws_http2_head_free(struct ws_http2_stream *stream);
/* Sends the head in stream->head_out. WS_OK, WS_MORE: it is not whole; WS_E_ARGUMENT,
 * WS_E_NO_MEMORY. */
enum ws_error ws_http2_head_send(struct ws_http2_stream *stream);

#endif
