/*
 * http2: one HTTP/2 connection without a socket, and streams of it that are used like sockets.
 *
 * Bytes in, bytes out, as in tls.h: what was received is fed, and what is to be sent collects in a
 * ws_out. conn carries it, over a socket or through TLS, and puts a session on each stream (RFC
 * 8441). nghttp2 does the framing and HPACK; it calls this module only, and never while
 * the caller's code runs: data is pulled, piece by piece.
 *
 * The head of a request or a response goes through a stream as bytes of HTTP/1.1, as a gateway
 * would write it, both ways: so sessions, handlers, filters and logs need no second form of it. An
 * extended CONNECT for a WebSocket is "GET /path HTTP/1.1" with Upgrade and Connection there, and
 * its 200 a 101; Sec-WebSocket-Key and -Accept have no counterpart (RFC 8441 5).
 *
 * One thread's at a time, as the session. Sections without a prefix are of RFC 9113.
 */
#ifndef LIBWS_HTTP2_HTTP2_H
#define LIBWS_HTTP2_HTTP2_H

#include <ws/error.h>
#include <ws/loop.h>
#include <ws/out.h>
#include <ws/session.h>

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/uio.h>

struct ws_http2;
struct ws_http2_stream;

struct ws_http2_options {
    enum ws_role role;
    bool secure;          /* client: the scheme is https */
    uint32_t max_streams; /* server: that a client may have open at a time */
    uint32_t window;      /* bytes that a peer may send on a stream before we have read them */
    uint32_t max_head;    /* bytes of a head that is received; more get no further than into a
                           * session's limit, which must not be larger */
};

enum {
    WS_HTTP2_MAGIC_LEN = 24,
    WS_HTTP2_CODE_TEXT = 64,
};

/* What a client's HTTP/2 begins with (3.4): no request of HTTP/1.1 does. */
extern const char ws_http2_magic[WS_HTTP2_MAGIC_LEN + 1];

/* Was it built with nghttp2? Without it ws_http2_new() always fails. */
bool ws_http2_supported(void);

/* NULL without memory. The first bytes to send (preface, SETTINGS) are in ws_http2_out() after
 * ws_http2_write(). */
struct ws_http2 *ws_http2_new(const struct ws_http2_options *options);

/* Its streams must have been freed. NULL is allowed. */
void ws_http2_free(struct ws_http2 *http2);

/* --- receiving --- */

/* Lends `len` bytes that were received, until ws_http2_next() has returned another than WS_OK.
 * `now_us` is the time, for limits on rates. */
void ws_http2_feed(struct ws_http2 *http2, uint8_t *data, size_t len, int64_t now_us);

/* Payload of a stream, which lies in what was fed, and may be overwritten, together with everything
 * before it there. */
struct ws_http2_piece {
    struct ws_http2_stream *stream;
    uint8_t *data;
    size_t len;
};

/*
 * Reads on. WS_OK: `*piece` is for a stream that is being read and has nothing else to read first;
 * it counts as read. WS_MORE: all that was fed is used up. WS_E_HTTP2: the peer broke a rule;
 * WS_E_HTTP2_FLOOD: it makes work and sends no data (10.5); WS_E_NO_MEMORY: in these cases a GOAWAY
 * with the reason is among the output, and nothing further is to be fed.
 */
enum ws_error ws_http2_next(struct ws_http2 *http2, struct ws_http2_piece *piece);

/*
 * The next stream that has become ready for something that it waits for (ws_http2_stream_wait), or
 * that a client has opened, in which case its owner is NULL: give it one, or reset and free it.
 * `*ready` gets WS_READABLE, WS_WRITABLE and WS_HANGUP, or-ed. NULL: there is none. To be called
 * once WS_MORE was returned, for what it leads to may use the receive buffer.
 */
struct ws_http2_stream *ws_http2_next_ready(struct ws_http2 *http2, unsigned *ready);

/* Would it return one? */
bool ws_http2_any_ready(const struct ws_http2 *http2);

/* --- sending --- */

/* Has everything written that is due: acknowledgements, window updates, heads. WS_OK; or, now and
 * ever after, why the connection must end: as from ws_http2_next(), or what ws_http2_cut() was
 * given. What is among the output then is to be sent yet. */
enum ws_error ws_http2_write(struct ws_http2 *http2);

/* What is to be sent; the caller clears it. Streams write into it too. */
struct ws_out *ws_http2_out(struct ws_http2 *http2);

/* Streams write as long as there are fewer than `bytes` bytes in ws_http2_out(). Set to 0 while the
 * connection takes no more. */
void ws_http2_set_space(struct ws_http2 *http2, size_t bytes);

/* --- the connection as a whole --- */

/* Says that no further streams are accepted, because of `why` (6.8): GOAWAY. Those that are open go
 * on. A second one has no effect. */
void ws_http2_go_away(struct ws_http2 *http2, enum ws_error why);

/* Nothing more comes or goes, because of `why`: streams are cut, but what came before is read. */
void ws_http2_cut(struct ws_http2 *http2, enum ws_error why);

/* No stream is open, and none will be: it can be closed. */
bool ws_http2_done(const struct ws_http2 *http2);

/* Streams that have an owner. */
size_t ws_http2_stream_count(const struct ws_http2 *http2);

/* Has there been any? */
bool ws_http2_used(const struct ws_http2 *http2);

/* Any of them, to end them one by one; NULL: there is none. */
struct ws_http2_stream *ws_http2_any_stream(struct ws_http2 *http2);

/* Client: has the server said whether it takes WebSockets (RFC 8441 3)? WS_OK: it does; WS_MORE: it
 * has not said; WS_E_HTTP2_UNSUPPORTED: it does not. */
enum ws_error ws_http2_websockets(const struct ws_http2 *http2);

/* Bytes of memory that unread input takes, of all streams. */
size_t ws_http2_holds(const struct ws_http2 *http2);

/* --- a stream --- */

/* Client: may it open another? WS_OK; WS_E_STREAM_LIMIT: as many as the server permits are open, or
 * about to be (5.1.2); WS_E_STATE: the server has not said yet what it permits, or the connection
 * takes no further ones, since it ends. */
enum ws_error ws_http2_may_open(const struct ws_http2 *http2);

/* Client: a new one, to be opened by the head of a request that is sent on it. NULL without memory,
 * or when the peer has gone away. */
struct ws_http2_stream *ws_http2_open(struct ws_http2 *http2);

/* Whose it is, once and for all; NULL: it has no owner yet. */
void ws_http2_stream_set_owner(struct ws_http2_stream *stream, void *owner);
void *ws_http2_stream_owner(const struct ws_http2_stream *stream);

/* Its number on the wire; 0: it has none yet. */
uint32_t ws_http2_stream_id(const struct ws_http2_stream *stream);

/* For what the owner waits: WS_READABLE, WS_WRITABLE, WS_HANGUP, or-ed. True if it is ready for
 * some of it already: ws_http2_next_ready() returns it. */
bool ws_http2_stream_wait(struct ws_http2_stream *stream, unsigned interest);

/* Was it cut, and can something be read before that shows? `*why` gets what
 * ws_http2_stream_receive() returns in the end. */
bool ws_http2_stream_left(const struct ws_http2_stream *stream, enum ws_error *why);

/* Takes up to `size` bytes that wait to be read; `*len` is their number, 0 unless WS_OK is
 * returned. WS_MORE: there are none now; WS_E_LOST: the peer ended its direction;
 * WS_E_STREAM_RESET, WS_E_GOAWAY, or what ws_http2_cut() was given: the stream was cut. */
enum ws_error ws_http2_stream_receive(struct ws_http2_stream *stream, void *buffer, size_t size,
                                      size_t *len);

/* What was read is done with: the peer may send as much again. */
void ws_http2_stream_consumed(struct ws_http2_stream *stream);

/* Puts bytes of `pieces` into ws_http2_out(), as many as the peer's windows and the space allow;
 * `*taken` is their number. WS_OK; WS_E_ARGUMENT: no head of HTTP can be read from them;
 * WS_E_NO_MEMORY; the stream is cut: as from ws_http2_stream_receive(), or WS_E_RESET. */
enum ws_error ws_http2_stream_send(struct ws_http2_stream *stream, const struct iovec *pieces,
                                   int count, size_t *taken);

/* Nothing more is sent on it: END_STREAM. */
void ws_http2_stream_finish(struct ws_http2_stream *stream);

/* Its owner is about to free it: it counts no longer as one that is open. */
void ws_http2_stream_leave(struct ws_http2_stream *stream);

/* Its owner is done with it; where one direction is open yet, it is reset (RFC 8441 5: CANCEL). */
void ws_http2_stream_free(struct ws_http2_stream *stream);

/* "RST_STREAM CANCEL", "GOAWAY PROTOCOL_ERROR": how the peer ended it, or else the connection; ""
 * if it did not. Returns `text`. */
const char *ws_http2_stream_cut_by(const struct ws_http2_stream *stream,
                                   char text[WS_HTTP2_CODE_TEXT]);

/* The same of the connection: the error that was sent as the reason to end it, or came. */
const char *ws_http2_ended_by(const struct ws_http2 *http2, char text[WS_HTTP2_CODE_TEXT]);

#endif
