/*
 * session_private: what the files of the session share.
 *
 * session.c reads (bytes to events), session_small.c what is most common; session_send.c writes
 * (calls to bytes), session_upgrade.c does both for the HTTP half, session_deflate.c both for
 * messages that are compressed.
 */
#ifndef LIBWS_PROTO_SESSION_PRIVATE_H
#define LIBWS_PROTO_SESSION_PRIVATE_H

#include "libws/proto/bytes.h"
#include <ws/session.h>

#include <assert.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

static_assert(WS_ERROR_COUNT <= UINT8_MAX, "an error no longer fits where the session keeps it");

/* What only the upgrade needs: freed by the pull after WS_EVENT_OPEN. The head is copied, so it may
 * arrive in pieces and a decision about it may take its time. */
struct ws_upgrade {
    struct ws_http_head head;
    struct ws_request request;
    struct ws_response response;
    char key[WS_KEY_LEN + 1]; /* client: what was sent, unless the caller had its own */
    char *own_key;            /* client: the caller's, or NULL */
    char *offered;            /* client: the subprotocols that were sent, as a list, or NULL */
    struct ws_bytes *bytes;   /* the head, and the beginning of a refusal's body */
    size_t wanted;            /* client: bytes of head and body to wait for after a refusal */
    size_t interim;           /* client: bytes of the interim responses so far */
    bool refused;             /* client: the status is not 101 */
    bool chunked;             /* client: the body of the refusal is */
    char *body;               /* client: that body, decoded; or NULL */
    bool offered_deflate;     /* client: with this config */
    struct ws_deflate_config deflate_config;
    struct ws_deflate *deflate; /* agreed on; the session's, once the rest is gone */
};

/* The next event while CONNECTING. */
enum ws_event_type ws_session_next_upgrade(struct ws_session *s, struct ws_event *event);

void ws_session_free_upgrade(struct ws_session *s);

/* Writes the HTTP answer that the row of `why` names. */
enum ws_error ws_session_error_answer(const struct ws_session *s, struct ws_out *out,
                                      enum ws_error why);

/* session.c */

/* Completes `event`, whose data is a message or a piece of one. */
enum ws_event_type ws_session_emit_piece(struct ws_session *s, struct ws_event *event, bool last);
/* An error was found after the good bytes that `event` has. Those of a `large` frame, which is
 * delivered in pieces, come first, wherever the input was cut; the error is the next event then. */
enum ws_event_type ws_session_emit_before_error(struct ws_session *s, struct ws_event *event,
                                                bool large, enum ws_error error, uint64_t offset);
/* `held` is whole now: the event borrows it, the next pull frees it. */
void ws_session_lend(struct ws_session *s, struct ws_bytes *held, struct ws_event *event);

/* session_small.c: gives the next event straight where that is possible, or NONE with nothing read.
 */
enum ws_event_type ws_session_next_small(struct ws_session *s, struct ws_event *event);

/* After a large frame another one is expected, until so many small ones came in a row: pings come
 * between them, and a peer that passes on what it has got cuts some of them in two. */
enum { LARGE_AGAIN_AFTER = 4 };

/* session_send.c */

/* WS_OK if a data frame of this opcode may be sent now; WS_E_STATE, WS_E_CLOSING, WS_E_ARGUMENT. */
enum ws_error ws_session_check_send(const struct ws_session *s, unsigned opcode);
/* Fills in the header of a frame to be sent, with a fresh masking key for a client (5.3). WS_OK or
 * WS_E_RANDOM. */
enum ws_error ws_session_make_frame(const struct ws_session *s, struct ws_frame *frame,
                                    unsigned opcode, bool fin, size_t len);

/* session_deflate.c */

/* True if a message, or a fragment of one, with these flags is to be compressed. */
bool ws_session_compresses(const struct ws_session *s, unsigned flags, size_t len);
/* Sends it. WS_OK with `*sent` false: nothing was sent, since it gets no smaller compressed: send
 * it as it is. Errors as ws_session_send. */
enum ws_error ws_session_send_deflated(struct ws_session *s, struct ws_out *out, unsigned opcode,
                                       unsigned flags, const void *data, size_t len, bool *sent);
/* The header of a compressed message's frame was read. WS_OK or WS_E_MESSAGE_TOO_BIG. */
enum ws_error ws_session_inflate_frame(struct ws_session *s);
/* The next event from its payload. */
enum ws_event_type ws_session_next_inflated(struct ws_session *s, struct ws_event *event);

/* NULL: not agreed on. */
static inline struct ws_deflate *session_deflate(const struct ws_session *s)
{
    if (s->upgrading)
        return s->upgrade ? s->upgrade->deflate : NULL;
    return s->deflate;
}

/* Payload bytes of the frame that have been read. */
static inline uint64_t session_passed(const struct ws_session *s)
{
    return s->frame.length - s->payload_left;
}

/* The fields from `end_error` to `fragment_opcode`, to compare them at once. */
static inline uint32_t session_position(const struct ws_session *s)
{
    enum { BEGIN = offsetof(struct ws_session, end_error) };
    uint32_t word;
    static_assert(BEGIN + sizeof word == offsetof(struct ws_session, fragment_opcode),
                  "a field is missing, or is one too many");
    memcpy(&word, (const char *)s + BEGIN, sizeof word);
    return word;
}

/* Is the next byte a header's first, of a frame that begins a message, and nothing else due?
 * Payload is held only within a message, or lent. */
static inline bool session_at_message(const struct ws_session *s)
{
    static const struct ws_session open = {.state = WS_STATE_OPEN};
    return session_position(s) == session_position(&open) && !s->message.begun &&
           !s->config->frames;
}

static inline void session_move_to(struct ws_session *s, enum ws_state to)
{
    assert(ws_state_may_follow(s->state, to));
    s->state = (uint8_t)to;
}

/* Of the byte at `p` of the current input, counted from the first byte ever fed. */
static inline uint64_t session_offset(const struct ws_session *s, const uint8_t *p)
{
    return s->base + (uintptr_t)p;
}

static inline size_t session_available(const struct ws_session *s)
{
    return (size_t)(s->in_end - s->in);
}

static inline enum ws_event_type session_emit(struct ws_event *event, enum ws_event_type type)
{
    event->type = type;
    return type;
}

/* The last event: nothing after the error is read. */
static inline enum ws_event_type session_emit_error(struct ws_session *s, struct ws_event *event,
                                                    enum ws_error error, uint64_t offset)
{
    event->data = NULL;
    event->len = 0;
    event->code = 0;
    event->error = error;
    event->offset = offset;
    s->done = true;
    s->in = s->in_end;
    return session_emit(event, WS_EVENT_ERROR);
}

static inline bool session_random(const struct ws_session *s, void *bytes, size_t size)
{
    return s->config->random && s->config->random(s->config->random_context, bytes, size);
}

#endif
