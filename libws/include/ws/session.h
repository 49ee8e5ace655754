/*
 * session: one endpoint of one WebSocket connection, without I/O (RFC 6455).
 *
 * Bytes are fed, events are pulled, and what is to be sent is written into a ws_out. The session
 * has no socket, no clock and no source of randomness of its own; conn.h carries it over a network.
 * A whole server, but for the sockets:
 *
 *     ws_session_feed(&session, buffer, received, headroom);
 *     while (ws_session_next(&session, &event) != WS_EVENT_NONE)
 *         if (event.type == WS_EVENT_MESSAGE)
 *             ws_session_reply(&session, &out, &event);  // an echo
 *         else
 *             ws_session_answer(&session, &out, &event); // what the RFC asks for
 *     … send what is in `out`, clear it, and receive again
 *
 * An event borrows from the input and lives until the next pull: copy what must live longer. After
 * an error nothing further is delivered.
 *
 * A session is used by one thread at a time. No function blocks. Sections without a prefix are of
 * RFC 6455.
 */
#ifndef WS_SESSION_H
#define WS_SESSION_H

#include <ws/close.h>
#include <ws/deflate.h>
#include <ws/error.h>
#include <ws/frame.h>
#include <ws/handshake.h>
#include <ws/message.h>
#include <ws/out.h>

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/uio.h>

#ifdef __cplusplus
extern "C" {
#endif

enum ws_role { WS_ROLE_SERVER, WS_ROLE_CLIENT };

/* 4.1, 5.5.1, 7.1.4. States only advance; any state may go to CLOSED. */
enum ws_state { WS_STATE_CONNECTING, WS_STATE_OPEN, WS_STATE_CLOSING, WS_STATE_CLOSED };

/* True if `to` may follow `from`; every change of state is asserted with it. CLOSED may follow
 * itself. */
bool ws_state_may_follow(enum ws_state from, enum ws_state to);

/* May be shared by any number of sessions; must not change while one of them lives. */
struct ws_session_config {
    enum ws_role role;
    bool chunks;  /* deliver large frames as they arrive: WS_EVENT_CHUNK */
    bool frames;  /* deliver a WS_EVENT_FRAME for every header */
    bool runs;    /* deliver short messages that are alike together: WS_EVENT_RUN */
    bool lenient; /* client: take what common servers do wrong and what does no harm: lines of the
                   * HTTP head that end in LF alone, an empty subprotocol, masked frames */
    uint64_t max_message; /* bytes of payload, over all fragments, inflated; 0: no limit */
    size_t max_frame;     /* bytes of payload in a data frame that is sent: larger messages leave as
                           * fragments; 0: no limit */
    uint32_t max_head;    /* bytes of HTTP head; 0: 8 KiB for a server, 64 KiB for a client */
    /* Fills `size` bytes with unpredictable ones (10.3); false on failure. A client needs it for
     * its key and masks; a server does not call it. */
    bool (*random)(void *context, void *bytes, size_t size);
    void *random_context;
    /* The value of Date in a server's answers (RFC 9110 6.6.1), as ws_http_date_format() writes it;
     * valid until the next call. NULL: they have none. */
    const char *(*date)(void *context);
    void *date_context;
    /* permessage-deflate is agreed on if the other end wants it too, and offered by a client. NULL:
     * never. Read during the upgrade only. */
    const struct ws_deflate_config *deflate;
    struct ws_deflate_pool *deflate_pool; /* needed with `deflate`: the pool of the thread */
};

/* Frames up to this size are kept until they are whole; larger ones are delivered in pieces, if
 * `chunks` is set. */
enum { WS_CHUNK_ABOVE = 16 * 1024 };

enum ws_event_type {
    WS_EVENT_NONE,    /* feed more; if the state is CLOSED, nothing comes any more */
    WS_EVENT_REQUEST, /* server: a whole head. Nothing comes before it is accepted or refused */
    WS_EVENT_OPEN,    /* the upgrade is done */
    WS_EVENT_FRAME,   /* a header arrived; only with config.frames */
    WS_EVENT_MESSAGE, /* a whole text or binary message */
    WS_EVENT_RUN,   /* several short ones: only with config.runs. Of one opcode and one length below
                     * 126, one after the other in the input */
    WS_EVENT_CHUNK, /* a piece of one: only with config.chunks. Text may end inside a code point */
    WS_EVENT_PING,
    WS_EVENT_PONG,
    WS_EVENT_CLOSE, /* the peer's close frame, or the end of the stream without one */
    WS_EVENT_ERROR, /* the last event of all */
};

struct ws_event {
    enum ws_event_type type;
    uint8_t opcode; /* MESSAGE, RUN, CHUNK: WS_OP_TEXT or WS_OP_BINARY, the message's */
    bool first;     /* CHUNK: begins the message */
    bool last;      /* CHUNK: ends it */
    bool clean;     /* CLOSE: a close frame came; else the stream ended without */
    uint16_t
        code; /* CLOSE: as received; WS_CLOSE_NO_CODE, WS_CLOSE_ABNORMAL where there was none */
    enum ws_error error; /* ERROR: what is wrong; CLOSE that is not clean: why the stream ended */
    uint64_t offset;     /* ERROR: of the offending byte, from the first byte ever fed */
    unsigned count;      /* RUN: messages, two or more; see WS_RUN_STEP */
    uint8_t *data;       /* MESSAGE, CHUNK, PING, PONG: payload; CLOSE: the reason; ERROR that is
                          * WS_E_UTF8: the valid text that came in one piece with the offending byte
                          * and before it, for logs (it may begin within a character); ERROR of a
                          * client whose server's head is malformed: the head up to the offending
                          * byte, or NULL. Without a final NUL. May be written to. */
    size_t len;          /* RUN: of each message */
    uint64_t total; /* MESSAGE, CHUNK: payload bytes of the message that frames have announced so
                     * far; of a compressed one, that were inflated so far. RUN: as len */
    const struct ws_frame *frame; /* FRAME */
    const struct ws_request
        *request; /* REQUEST; OPEN of a server; ERROR of a server before the upgrade: may be NULL */
    const struct ws_response *response; /* OPEN and ERROR of a client's upgrade: may be NULL */
};

/* Message i of a run begins at data + i * WS_RUN_STEP(len). The two bytes between messages are not
 * for the receiver. */
#define WS_RUN_STEP(len) ((len) + 2)

/* The number of whole messages that `event`, a MESSAGE, RUN or CHUNK, completes. */
static inline unsigned ws_event_messages(const struct ws_event *event)
{
    return event->type == WS_EVENT_RUN       ? event->count
           : event->type == WS_EVENT_MESSAGE ? 1
                                             : event->type == WS_EVENT_CHUNK && event->last;
}

struct ws_bytes;
struct ws_upgrade; /* the head and the key; freed once the connection is open */

/* Its fields are private; the struct is public so that it can be embedded. */
struct ws_session {
    const struct ws_session_config *config;
    uint8_t *in;     /* the next byte to read */
    uint8_t *in_end; /* after the last byte */
    uint8_t
        *writable_from; /* from here up to `in` the input has been read and may be written over */
    uint64_t base;      /* added to an address in the input, gives its offset in the stream */
    union {
        struct ws_upgrade *upgrade; /* while `upgrading` */
        struct ws_deflate *deflate; /* after that; NULL: not agreed on */
    };
    struct ws_bytes *held;         /* payload of a frame or a message that is not whole yet */
    struct ws_bytes *held_control; /* the same of a control frame inside a message */
    union {
        uint64_t payload_left; /* bytes of the current frame's payload still to come */
        uint64_t error_offset; /* once there is a pending_error: where it is */
    };
    struct ws_message message;
    union {
        struct ws_frame frame;         /* in its payload */
        uint8_t header[WS_HEADER_MAX]; /* before it: the bytes of a header that is not whole */
    };
    /* From here to `fragment_opcode` there is all that keeps a message from beginning: in one word,
     * which is compared at once (session_at_message()). */
    uint8_t end_error;          /* an enum ws_error, as is the next */
    uint8_t pending_error;      /* to be delivered by the next pull */
    uint8_t state : 3;          /* an enum ws_state */
    uint8_t header_have : 4;    /* bytes of a header that is not whole */
    bool upgrading : 1;         /* the upgrade's state is kept */
    bool in_payload : 1;        /* between a header and the end of its payload */
    bool announce_open : 1;     /* WS_EVENT_OPEN is next */
    bool lent : 1;              /* the last event's data is in `held`: freed by the next pull */
    bool lent_control : 1;      /* the same of `held_control` */
    bool close_received : 1;    /* nothing after it counts */
    bool defer_close_reply : 1; /* the peer's close is answered by ws_session_close() */
    bool ended : 1;             /* the stream ended, because of end_error */
    bool done : 1;              /* nothing further is delivered */
    uint8_t fragment_opcode;    /* opcode of the fragmented message that is being sent, or 0 */
    uint8_t lately_large : 4;   /* small frames that may come until no large one is expected */
    bool close_sent : 1;
    bool request_pending : 1; /* server: delivered, not yet answered */
    bool request_sent : 1;    /* client */
    bool http2 : 1;           /* on a stream of HTTP/2 */
    uint16_t sent_code;       /* of our close frame; 0: none was sent */
};

/* --- beginning and end --- */

/* Begins a session in CONNECTING. `config` must outlive it. Allocates nothing. */
void ws_session_init(struct ws_session *session, const struct ws_session_config *config);

/* Begins it in OPEN, for a stream whose upgrade happened elsewhere. WS_EVENT_OPEN is not delivered.
 */
void ws_session_init_open(struct ws_session *session, const struct ws_session_config *config);

/* After ws_session_init_open(): permessage-deflate was agreed on as well, with `params`, which are
 * copied. The config has a pool; its `deflate` may be NULL, for the defaults. WS_OK or
 * WS_E_NO_MEMORY. */
enum ws_error ws_session_init_deflate(struct ws_session *session,
                                      const struct ws_deflate_params *params);

/* Frees what the session holds. Events and replies that borrow from its memory are invalid then. */
void ws_session_free(struct ws_session *session);

/* --- receiving --- */

/*
 * Lends `len` bytes to the session, which reads and overwrites them, until it has been pulled to
 * WS_EVENT_NONE. `headroom` bytes before `data` may be written over too; with at least WS_HEADROOM
 * of them every reply of a server fits in place. The input before must have been read to its end.
 */
void ws_session_feed(struct ws_session *session, void *data, size_t len, size_t headroom);

/* Takes the unread input back, for callers that stop pulling and must release the buffer: returns
 * its length and sets `*data`, which points into the buffer that was fed. Copy it and feed it again
 * later. */
size_t ws_session_unread(struct ws_session *session, const uint8_t **data);

/*
 * Payload that is only passed on, say from a socket to a pipe (splice(2)), need not be fed. Returns
 * how many bytes of such payload come next in the stream, after all that was fed: the rest of a
 * frame of a binary message that is delivered in pieces (config.chunks, WS_CHUNK_ABOVE), neither
 * masked nor compressed. 0: what comes next must be fed.
 */
uint64_t ws_session_passable(const struct ws_session *session);

/* `len` of those bytes were taken from the stream, and will not be fed. They count as received, but
 * no event has them: their message goes on with CHUNKs that are not `first`, and its last CHUNK
 * comes even if nothing is left for it. To be followed by ws_session_next(). */
void ws_session_pass(struct ws_session *session, uint64_t len);

/* How many bytes to feed at most for such payload to stay in the stream: after a large frame, the
 * next header, and a few small frames, by themselves. SIZE_MAX: as many as there are. */
size_t ws_session_feed_most(const struct ws_session *session);

/* The stream has ended: no more will be fed. `why` is WS_E_LOST, or what the transport failed with;
 * it is reported unless a close frame came first. */
void ws_session_end(struct ws_session *session, enum ws_error why);

/* Writes the next event into `event` and returns its type. Every field that its type does not name
 * is zero. */
enum ws_event_type ws_session_next(struct ws_session *session, struct ws_event *event);

/*
 * Does what the RFC prescribes for `event`, the last that was pulled: for a PING its pong (5.5.3),
 * for a CLOSE ours (5.5.1), for a REQUEST the 101, or a refusal if it has a violation, for an ERROR
 * a close frame (7.1.7) or an HTTP refusal. Nothing for the others, and nothing that would break a
 * rule, so it may be called for every event. WS_OK, WS_E_NO_MEMORY or WS_E_RANDOM.
 */
enum ws_error ws_session_answer(struct ws_session *session, struct ws_out *out,
                                const struct ws_event *event);

/* --- the upgrade (4) --- */

/* It is on a stream of HTTP/2 (RFC 8441): the heads have the form that a gateway gives them, with
 * neither Sec-WebSocket-Key nor Sec-WebSocket-Accept (5). To be called before anything is fed. */
void ws_session_over_http2(struct ws_session *session);

/* Client: writes the request with a fresh key, once, in CONNECTING. WS_OK; WS_E_STATE: not a
 * client, or not the first time; WS_E_ARGUMENT: a part of `options` may not go into a head;
 * WS_E_RANDOM; WS_E_NO_MEMORY. Nothing is written on failure. */
enum ws_error ws_session_connect(struct ws_session *session, struct ws_out *out,
                                 const struct ws_request_options *options);

/* Server, after WS_EVENT_REQUEST: writes the 101. `acceptance` may be NULL. WS_EVENT_OPEN comes
 * next. WS_OK; WS_E_STATE: no request waits; the request's own violation; WS_E_ARGUMENT: a header
 * that may not be sent; WS_E_NO_MEMORY; WS_E_INTERNAL: libcrypto failed. Nothing is written on
 * failure, and the request still waits. */
enum ws_error ws_session_accept(struct ws_session *session, struct ws_out *out,
                                const struct ws_acceptance *acceptance);

/* Server, after WS_EVENT_REQUEST: answers in HTTP; the state is CLOSED then, and what follows the
 * head is never parsed. WS_OK; WS_E_STATE: no request waits; WS_E_ARGUMENT, WS_E_NO_MEMORY: nothing
 * is written, and the request still waits. */
enum ws_error ws_session_refuse(struct ws_session *session, struct ws_out *out,
                                const struct ws_http_answer *answer);

/* The same for a row of the error table: its HTTP status, its explanation as the body. CLOSED in
 * any case. WS_OK, WS_E_STATE, WS_E_NO_MEMORY. */
enum ws_error ws_session_refuse_error(struct ws_session *session, struct ws_out *out,
                                      enum ws_error why);

/* The same with headers of the caller's, such as WWW-Authenticate or Retry-After. Errors as
 * ws_session_refuse. */
enum ws_error ws_session_refuse_with(struct ws_session *session, struct ws_out *out,
                                     enum ws_error why, const struct ws_header *headers,
                                     size_t header_count);

/* Client: has the upgrade been refused, while the body of the refusal is still waited for? */
bool ws_session_refused(const struct ws_session *session);

/* Client: waits no longer for it. The next pull delivers the ERROR, with the part that has come. */
void ws_session_cut_refusal(struct ws_session *session);

/* --- sending --- */

/* How a payload is handed over; or-ed together. */
enum ws_send_flags {
    WS_SEND_COPY = 0,    /* it is copied */
    WS_SEND_BORROW = 1,  /* it stays valid and unchanged until the flush */
    WS_SEND_MUTABLE = 2, /* with WS_SEND_BORROW: it may be masked where it lies */
    WS_SEND_MORE = 4,    /* a fragment that is not the last: the next send continues the message */
};

/*
 * Sends a text or binary message, or a fragment of one: after a send with WS_SEND_MORE the next
 * ones of the same opcode continue it (5.4). That text is valid UTF-8 is the caller's duty (8.1).
 * What is larger than config.max_frame leaves in fragments. Where permessage-deflate was agreed on
 * it is compressed, unless it is a whole message below the threshold or one that gets no smaller.
 *
 * WS_OK; WS_E_STATE before the upgrade, or for another opcode inside a fragmented message;
 * WS_E_CLOSING after a close was sent or received (but see ws_session_defer_close_reply);
 * WS_E_ARGUMENT: no data opcode; WS_E_NO_MEMORY; WS_E_RANDOM. On failure nothing was written,
 * except that the first of several fragments may have been.
 */
enum ws_error ws_session_send(struct ws_session *session, struct ws_out *out, unsigned opcode,
                              unsigned flags, void *data, size_t len);

/*
 * Sends `count` messages, which are not changed: as so many calls of ws_session_send() with
 * WS_SEND_COPY, with its errors, and less work for each of those that are short.
 * `*sent` gets how many were sent: all of them, or after an error those before it.
 */
enum ws_error ws_session_send_many(struct ws_session *session, struct ws_out *out, unsigned opcode,
                                   const struct iovec *messages, size_t count, size_t *sent);

/* Of consecutive messages: how many are compressed, bytes of their payload before and after. */
struct ws_compressed_span {
    size_t messages, plain, wire;
};

/*
 * Server: sends whole messages that were framed before by ws_frame_message(): `len` bytes of
 * `shared` from `offset`, which many connections send without a copy. `deflated` says which of them
 * are compressed, each by itself (ws_deflate_once), with a window no larger than the server's in
 * ws_session_deflate(). That is legal with context takeover too: the next message that the session
 * compresses begins with an empty window. WS_OK; WS_E_STATE: before the upgrade, inside a
 * fragmented message, or compressed ones where permessage-deflate was not agreed on; WS_E_CLOSING;
 * WS_E_NO_MEMORY.
 */
enum ws_error ws_session_share(struct ws_session *session, struct ws_out *out,
                               struct ws_shared *shared, size_t offset, size_t len,
                               const struct ws_compressed_span *deflated);

/* Bytes of a server's message with `len` bytes of payload once it is framed, in fragments of at
 * most `max_frame` bytes of payload (0: in one). */
size_t ws_frame_message_size(size_t len, size_t max_frame);

/* Writes the whole message, framed like that, at `to`. `deflated`: `data` is the output of
 * ws_deflate_once(). */
void ws_frame_message(uint8_t *to, unsigned opcode, const void *data, size_t len, size_t max_frame,
                      bool deflated);

/*
 * Sends the payload of `event`, the last that was pulled, a MESSAGE, a RUN or a CHUNK, back to the
 * peer. A server does it in the very bytes that were received, without a copy, unless it is to be
 * compressed. At most once an event. Errors as ws_session_send; of a run, the first messages may
 * have been sent then.
 */
enum ws_error ws_session_reply(struct ws_session *session, struct ws_out *out,
                               const struct ws_event *event);

/* Sends a ping, or a pong that was not asked for, with a copy of at most 125 bytes. Allowed inside
 * a fragmented message, and a pong also after our close (5.5.2). WS_OK, WS_E_STATE, WS_E_CLOSING,
 * WS_E_CONTROL_TOO_LONG, WS_E_NO_MEMORY, WS_E_RANDOM. */
enum ws_error ws_session_ping(struct ws_session *session, struct ws_out *out, const void *data,
                              size_t len);
enum ws_error ws_session_pong(struct ws_session *session, struct ws_out *out, const void *data,
                              size_t len);

/* --- closing (7) --- */

/*
 * Begins the closing handshake (7.1.2). `code` 0 or WS_CLOSE_NO_CODE sends a close frame without
 * one. `reason` is cut to 123 bytes between two code points; it must be UTF-8. WS_OK; WS_E_STATE
 * before the upgrade; WS_E_CLOSING when a close was sent already; WS_E_CLOSE_CODE for a code that
 * may not be on the wire; WS_E_CLOSE_UTF8; WS_E_NO_MEMORY; WS_E_RANDOM.
 */
enum ws_error ws_session_close(struct ws_session *session, struct ws_out *out, unsigned code,
                               const char *reason, size_t reason_len);

/*
 * Fails the connection for a reason of our own (7.1.7): a timeout, a limit, a shutdown. OPEN:
 * writes a close frame with the error's code, if it has one; CONNECTING, as a server: its HTTP
 * status, if it has one. The state is CLOSED in any case, and nothing further is delivered. WS_OK,
 * WS_E_NO_MEMORY, WS_E_RANDOM.
 */
enum ws_error ws_session_fail(struct ws_session *session, struct ws_out *out, enum ws_error why);

/* For the CLOSE that was pulled last: it is answered later, by ws_session_close(); until then data
 * may still be sent, since an endpoint may delay its answer (5.5.1). No effect if ours was sent
 * already. */
void ws_session_defer_close_reply(struct ws_session *session);

/* --- about it --- */

enum ws_state ws_session_state(const struct ws_session *session);

/* What `why`, for which the session ended, is explained with to people and to the peer: the table's
 * explanation, or for a MESSAGE_TOO_BIG that it found one with the size and the limit, written to
 * `text`. One line without a full stop; valid as long as `text`. */
const char *ws_session_explain(const struct ws_session *session, enum ws_error why,
                               char text[WS_CLOSE_REASON_MAX + 1]);

/* True once our close frame was written, or the peer's was delivered. */
bool ws_session_close_sent(const struct ws_session *session);
bool ws_session_close_received(const struct ws_session *session);

/* The code of our close frame: WS_CLOSE_NO_CODE if it has none, WS_CLOSE_ABNORMAL if none was
 * sent. */
unsigned ws_session_sent_code(const struct ws_session *session);

/* True if the session is OPEN and between two messages: all input was read, and no event is due. */
bool ws_session_at_rest(const struct ws_session *session);

/* True while the peer has begun a fragmented message and not finished it; for its deadline. */
bool ws_session_in_message(const struct ws_session *session);

/* True while the peer has begun any data message and not finished it, be it in a single frame. */
bool ws_session_in_data(const struct ws_session *session);

/* What was agreed on of permessage-deflate, and its counters; NULL: not agreed on, or the upgrade
 * is not done. Lives as long as the session. */
const struct ws_deflate *ws_session_deflate(const struct ws_session *session);

/* Server: the request, from WS_EVENT_REQUEST to WS_EVENT_OPEN, or to the end if it was refused.
 * NULL before and after. */
const struct ws_request *ws_session_request(const struct ws_session *session);

/* With config.frames: the header that was read last, also one that broke a rule: `known` says how
 * much of it. Without, that of a small message is not kept. */
static inline const struct ws_frame *ws_session_last_frame(const struct ws_session *session)
{
    return &session->frame;
}

/* Bytes of memory that incomplete messages and frames take. What compression takes is not counted:
 * see ws_deflate_holds(). */
size_t ws_session_holds(const struct ws_session *session);

#ifdef __cplusplus
}
#endif

#endif
