#include "libws/proto/session_private.h"

#include <ws/mask.h>

#include <string.h>

/* --- sending --- */

bool ws_session_compresses(const struct ws_session *s, unsigned flags, size_t len)
{
    const struct ws_deflate *d = session_deflate(s);
    if (!d)
        return false;
    if (s->fragment_opcode)
        return d->sending;
    return (flags & WS_SEND_MORE) || len >= d->threshold;
}

/* The last `n` bytes of the output are payload, with `head` bytes free before them. Inserts
 * headers, so that no frame has more than `most` bytes of payload. Works backwards, since all
 * pieces except perhaps the first move up. */
static enum ws_error write_headers(struct ws_session *s, struct ws_out *out, unsigned opcode,
                                   bool more, size_t head, size_t n, size_t most)
{
    bool masked = s->config->role == WS_ROLE_CLIENT;
    size_t before = n > most ? (n - 1) / most : 0; /* frames before the last, full ones */
    size_t full = before > 0 ? ws_frame_header_len(most, masked) : 0;
    size_t last = n - before * most;
    size_t total = before * (full + most) + ws_frame_header_len(last, masked) + last;
    size_t there = head + n;
    uint8_t *end = ws_out_reserve(out, total > there ? total - there : 0);
    if (!end)
        return WS_E_NO_MEMORY;
    uint8_t *begin = end - there;

    for (size_t i = before + 1; i-- > 0;) {
        struct ws_frame frame;
        size_t len = i == before ? last : most;
        bool first = i == 0 && !s->fragment_opcode;
        enum ws_error error = ws_session_make_frame(s, &frame, first ? opcode : WS_OP_CONTINUATION,
                                                    i == before && !more, len);
        if (error != WS_OK) {
            ws_out_trim(out, total > there ? total - there : 0);
            return error;
        }
        frame.rsv = first ? WS_RSV1 : 0;
        uint8_t *to = begin + i * (full + most);
        const uint8_t *from = begin + head + i * most;
        if (to + frame.header_len != from)
            memmove(to + frame.header_len, from, len);
        ws_frame_encode(to, &frame);
        if (masked)
            ws_mask(to + frame.header_len, to + frame.header_len, len, frame.mask_key, 0);
    }
    ws_out_trim(out, there > total ? there - total : 0);
    return WS_OK;
}

enum ws_error ws_session_send_deflated(struct ws_session *s, struct ws_out *out, unsigned opcode,
                                       unsigned flags, const void *data, size_t len, bool *sent)
{
    struct ws_deflate *d = session_deflate(s);
    bool more = (flags & WS_SEND_MORE) != 0;
    bool server = s->config->role == WS_ROLE_SERVER;
    bool alone = server ? d->params.server_no_takeover : d->params.client_no_takeover;
    size_t most = s->config->max_frame ? s->config->max_frame : SIZE_MAX;
    size_t head = ws_frame_header_len(len < most ? len : most, !server);
    size_t n;

    *sent = false;
    enum ws_error error = ws_session_check_send(s, opcode);
    if (error != WS_OK)
        return error;
    if (!ws_out_reserve(out, head))
        return WS_E_NO_MEMORY;
    error = ws_deflate_write(d, out, data, len, !more, &n);
    if (error == WS_OK) {
        if (alone && !more && !s->fragment_opcode && n >= len && len > 0) {
            ws_out_trim(out, head + n);
            return WS_OK;
        }
        error = write_headers(s, out, opcode, more, head, n, most);
        if (error != WS_OK) {
            /* Our window now has data that the peer will not see. */
            ws_deflate_restart(d);
            ws_out_trim(out, n);
        }
    }
    if (error != WS_OK) {
        ws_out_trim(out, head);
        return error;
    }
    d->counts.plain_out += len;
    d->counts.wire_out += n;
    d->counts.messages_out += !more;
    d->sending = more;
    s->fragment_opcode = more ? (uint8_t)opcode : 0;
    *sent = true;
    return WS_OK;
}

/* --- receiving --- */

enum ws_error ws_session_inflate_frame(struct ws_session *s)
{
    /* What fits once it is inflated may be larger on the wire: a flush after every byte makes seven
     * of one. Larger frames are refused: they cannot inflate to a legal message. */
    enum { TIMES = 8, MORE = 4096 };
    struct ws_deflate *d = s->deflate;
    uint64_t max = s->config->max_message, cap = WS_PAYLOAD_MAX;
    if (max && max < WS_PAYLOAD_MAX / TIMES - MORE)
        cap = max * TIMES + MORE;
    if (s->frame.opcode != WS_OP_CONTINUATION)
        d->wire = 0;
    if (s->frame.length > cap - d->wire)
        return WS_E_MESSAGE_TOO_BIG;
    d->wire += s->frame.length;
    return WS_OK;
}

/* Where a message, or a piece of one, is assembled: in the pool's memory, or in `held`. */
struct target {
    bool held;
    uint8_t *data; /* in the pool's memory: all of it so far */
    size_t len;
};

/* How many more bytes the message may have. */
static size_t allowed(const struct ws_session *s)
{
    uint64_t max = s->config->max_message;
    uint64_t left = max ? max - s->message.total : SIZE_MAX;
    return left < SIZE_MAX ? (size_t)left : SIZE_MAX;
}

/* The free bytes at its end; `*room` is 0 when it has a piece of full size. NULL without memory. */
static uint8_t *free_part(struct ws_session *s, struct target *t, size_t *room)
{
    enum { AT_FIRST = 4096 };
    if (!t->held) {
        *room = WS_INFLATE_ROOM - t->len;
        return t->data + t->len;
    }
    struct ws_bytes *held = s->held;
    size_t len = held ? held->len : 0;
    size_t most = allowed(s);
    if (s->config->chunks && most > WS_INFLATE_ROOM - len)
        most = WS_INFLATE_ROOM - len;
    if (most > 0 && (!held || held->capacity == len)) {
        size_t more = len < AT_FIRST ? AT_FIRST : len;
        if (!ws_bytes_reserve_exactly(&s->held, more < most ? more : most))
            return NULL;
        held = s->held;
    }
    *room = held->capacity - len < most ? held->capacity - len : most;
    return ws_bytes_data(held) + len;
}

static void extend(struct ws_session *s, struct target *t, size_t len)
{
    if (t->held && len > 0) /* before the first byte there may be no memory yet */
        s->held->len += len;
    t->len += len;
    s->message.total += len;
}

/* Moves what is in the pool's memory to `held`, since it must outlive this pull. */
static bool hold(struct ws_session *s, struct target *t)
{
    if (t->held)
        return true;
    t->held = true;
    if (t->len == 0)
        return true;
    if (!ws_bytes_reserve_exactly(&s->held, t->len))
        return false;
    memcpy(ws_bytes_data(s->held), t->data, t->len);
    s->held->len = t->len;
    return true;
}

/* Inflates a part of the input. What did not fit is left as it was received, masked. */
static enum ws_error inflate_some(struct ws_session *s, uint8_t *to, size_t *room)
{
    enum { STEP = 8 * 1024 }; /* unmasked at a time: some of it may have to be masked again */
    struct ws_deflate *d = s->deflate;
    size_t len = session_available(s) < STEP ? session_available(s) : (size_t)STEP;
    if (len > s->payload_left)
        len = (size_t)s->payload_left;
    uint8_t *data = s->in;
    uint64_t at = session_passed(s);
    bool masked = s->frame.masked;
    if (masked)
        ws_mask(data, data, len, s->frame.mask_key, at);
    struct ws_inflate_flow flow = {.in = data, .in_len = len, .out = to, .room = *room};
    enum ws_error error = ws_deflate_read(d, &flow, len == s->payload_left && s->frame.fin);
    size_t used = len - flow.in_len;
    if (masked && used < len)
        ws_mask(data + used, data + used, len - used, s->frame.mask_key, at + used);
    s->in += used;
    s->payload_left -= used;
    *room = flow.room;
    d->more = flow.full;
    return error;
}

/* Why fill() stopped. */
enum fill_end { FILL_FRAME_DONE, FILL_INPUT_USED, FILL_TARGET_FULL };

/* Inflates and validates until the frame is done, the input is used up, or the target is full. On
 * an error `t->len` counts the good bytes. */
static enum ws_error fill(struct ws_session *s, struct target *t, enum fill_end *end)
{
    const struct ws_deflate *d = s->deflate;
    *end = FILL_TARGET_FULL;
    for (;;) {
        uint8_t beyond = 0; /* one byte that would be too many */
        size_t room = 0, had;
        bool full = allowed(s) == 0;
        uint8_t *to = full ? &beyond : free_part(s, t, &room);
        if (!to)
            return WS_E_NO_MEMORY;
        if (full)
            room = 1;
        else if (room == 0)
            return WS_OK;
        else if (room > allowed(s))
            room = allowed(s);
        had = room;
        enum ws_error error = inflate_some(s, to, &room);
        if (full && room == 0)
            return WS_E_MESSAGE_TOO_BIG;
        size_t got = full ? 0 : had - room;
        size_t good = ws_message_check(&s->message, to, got);
        extend(s, t, good);
        if (good < got)
            return WS_E_UTF8;
        if (error != WS_OK)
            return error;
        if (!d->more && (s->payload_left == 0 || session_available(s) == 0)) {
            *end = s->payload_left == 0 ? FILL_FRAME_DONE : FILL_INPUT_USED;
            return WS_OK;
        }
    }
}

/* The same into a target that grows, where the message must be whole. */
static enum ws_error fill_growing(struct ws_session *s, struct target *t, enum fill_end *end)
{
    enum ws_error error = fill(s, t, end);
    while (error == WS_OK && *end == FILL_TARGET_FULL && !s->config->chunks)
        error = hold(s, t) ? fill(s, t, end) : WS_E_NO_MEMORY;
    return error;
}

static void count_message(struct ws_session *s)
{
    struct ws_deflate *d = s->deflate;
    d->counts.messages_in++;
    d->counts.plain_in += s->message.total;
    d->counts.wire_in += d->wire;
}

static void lend_target(struct ws_session *s, const struct target *t, struct ws_event *event)
{
    if (t->held && s->held) {
        ws_session_lend(s, s->held, event);
    } else {
        event->data = t->data;
        event->len = t->len;
    }
}

/* Such a piece is delivered before what follows it, be that an error: if the rest had come later it
 * would have been. */
static bool is_full_piece(const struct ws_session *s, const struct target *t)
{
    return s->config->chunks && t->len == WS_INFLATE_ROOM;
}

enum ws_event_type ws_session_next_inflated(struct ws_session *s, struct ws_event *event)
{
    struct ws_deflate *d = s->deflate;
    bool chunks = s->config->chunks;
    enum fill_end end;
    /* An error inside compressed data is reported at the start of the frame's payload. */
    uint64_t begun = session_offset(s, s->in) - session_passed(s);
    if (session_available(s) == 0 && s->payload_left > 0 && !d->more)
        return WS_EVENT_NONE;

    /* As without compression: small frames are kept until whole, large ones delivered in pieces. */
    bool large = chunks && s->frame.length > WS_CHUNK_ABOVE;
    bool whole = session_available(s) >= s->payload_left && (chunks || s->frame.fin);
    struct target t = {.held = s->held || (!whole && !large)};
    t.len = s->held ? s->held->len : 0;
    t.data = ws_deflate_pool_room(d->pool);
    if (!t.data)
        return session_emit_error(s, event, WS_E_NO_MEMORY, begun);

    enum ws_error error = fill_growing(s, &t, &end);
    bool done = error == WS_OK && end == FILL_FRAME_DONE;
    bool last = done && s->frame.fin;
    if (last)
        error = ws_message_end(&s->message);
    if (error != WS_OK) {
        large |= is_full_piece(s, &t);
        if (large)
            lend_target(s, &t, event);
        return ws_session_emit_before_error(s, event, large, error, begun);
    }
    if (done)
        s->in_payload = false;
    if (last)
        count_message(s);
    bool ready = last || (chunks && t.len > 0 && (end != FILL_INPUT_USED || large));
    if (ready) {
        lend_target(s, &t, event);
        return ws_session_emit_piece(s, event, last);
    }
    if (t.len > 0 && !hold(s, &t))
        return session_emit_error(s, event, WS_E_NO_MEMORY, begun);
    return WS_EVENT_NONE;
}
