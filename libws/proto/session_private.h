/*
 * session_private: what the three files of the session share, and nobody else.
 *
 * session.c reads (bytes to events), session_send.c writes (calls to bytes), session_upgrade.c does
 * both for the HTTP half.
 */
#ifndef LIBWS_PROTO_SESSION_PRIVATE_H
#define LIBWS_PROTO_SESSION_PRIVATE_H

#include "libws/proto/session.h"

#include <assert.h>
#include <stdint.h>

static_assert(WS_ERROR_COUNT <= UINT8_MAX, "an error no longer fits where the session keeps it");

/* What only the upgrade needs: freed by the pull after WS_EVENT_OPEN. The head is copied, so it may
 * arrive in pieces and a decision about it may take its time. */
struct ws_upgrade {
    struct ws_http_head head;
    struct ws_request request;
    struct ws_response response;
    char key[WS_KEY_LEN + 1]; /* client: what was sent */
    char *offered;            /* client: the subprotocols that were sent, as a list, or NULL */
    char *buffer;             /* the head, and the beginning of a refusal's body */
    size_t len, capacity;
    size_t wanted; /* client: bytes of head and body to wait for after a refusal */
    bool refused;  /* client: the status is not 101 */
};

/* The next event while CONNECTING. */
enum ws_event_type ws_session_next_upgrade(struct ws_session *s, struct ws_event *event);

void ws_session_free_upgrade(struct ws_session *s);

/* Writes the HTTP answer that the row of `why` names. */
enum ws_error ws_session_error_answer(const struct ws_session *s, struct ws_out *out,
                                      enum ws_error why);

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

/* The last event: nothing that came behind the fault is looked at. */
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
