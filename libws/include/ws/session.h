/*
 * session: one endpoint of one WebSocket connection, without I/O (RFC 6455).
 *
 * Bytes go in, events are pulled out, answers are written into a ws_out. The session has no socket,
 * no clock and no source of randomness of its own; net/conn carries it over a network, wsframe, the
 * fuzzers and the conformance suite drive it by hand. All of its use, but for the sockets:
 *
 *     ws_session_feed(&session, buffer, received, headroom);
 *     while (ws_session_next(&session, &event) != WS_EVENT_NONE)
 *         if (event.type == WS_EVENT_MESSAGE)
 *             ws_session_reply(&session, &out, &event);  // an echo
 *         else
 *             ws_session_answer(&session, &out, &event); // what the RFC asks for
 *     … send what is in `out`, clear it, and receive again
 *
 * An event borrows from the input and lives until the next pull; what must live longer is copied by
 * whoever needs it. After an error nothing further is delivered.
 *
 * A session is one thread's at a time.
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

#ifdef __cplusplus
extern "C" {
#endif

enum ws_role { WS_ROLE_SERVER, WS_ROLE_CLIENT };

/* 4.1, 5.5.1, 7.1.4: onwards one by one, and to CLOSED from any. */
enum ws_state { WS_STATE_CONNECTING, WS_STATE_OPEN, WS_STATE_CLOSING, WS_STATE_CLOSED };

/* May `to` follow `from`? What asserts every change of state. A session that is closed may be
 * closed again. */
bool ws_state_may_follow(enum ws_state from, enum ws_state to);

/* Shared by any number of sessions, unchanged while one of them lives. */
struct ws_session_config {
    enum ws_role role;
    bool chunks;          /* hand large frames on as they arrive; see WS_EVENT_CHUNK */
    bool frames;          /* a WS_EVENT_FRAME for every header */
    uint64_t max_message; /* bytes of payload, over all fragments, inflated; 0: no limit */
    size_t max_frame;     /* bytes of payload in a data frame of ours: more leaves as fragments; 0:
                           * any number */
    uint32_t max_head;    /* bytes of HTTP head; 0: the role's own (8 KiB, 64 KiB) */
    /* Fills `size` bytes with what cannot be guessed (10.3); false when it cannot. A client needs
     * it for keys and masks. */
    bool (*random)(void *context, void *bytes, size_t size);
    void *random_context;
    /* permessage-deflate is agreed on where the other end wants it too, and offered by a client.
     * NULL: never. Looked at during the upgrade alone. */
    const struct ws_deflate_config *deflate;
    struct ws_deflate_pool *deflate_pool; /* with `deflate`: of the session's thread */
};

/* Frames that are not whole yet are kept until they are, up to this size; above it, and only with
 * `chunks`, they are handed on in pieces. */
enum { WS_CHUNK_ABOVE = 16 * 1024 };

enum ws_event_type {
    WS_EVENT_NONE,    /* nothing until more is fed; or for ever, when the state is CLOSED */
    WS_EVENT_REQUEST, /* server: a whole head. Until it is accepted or refused, nothing comes */
    WS_EVENT_OPEN,    /* the upgrade is done */
    WS_EVENT_FRAME,   /* a header arrived; only with config.frames */
    WS_EVENT_MESSAGE, /* a whole text or binary message */
    WS_EVENT_CHUNK, /* a piece of one: only with config.chunks. Text may end inside a code point */
    WS_EVENT_PING,
    WS_EVENT_PONG,
    WS_EVENT_CLOSE, /* the peer's close frame, or the end of the stream without one */
    WS_EVENT_ERROR, /* the last event of all */
};

struct ws_event {
    enum ws_event_type type;
    uint8_t opcode; /* MESSAGE, CHUNK: WS_OP_TEXT or WS_OP_BINARY; the message's, for every chunk */
    bool first;     /* CHUNK: begins the message */
    bool last;      /* CHUNK: ends it */
    bool clean;     /* CLOSE: a close frame came; else the stream ended without */
    uint16_t
        code; /* CLOSE: as received; WS_CLOSE_NO_CODE, WS_CLOSE_ABNORMAL where there was none */
    enum ws_error error; /* ERROR: what is wrong; CLOSE that is not clean: why the stream ended */
    uint64_t offset;     /* ERROR: of the byte at fault, from the first byte ever fed */
    uint8_t *data;       /* MESSAGE, CHUNK, PING, PONG: payload; CLOSE: the reason. Not NUL-ended.
                          * May be written to. */
    size_t len;
    uint64_t total; /* MESSAGE, CHUNK: payload bytes of the message, as far as frames announced
                     * it; of a compressed one, as far as it was inflated */
    const struct ws_frame *frame; /* FRAME */
    const struct ws_request
        *request; /* REQUEST; ERROR of a server before the upgrade: may be NULL */
    const struct ws_response *response; /* OPEN and ERROR of a client's upgrade: may be NULL */
};

struct ws_bytes;
struct ws_upgrade; /* session_upgrade.c: the head, the key: gone once the connection is open */

/* Private to session.c; here so that it can be embedded. Hot: kept small. */
struct ws_session {
    const struct ws_session_config *config;
    uint8_t *in;     /* the next byte to read */
    uint8_t *in_end; /* behind the last */
    uint8_t
        *writable_from; /* from here up to `in` the input has been read and may be written over */
    uint64_t base;      /* what makes of an address in the input its offset: see session_offset() */
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
        uint8_t header[WS_HEADER_MAX]; /* before it: what came of a header that was cut */
    };
    uint8_t header_have;
    uint8_t state;
    uint8_t fragment_opcode; /* opcode of a fragmented message on its way out, or 0 */
    bool upgrading : 1;      /* what is known of the upgrade is kept */
    bool in_payload : 1;     /* between a header and the end of its payload */
    bool announce_open : 1;
    bool close_sent : 1;
    bool close_received : 1;
    bool ended : 1;             /* the stream ended, because of end_error */
    bool done : 1;              /* nothing further is delivered */
    bool defer_close_reply : 1; /* the peer's close is answered when we have said all */
    bool request_pending : 1;   /* server: delivered, not yet answered */
    bool request_sent : 1;      /* client */
    bool lent : 1;              /* the last event's data is in `held`: freed by the next pull */
    bool lent_control : 1;      /* the same of `held_control` */
    uint8_t end_error;          /* an enum ws_error, as the next: small */
    uint8_t pending_error;      /* to be delivered by the next pull */
};

/* Begins a session in CONNECTING. `config` must outlive it. Allocates nothing. */
void ws_session_init(struct ws_session *session, const struct ws_session_config *config);

/* Begins it in OPEN, for a stream whose upgrade happened elsewhere. WS_EVENT_OPEN is not delivered.
 */
void ws_session_init_open(struct ws_session *session, const struct ws_session_config *config);

/* After ws_session_init_open(): permessage-deflate was agreed on as well, with `params`. The config
 * has a pool; its `deflate` may be NULL, for the defaults. WS_OK or WS_E_NO_MEMORY. */
enum ws_error ws_session_init_deflate(struct ws_session *session,
                                      const struct ws_deflate_params *params);

/* Frees what the session holds. What its events and replies lent out of its own memory is gone. */
void ws_session_free(struct ws_session *session);

enum ws_state ws_session_state(const struct ws_session *session);

/* What was agreed on of permessage-deflate, and what it did to messages so far; NULL: nothing was,
 * or the upgrade is not done. Lives as long as the session. */
const struct ws_deflate *ws_session_deflate(const struct ws_session *session);

/*
 * Lends `len` bytes to the session, which reads and overwrites them, until it has been pulled to
 * WS_EVENT_NONE. `headroom` bytes before `data` may be written over too; with at least WS_HEADROOM
 * of them every reply of a server finds room in place. The input before must have been read out.
 */
void ws_session_feed(struct ws_session *session, void *data, size_t len, size_t headroom);

/* What of the input is not read yet, for those who stop pulling and must give the buffer back: copy
 * it and feed it again later. Forgets it. */
size_t ws_session_unread(struct ws_session *session, const uint8_t **data);

/* The stream has ended: no more will be fed. `why` is WS_E_LOST, or what the transport failed with;
 * it is reported unless a close frame came first. */
void ws_session_end(struct ws_session *session, enum ws_error why);

/* The next event, also returned: `event->type`. Every field that its type does not name is zero. */
enum ws_event_type ws_session_next(struct ws_session *session, struct ws_event *event);

/*
 * What the RFC prescribes for `event`, the last that was pulled: for a PING its pong (5.5.3), for a
 * CLOSE ours (5.5.1), for a REQUEST the 101, or its refusal when it has a fault, for an ERROR a
 * close frame (7.1.7) or an HTTP refusal. Nothing for the others, and nothing that would break a
 * rule, so it may be called for every event. WS_OK or WS_E_NO_MEMORY, WS_E_RANDOM.
 */
enum ws_error ws_session_answer(struct ws_session *session, struct ws_out *out,
                                const struct ws_event *event);

/* Client: writes the request with a fresh key, once, in CONNECTING. WS_OK, WS_E_STATE,
 * WS_E_ARGUMENT, WS_E_RANDOM, WS_E_NO_MEMORY. */
enum ws_error ws_session_connect(struct ws_session *session, struct ws_out *out,
                                 const struct ws_request_options *options);

/* Server, after WS_EVENT_REQUEST: upgrades. `acceptance` may be NULL. WS_EVENT_OPEN comes next.
 * WS_OK, WS_E_STATE, the request's fault, WS_E_ARGUMENT, WS_E_NO_MEMORY, WS_E_INTERNAL. */
enum ws_error ws_session_accept(struct ws_session *session, struct ws_out *out,
                                const struct ws_acceptance *acceptance);

/* Server, after WS_EVENT_REQUEST: answers in HTTP and is CLOSED; what follows the head is never
 * parsed. WS_OK, WS_E_STATE, WS_E_ARGUMENT, WS_E_NO_MEMORY. */
enum ws_error ws_session_refuse(struct ws_session *session, struct ws_out *out,
                                const struct ws_http_answer *answer);

/* The same for a reason out of the error table: its status, its explanation as the body. */
enum ws_error ws_session_refuse_error(struct ws_session *session, struct ws_out *out,
                                      enum ws_error why);

/* The same with headers of the caller's: WWW-Authenticate, Retry-After. WS_E_ARGUMENT too. */
enum ws_error ws_session_refuse_with(struct ws_session *session, struct ws_out *out,
                                     enum ws_error why, const struct ws_header *headers,
                                     size_t header_count);

/* How a payload is handed over; or-ed together. */
enum ws_send_flags {
    WS_SEND_COPY = 0,    /* it may be gone after the call */
    WS_SEND_BORROW = 1,  /* it stays as it is until the flush */
    WS_SEND_MUTABLE = 2, /* the same, and may be masked where it lies (with WS_SEND_BORROW) */
    WS_SEND_MORE = 4,    /* a fragment that is not the last: the next send continues the message */
};

/*
 * Sends a text or binary message, or a fragment of one: after a send with WS_SEND_MORE the next
 * ones of the same opcode continue it. That text is UTF-8 is the caller's duty (8.1). What is
 * larger than config.max_frame leaves in fragments. Where permessage-deflate was agreed on it
 * leaves compressed, unless it is a whole message below the threshold or one that gets no smaller.
 * WS_OK; WS_E_STATE before the upgrade or when another opcode comes inside a fragmented message;
 * WS_E_CLOSING after a close was sent, or received (but see ws_session_defer_close_reply);
 * WS_E_ARGUMENT; WS_E_NO_MEMORY; WS_E_RANDOM. On failure nothing was sent, but perhaps the first of
 * such fragments.
 */
enum ws_error ws_session_send(struct ws_session *session, struct ws_out *out, unsigned opcode,
                              unsigned flags, void *data, size_t len);

/* Of messages in a row: how many are compressed, their payload, and what has become of it. */
struct ws_compressed_span {
    size_t messages, plain, wire;
};

/*
 * Server: sends whole messages that were framed before, as ws_frame_message() does it: `len` bytes
 * of `shared` from `offset`, which many connections send without a copy. `deflated` says which of
 * them are compressed, each by itself (ws_deflate_once), with a window no larger than the one that
 * ws_session_deflate() says the server has; whatever takeover was agreed on, for the next message
 * that the session compresses begins with an empty window too. WS_OK, WS_E_STATE (also inside a
 * fragmented message of ours, and for compressed ones where nothing was agreed on), WS_E_CLOSING,
 * WS_E_NO_MEMORY.
 */
enum ws_error ws_session_share(struct ws_session *session, struct ws_out *out,
                               struct ws_shared *shared, size_t offset, size_t len,
                               const struct ws_compressed_span *deflated);

/* Bytes that a server's message of `len` has once it is framed, in fragments of at most `max_frame`
 * bytes of payload (0: in one). */
size_t ws_frame_message_size(size_t len, size_t max_frame);

/* Writes the whole message, framed like that, at `to`. `deflated`: `data` is what ws_deflate_once()
 * made of it. */
void ws_frame_message(uint8_t *to, unsigned opcode, const void *data, size_t len, size_t max_frame,
                      bool deflated);

/*
 * Sends the payload of `event`, the last that was pulled, a MESSAGE or a CHUNK, back to the peer:
 * a server does it in the very bytes that it came in, without a copy, unless it is to be
 * compressed. At most once an event. Errors as ws_session_send.
 */
enum ws_error ws_session_reply(struct ws_session *session, struct ws_out *out,
                               const struct ws_event *event);

/* At most 125 bytes, copied. Allowed inside a fragmented message, and a pong (not a ping) also
 * after our close (5.5.2). WS_OK, WS_E_STATE, WS_E_CLOSING, WS_E_CONTROL_TOO_LONG, WS_E_NO_MEMORY,
 * WS_E_RANDOM. */
enum ws_error ws_session_ping(struct ws_session *session, struct ws_out *out, const void *data,
                              size_t len);
enum ws_error ws_session_pong(struct ws_session *session, struct ws_out *out, const void *data,
                              size_t len);

/*
 * Begins the closing handshake (7.1.2). `code` 0 or WS_CLOSE_NO_CODE sends a close frame without
 * one. `reason` is cut to 123 bytes between two code points; it must be UTF-8. WS_OK, WS_E_STATE
 * before the upgrade, WS_E_CLOSING when one was sent already, WS_E_CLOSE_CODE for a code that may
 * not be on the wire, WS_E_CLOSE_UTF8, WS_E_NO_MEMORY, WS_E_RANDOM.
 */
enum ws_error ws_session_close(struct ws_session *session, struct ws_out *out, unsigned code,
                               const char *reason, size_t reason_len);

/*
 * Fails the connection for a reason of ours (7.1.7): a timeout, a limit, a shutdown. OPEN: a close
 * frame with the error's code, if it has one; CONNECTING, as a server: its HTTP status, if it has
 * one. CLOSED after that, and nothing further is delivered. WS_OK, WS_E_NO_MEMORY, WS_E_RANDOM;
 * CLOSED in any case.
 */
enum ws_error ws_session_fail(struct ws_session *session, struct ws_out *out, enum ws_error why);

/* The peer's close frame, the event that was pulled last, is answered later, by ws_session_close();
 * until then data may still be sent: an endpoint may delay its answer (5.5.1). Does nothing when
 * ours was sent already. */
void ws_session_defer_close_reply(struct ws_session *session);

/* Has our close frame been written; has the peer's come? */
bool ws_session_close_sent(const struct ws_session *session);
bool ws_session_close_received(const struct ws_session *session);

/* Bytes of memory that messages take which are being put together; what compresses them is not
 * counted (ws_deflate_holds). */
size_t ws_session_holds(const struct ws_session *session);
/* Server: the request, as long as its head is kept, which is to the end where it was refused, and
 * else up to WS_EVENT_OPEN. NULL before it is whole, and after. */
const struct ws_request *ws_session_request(const struct ws_session *session);

/* The header that was read last, also one that broke a rule: `known` says how much of it. */
static inline const struct ws_frame *ws_session_last_frame(const struct ws_session *session)
{
    return &session->frame;
}

/* Has the peer begun a fragmented message and not finished it? For its deadline. */
bool ws_session_in_message(const struct ws_session *session);

#ifdef __cplusplus
}
#endif

#endif
