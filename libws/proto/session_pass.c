#include "libws/proto/session_private.h"

/*
 * Payload that passes by unseen: see ws_session_passable(). Where large frames follow each other,
 * what is fed ends after each header, so that all of the payload can pass.
 */

/* Is the payload of the frame, the present one or the last, of the kind that may pass? */
static bool may_pass(const struct ws_session *s)
{
    return s->config->chunks && s->frame.length > WS_CHUNK_ABOVE && !s->frame.masked &&
           !ws_opcode_is_control(s->frame.opcode) && s->message.opcode == WS_OP_BINARY &&
           !s->message.deflated;
}

/* Is everything read that was fed, and does the session want what comes next? */
static bool at_stream(const struct ws_session *s)
{
    return session_available(s) == 0 && !s->upgrading && !s->done && !s->ended &&
           !s->close_received && s->pending_error == WS_OK;
}

uint64_t ws_session_passable(const struct ws_session *s)
{
    return at_stream(s) && s->in_payload && may_pass(s) ? s->payload_left : 0;
}

void ws_session_pass(struct ws_session *s, uint64_t len)
{
    assert(len <= s->payload_left);
    s->base += len;
    s->payload_left -= len;
    if (len > 0)
        s->message.announced = true;
}

size_t ws_session_feed_most(const struct ws_session *s)
{
    struct ws_frame next;
    if (s->lately_large == 0 || !at_stream(s))
        return SIZE_MAX;
    if (s->in_payload) /* a small frame; or a large one that is not let pass */
        return may_pass(s) || s->payload_left > SIZE_MAX ? SIZE_MAX : (size_t)s->payload_left;
    /* A large frame's header, most likely as long as the last one. */
    if (s->header_have == 0 && may_pass(s))
        return s->frame.header_len;
    if (s->header_have < 2)
        return 4u - s->header_have;
    ws_frame_parse(s->header, s->header_have, &next);
    return (size_t)next.header_len - s->header_have;
}
