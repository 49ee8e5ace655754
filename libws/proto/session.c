#include "libws/proto/session_private.h"

#include <ws/mask.h>
#include <ws/utf8.h>

#include <assert.h>
#include <stdlib.h>
#include <string.h>

/* --- state --- */

bool ws_state_may_follow(enum ws_state from, enum ws_state to)
{
    return to == WS_STATE_CLOSED || (unsigned)to == (unsigned)from + 1;
}

void ws_session_init(struct ws_session *s, const struct ws_session_config *config)
{
    memset(s, 0, sizeof *s);
    s->in = s->in_end = s->writable_from = s->header;
    s->base = 0 - (uint64_t)(uintptr_t)s->in;
    s->config = config;
    s->state = WS_STATE_CONNECTING;
    s->upgrading = true;
}

void ws_session_init_open(struct ws_session *s, const struct ws_session_config *config)
{
    ws_session_init(s, config);
    s->state = WS_STATE_OPEN;
    s->upgrading = false;
}

enum ws_error ws_session_init_deflate(struct ws_session *s, const struct ws_deflate_params *params)
{
    s->deflate = malloc(sizeof *s->deflate);
    if (!s->deflate)
        return WS_E_NO_MEMORY;
    ws_deflate_init(s->deflate, params, s->config->role == WS_ROLE_SERVER, s->config->deflate,
                    s->config->deflate_pool);
    return WS_OK;
}

void ws_session_free(struct ws_session *s)
{
    if (s->upgrading)
        ws_session_free_upgrade(s);
    if (s->deflate)
        ws_deflate_free(s->deflate);
    free(s->deflate);
    s->deflate = NULL;
    free(s->held);
    free(s->held_control);
    s->held = s->held_control = NULL;
}

const struct ws_deflate *ws_session_deflate(const struct ws_session *s)
{
    return session_deflate(s);
}

enum ws_state ws_session_state(const struct ws_session *s)
{
    return s->state;
}

void ws_session_defer_close_reply(struct ws_session *s)
{
    s->defer_close_reply = s->close_received && !s->close_sent;
}

bool ws_session_close_sent(const struct ws_session *s)
{
    return s->close_sent;
}

bool ws_session_close_received(const struct ws_session *s)
{
    return s->close_received;
}

size_t ws_session_holds(const struct ws_session *s)
{
    return (s->held ? s->held->capacity : 0) + (s->held_control ? s->held_control->capacity : 0);
}

bool ws_session_at_rest(const struct ws_session *s)
{
    return s->in == s->in_end && session_at_message(s);
}

bool ws_session_in_message(const struct ws_session *s)
{
    bool only_frame = s->in_payload && s->frame.fin &&
                      (s->frame.opcode == WS_OP_TEXT || s->frame.opcode == WS_OP_BINARY);
    return s->message.begun && !only_frame;
}

bool ws_session_in_data(const struct ws_session *s)
{
    return s->message.begun;
}

/* --- input --- */

void ws_session_feed(struct ws_session *s, void *data, size_t len, size_t headroom)
{
    assert(s->in == s->in_end);
    if (len == 0) /* `data` may be NULL, on which arithmetic is undefined */
        return;
    s->base = session_offset(s, s->in_end) - (uintptr_t)data;
    s->in = data;
    s->in_end = s->in + len;
    s->writable_from = s->in - headroom;
}

size_t ws_session_unread(struct ws_session *s, const uint8_t **data)
{
    size_t len = session_available(s);
    *data = s->in;
    uint64_t read = session_offset(s, s->in);
    /* Point at a valid dummy address, so that NULL keeps meaning "out of memory". */
    s->in = s->in_end = s->writable_from = s->header;
    s->base = read - (uintptr_t)s->in;
    return len;
}

void ws_session_end(struct ws_session *s, enum ws_error why)
{
    s->ended = true;
    if (s->end_error == WS_OK)
        s->end_error = (uint8_t)why;
}

/* --- events --- */

static enum ws_event_type emit_end(struct ws_session *s, struct ws_event *event)
{
    s->done = true;
    event->code = WS_CLOSE_ABNORMAL;
    event->error = s->end_error;
    session_move_to(s, WS_STATE_CLOSED);
    return session_emit(event, WS_EVENT_CLOSE);
}

/* --- frames --- */

/* Reads a header. WS_OK: s->frame is whole and `in` is at its payload. */
static enum ws_error read_header(struct ws_session *s, uint64_t *offset)
{
    unsigned rules = s->config->role == WS_ROLE_SERVER ? WS_REQUIRE_MASK
                     : s->config->lenient              ? 0
                                                       : WS_REFUSE_MASK;
    if (s->deflate)
        rules |= WS_ALLOW_RSV1;
    size_t have = s->header_have;
    size_t len = session_available(s);
    uint64_t begun = session_offset(s, s->in) - have;
    uint8_t header[WS_HEADER_MAX];
    enum ws_error error;

    if (have == 0) {
        error = ws_frame_decode(s->in, len, rules, &s->frame);
    } else {
        if (len > WS_HEADER_MAX - have)
            len = WS_HEADER_MAX - have;
        memcpy(header, s->header, have);
        memcpy(header + have, s->in, len);
        error = ws_frame_decode(header, have + len, rules, &s->frame);
    }
    if (error == WS_MORE) {
        memcpy(s->header, have ? header : s->in, have + len);
        s->header_have = (have + len) & 15;
        s->in += len;
        return WS_MORE;
    }
    if (error != WS_OK) {
        *offset = begun + ws_frame_error_offset(&s->frame, error);
        return error;
    }
    s->in += s->frame.header_len - have;
    s->header_have = 0;
    *offset = begun;
    if (!ws_opcode_is_control(s->frame.opcode)) {
        error = ws_message_frame(&s->message, &s->frame, s->config->max_message);
        if (error == WS_OK && s->message.deflated)
            error = ws_session_inflate_frame(s);
        if (error != WS_OK)
            return error;
    }
    s->in_payload = true;
    s->payload_left = s->frame.length;
    if (s->frame.length > WS_CHUNK_ABOVE)
        s->lately_large = LARGE_AGAIN_AFTER;
    else if (s->lately_large > 0)
        s->lately_large--;
    return WS_OK;
}

/* Moves `len` bytes of payload from the input to `dst`, unmasked. */
static void unmask(struct ws_session *s, uint8_t *dst, size_t len)
{
    if (s->frame.masked)
        ws_mask(dst, s->in, len, s->frame.mask_key, session_passed(s));
    else if (dst != s->in)
        memmove(dst, s->in, len);
    s->in += len;
    s->payload_left -= len;
}

/* Unmasks `len` bytes within the input. A server puts them where a reply of the same length would
 * follow the previous replies without a gap: all replies to one input are then contiguous. Our
 * headers are never longer than a client's, so there is always space. */
static uint8_t *unmask_in_place(struct ws_session *s, size_t len)
{
    uint8_t *dst = s->in;
    if (s->frame.masked) {
        uint8_t *lower = s->writable_from + ws_frame_header_len(len, false);
        if (lower < dst)
            dst = lower;
    }
    unmask(s, dst, len);
    return dst;
}

/* The same into a buffer that outlives the input; NULL without memory. */
static uint8_t *unmask_into(struct ws_session *s, struct ws_bytes **bytes, size_t len)
{
    if (!ws_bytes_reserve(bytes, len))
        return NULL;
    uint8_t *dst = ws_bytes_data(*bytes) + (*bytes)->len;
    unmask(s, dst, len);
    (*bytes)->len += len;
    return dst;
}

void ws_session_lend(struct ws_session *s, struct ws_bytes *held, struct ws_event *event)
{
    s->lent |= held == s->held;
    s->lent_control |= held == s->held_control;
    event->data = ws_bytes_data(held);
    event->len = held->len;
}

static void free_lent(struct ws_session *s)
{
    if (s->lent) {
        free(s->held);
        s->held = NULL;
    }
    if (s->lent_control) {
        free(s->held_control);
        s->held_control = NULL;
    }
    s->lent = s->lent_control = false;
}

static enum ws_event_type emit_close(struct ws_session *s, struct ws_event *event, uint64_t begun)
{
    const uint8_t *payload = event->data;
    event->code = WS_CLOSE_NO_CODE;
    if (event->len == 1)
        return session_emit_error(s, event, WS_E_CLOSE_LENGTH, begun);
    if (event->len >= 2) {
        event->code = (uint16_t)(payload[0] << 8 | payload[1]);
        event->data += 2;
        event->len -= 2;
        if (!ws_close_code_valid(event->code))
            return session_emit_error(s, event, WS_E_CLOSE_CODE, begun);
        struct ws_utf8 utf8 = {0};
        size_t good = ws_utf8_check(&utf8, event->data, event->len);
        if (good < event->len || !ws_utf8_complete(&utf8))
            return session_emit_error(s, event, WS_E_CLOSE_UTF8, begun + 2 + good);
    }
    event->clean = true;
    s->close_received = true;
    s->in = s->in_end; /* nothing after a close frame counts (5.5.1) */
    session_move_to(s, s->close_sent ? WS_STATE_CLOSED : WS_STATE_CLOSING);
    return session_emit(event, WS_EVENT_CLOSE);
}

static enum ws_event_type next_control(struct ws_session *s, struct ws_event *event)
{
    size_t len =
        session_available(s) < s->payload_left ? session_available(s) : (size_t)s->payload_left;
    uint64_t begun = session_offset(s, s->in) - session_passed(s);
    if (s->held_control || len < s->payload_left) {
        if (!unmask_into(s, &s->held_control, len))
            return session_emit_error(s, event, WS_E_NO_MEMORY, session_offset(s, s->in));
        if (s->payload_left > 0)
            return WS_EVENT_NONE;
        ws_session_lend(s, s->held_control, event);
    } else {
        event->data = s->in;
        event->len = len;
        unmask(s, s->in, len);
    }
    s->in_payload = false;
    if (s->frame.opcode == WS_OP_CLOSE)
        return emit_close(s, event, begun);
    return session_emit(event, s->frame.opcode == WS_OP_PING ? WS_EVENT_PING : WS_EVENT_PONG);
}

enum ws_event_type ws_session_emit_piece(struct ws_session *s, struct ws_event *event, bool last)
{
    event->opcode = s->message.opcode;
    event->first = !s->message.announced;
    event->last = last;
    event->total = s->message.total;
    s->message.announced = !last;
    if (event->first && last) {
        event->first = event->last = false;
        return session_emit(event, WS_EVENT_MESSAGE);
    }
    return session_emit(event, WS_EVENT_CHUNK);
}

enum ws_event_type ws_session_emit_before_error(struct ws_session *s, struct ws_event *event,
                                                bool large, enum ws_error error, uint64_t offset)
{
    if (!large || event->len == 0) {
        uint8_t *valid = event->data;
        size_t len = error == WS_E_UTF8 ? event->len : 0;
        session_emit_error(s, event, error, offset);
        event->data = len > 0 ? valid : NULL;
        event->len = len;
        return WS_EVENT_ERROR;
    }
    s->pending_error = (uint8_t)error;
    s->error_offset = offset;
    s->in = s->in_end;
    return ws_session_emit_piece(s, event, false);
}

static enum ws_event_type next_data(struct ws_session *s, struct ws_event *event)
{
    size_t len =
        session_available(s) < s->payload_left ? session_available(s) : (size_t)s->payload_left;
    bool whole = len == s->payload_left && !s->held; /* and no part of it is held */
    bool large = s->config->chunks && s->frame.length > WS_CHUNK_ABOVE;
    /* A frame that is whole in the input needs no buffer, if its message needs none. */
    bool hold =
        !large && !(whole && session_passed(s) == 0 &&
                    (s->config->chunks || (s->frame.fin && s->frame.length == s->message.total)));
    uint64_t begun = session_offset(s, s->in);
    if (len == 0 && s->payload_left > 0)
        return WS_EVENT_NONE;

    uint8_t *data = hold ? unmask_into(s, &s->held, len) : unmask_in_place(s, len);
    if (!data)
        return session_emit_error(s, event, WS_E_NO_MEMORY, begun);
    size_t good = ws_message_check(&s->message, data, len);
    enum ws_error error = good < len ? WS_E_UTF8 : WS_OK;
    if (s->payload_left == 0)
        s->in_payload = false;
    bool last = s->payload_left == 0 && s->frame.fin;
    if (error == WS_OK && last)
        error = ws_message_end(&s->message);
    if (error != WS_OK) {
        event->data = data;
        event->len = good;
        return ws_session_emit_before_error(s, event, large, error, begun + good);
    }
    if (hold) {
        if (s->payload_left > 0 || (!last && !s->config->chunks))
            return WS_EVENT_NONE;
        ws_session_lend(s, s->held, event);
    } else {
        event->data = data;
        event->len = len;
    }
    if (event->len == 0 && !last)
        return WS_EVENT_NONE;
    return ws_session_emit_piece(s, event, last);
}

/* --- any input --- */

static enum ws_event_type next_frame(struct ws_session *s, struct ws_event *event)
{
    while (!s->close_received && (s->in_payload || session_available(s) > 0)) {
        if (!s->in_payload) {
            uint64_t offset = 0;
            enum ws_error error = read_header(s, &offset);
            if (error == WS_MORE)
                break;
            if (error != WS_OK)
                return session_emit_error(s, event, error, offset);
            if (s->config->frames) {
                event->frame = &s->frame;
                return session_emit(event, WS_EVENT_FRAME);
            }
        }
        enum ws_event_type type = ws_opcode_is_control(s->frame.opcode) ? next_control(s, event)
                                  : s->message.deflated ? ws_session_next_inflated(s, event)
                                                        : next_data(s, event);
        if (type != WS_EVENT_NONE)
            return type;
        if (s->in_payload)
            break; /* the input is used up, and the payload continues */
    }
    s->in = s->in_end;
    if (s->ended && !s->close_received)
        return emit_end(s, event);
    return WS_EVENT_NONE;
}

enum ws_event_type ws_session_next(struct ws_session *s, struct ws_event *event)
{
    if (ws_session_at_rest(s)) {
        *event = (struct ws_event){0};
        return WS_EVENT_NONE;
    }
    if (ws_session_next_small(s, event) != WS_EVENT_NONE)
        return event->type;
    memset(event, 0, sizeof *event);
    free_lent(s);
    if (s->done) {
        s->in = s->in_end;
        return WS_EVENT_NONE;
    }
    if (s->pending_error != WS_OK)
        return session_emit_error(s, event, s->pending_error, s->error_offset);
    if (s->announce_open) {
        s->announce_open = false;
        event->request = &s->upgrade->request;
        return session_emit(event, WS_EVENT_OPEN);
    }
    if (s->state == WS_STATE_CONNECTING)
        return ws_session_next_upgrade(s, event);
    if (s->upgrading)
        ws_session_free_upgrade(s);
    return next_frame(s, event);
}
