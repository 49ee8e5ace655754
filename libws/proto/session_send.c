#include "libws/proto/session_private.h"

#include "libws/proto/mask_private.h"
#include <ws/mask.h>
#include <ws/utf8.h>

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

enum ws_error ws_session_make_frame(const struct ws_session *s, struct ws_frame *frame,
                                    unsigned opcode, bool fin, size_t len)
{
    *frame = (struct ws_frame){
        .fin = fin,
        .opcode = (uint8_t)opcode,
        .length = len,
        .masked = s->config->role == WS_ROLE_CLIENT,
        .length_bytes = (uint8_t)ws_frame_length_bytes(len),
    };
    frame->header_len = (uint8_t)ws_frame_header_len(len, frame->masked);
    if (frame->masked && !session_random(s, frame->mask_key, 4))
        return WS_E_RANDOM;
    return WS_OK;
}

static enum ws_error write_copy(struct ws_out *out, const struct ws_frame *frame, const void *data)
{
    size_t len = (size_t)frame->length;
    uint8_t *at = ws_out_reserve(out, frame->header_len + len);
    if (!at)
        return WS_E_NO_MEMORY;
    ws_frame_encode(at, frame);
    if (frame->masked)
        ws_mask(at + frame->header_len, data, len, frame->mask_key, 0);
    else if (len > 0)
        memcpy(at + frame->header_len, data, len);
    return WS_OK;
}

enum ws_error ws_session_check_send(const struct ws_session *s, unsigned opcode)
{
    if (s->state == WS_STATE_CONNECTING)
        return WS_E_STATE;
    bool late = s->defer_close_reply && !s->close_sent;
    if ((s->state != WS_STATE_OPEN && !late) || s->done)
        return WS_E_CLOSING;
    if (opcode != WS_OP_TEXT && opcode != WS_OP_BINARY)
        return WS_E_ARGUMENT;
    if (s->fragment_opcode && s->fragment_opcode != opcode)
        return WS_E_STATE;
    return WS_OK;
}

enum ws_error ws_session_share(struct ws_session *s, struct ws_out *out, struct ws_shared *shared,
                               size_t offset, size_t len, const struct ws_compressed_span *deflated)
{
    struct ws_deflate *deflate = session_deflate(s);
    enum ws_error error = ws_session_check_send(s, WS_OP_BINARY);
    if (error != WS_OK)
        return error;
    if (s->fragment_opcode || s->config->role != WS_ROLE_SERVER ||
        (deflated->messages > 0 && !deflate))
        return WS_E_STATE;
    error = ws_out_share(out, shared, offset, len);
    if (error == WS_OK && deflated->messages > 0) {
        ws_deflate_restart(deflate);
        deflate->counts.messages_out += deflated->messages;
        deflate->counts.plain_out += deflated->plain;
        deflate->counts.wire_out += deflated->wire;
    }
    return error;
}

size_t ws_frame_message_size(size_t len, size_t max_frame)
{
    size_t size = 0;
    for (; max_frame && len > max_frame; len -= max_frame)
        size += ws_frame_header_len(max_frame, false) + max_frame;
    return size + ws_frame_header_len(len, false) + len;
}

void ws_frame_message(uint8_t *to, unsigned opcode, const void *data, size_t len, size_t max_frame,
                      bool deflated)
{
    const uint8_t *at = data;
    struct ws_frame frame = {.opcode = (uint8_t)opcode, .rsv = deflated ? WS_RSV1 : 0};
    while (!frame.fin) {
        size_t size = max_frame && len > max_frame ? max_frame : len;
        frame.fin = size == len;
        frame.length = size;
        frame.length_bytes = (uint8_t)ws_frame_length_bytes(size);
        to += ws_frame_encode(to, &frame);
        if (size > 0)
            memcpy(to, at, size);
        frame.opcode = WS_OP_CONTINUATION;
        frame.rsv = 0;
        at += size;
        to += size;
        len -= size;
    }
}

static enum ws_error make_data_frame(const struct ws_session *s, struct ws_frame *frame,
                                     unsigned opcode, bool more, size_t len)
{
    enum ws_error error = ws_session_check_send(s, opcode);
    if (error != WS_OK)
        return error;
    return ws_session_make_frame(s, frame, s->fragment_opcode ? WS_OP_CONTINUATION : opcode, !more,
                                 len);
}

/* Below this a copy is cheaper than one more span. */
enum { BORROW_FROM = 1024 };

static enum ws_error send_frame(struct ws_session *s, struct ws_out *out, unsigned opcode,
                                unsigned flags, void *data, size_t len)
{
    struct ws_frame frame;
    bool more = (flags & WS_SEND_MORE) != 0;
    enum ws_error error = make_data_frame(s, &frame, opcode, more, len);
    if (error != WS_OK)
        return error;
    bool borrow = (flags & WS_SEND_BORROW) && len >= BORROW_FROM &&
                  (!frame.masked || (flags & WS_SEND_MUTABLE));
    if (!borrow) {
        error = write_copy(out, &frame, data);
    } else if (!ws_out_prepare(out, frame.header_len)) {
        error = WS_E_NO_MEMORY;
    } else {
        ws_frame_encode(ws_out_reserve(out, frame.header_len), &frame);
        if (frame.masked)
            ws_mask(data, data, len, frame.mask_key, 0);
        error = ws_out_borrow(out, data, len);
    }
    if (error == WS_OK)
        s->fragment_opcode = more ? (uint8_t)opcode : 0;
    return error;
}

/* The most common message, which is sent straight: short, whole, in one frame. */
static inline bool takes_small(const struct ws_session *s, unsigned opcode, unsigned flags)
{
    return !(flags & WS_SEND_MORE) && !s->done && !s->upgrading && !s->deflate &&
           !s->fragment_opcode && s->state == WS_STATE_OPEN &&
           (opcode == WS_OP_TEXT || opcode == WS_OP_BINARY);
}

static inline bool is_small(const struct ws_session *s, size_t len)
{
    return len < 126 && !(s->config->max_frame && len > s->config->max_frame);
}

enum { SMALL_MOST = 64 };

/* Sends `count` of these, up to SMALL_MOST. */
static inline enum ws_error send_small(const struct ws_session *s, struct ws_out *out,
                                       unsigned opcode, const struct iovec *messages, size_t count)
{
    bool masked = s->config->role == WS_ROLE_CLIENT;
    uint8_t keys[SMALL_MOST][4];
    size_t size = count * (2 + (masked ? sizeof keys[0] : 0));
    if (masked && !session_random(s, keys, count * sizeof keys[0]))
        return WS_E_RANDOM;
    for (size_t i = 0; i < count; i++)
        size += messages[i].iov_len;
    uint8_t *at = ws_out_reserve(out, size);
    if (!at)
        return WS_E_NO_MEMORY;
    for (size_t i = 0; i < count; i++) {
        size_t len = messages[i].iov_len;
        *at++ = (uint8_t)(0x80 | opcode);
        *at++ = (uint8_t)((masked ? 0x80 : 0) | len);
        if (masked) {
            memcpy(at, keys[i], sizeof keys[i]);
            at += sizeof keys[i];
            mask_small(at, messages[i].iov_base, len, keys[i]);
        } else if (len > 0) {
            memcpy(at, messages[i].iov_base, len);
        }
        at += len;
    }
    return WS_OK;
}

/* How many of the first ones may be sent like that together. */
static size_t count_small(const struct ws_session *s, const struct iovec *messages, size_t count)
{
    size_t n = 0;
    while (n < count && n < SMALL_MOST && is_small(s, messages[n].iov_len))
        n++;
    return n;
}

enum ws_error ws_session_send_many(struct ws_session *s, struct ws_out *out, unsigned opcode,
                                   const struct iovec *messages, size_t count, size_t *sent)
{
    bool small = takes_small(s, opcode, WS_SEND_COPY);
    for (*sent = 0; *sent < count;) {
        const struct iovec *first = messages + *sent;
        size_t some = small ? count_small(s, first, count - *sent) : 0;
        enum ws_error error = some > 0 ? send_small(s, out, opcode, first, some)
                                       : ws_session_send(s, out, opcode, WS_SEND_COPY,
                                                         first->iov_base, first->iov_len);
        if (error != WS_OK)
            return error;
        *sent += some > 0 ? some : 1;
    }
    return WS_OK;
}

enum ws_error ws_session_send(struct ws_session *s, struct ws_out *out, unsigned opcode,
                              unsigned flags, void *data, size_t len)
{
    if (is_small(s, len) && takes_small(s, opcode, flags))
        return send_small(s, out, opcode, &(struct iovec){data, len}, 1);
    size_t most = s->config->max_frame ? s->config->max_frame : len;
    uint8_t *at = data;
    if (ws_session_compresses(s, flags, len)) {
        bool sent;
        enum ws_error error = ws_session_send_deflated(s, out, opcode, flags, data, len, &sent);
        if (error != WS_OK || sent)
            return error;
    }
    while (len > most) {
        enum ws_error error = send_frame(s, out, opcode, flags | WS_SEND_MORE, at, most);
        if (error != WS_OK)
            return error;
        at += most;
        len -= most;
    }
    return send_frame(s, out, opcode, flags, at, len);
}

/* Bytes from the beginning of its payload to the end; of a run, to the end of the last. */
static inline size_t spread(const struct ws_event *event)
{
    return event->len +
           (event->type == WS_EVENT_RUN ? (event->count - 1) * WS_RUN_STEP(event->len) : 0);
}

/* True if a header fits directly before `event`'s payload: in the input, after the previous
 * replies; in a buffer of our own, always. */
static inline bool has_headroom(const struct ws_session *s, const struct ws_event *event,
                                size_t header_len)
{
    if (s->lent)
        return event->data == ws_bytes_data(s->held);
    return event->data >= s->writable_from &&
           (size_t)(event->data - s->writable_from) >= header_len &&
           event->data + spread(event) <= s->in;
}

/* The same for the most common reply, taken straight: of a server, to a small message that it may
 * send from where it is, or to a run of them, where all headers but the first are there already.
 * False when it is another. */
static inline bool reply_small(struct ws_session *s, struct ws_out *out,
                               const struct ws_event *event, enum ws_error *error)
{
    size_t len = event->len, header_len = len < 126 ? 2 : 4;
    if (event->type == WS_EVENT_CHUNK || len > WS_CHUNK_ABOVE || !session_at_message(s) ||
        s->deflate || s->fragment_opcode || s->config->role != WS_ROLE_SERVER ||
        (s->config->max_frame && len > s->config->max_frame) || !has_headroom(s, event, header_len))
        return false;
    uint8_t *begin = event->data - header_len;
    begin[0] = (uint8_t)(0x80 | event->opcode);
    begin[1] = (uint8_t)(len < 126 ? len : 126);
    if (len >= 126) {
        begin[2] = (uint8_t)(len >> 8);
        begin[3] = (uint8_t)len;
    }
    *error = ws_out_in_place(out, begin, header_len + spread(event));
    if (*error == WS_OK)
        s->writable_from = event->data + spread(event);
    return true;
}

static enum ws_error reply_each(struct ws_session *s, struct ws_out *out,
                                const struct ws_event *event)
{
    enum ws_error error = WS_OK;
    uint8_t *data = event->data;
    for (unsigned i = 0; i < event->count && error == WS_OK; i++, data += WS_RUN_STEP(event->len))
        error = ws_session_send(s, out, event->opcode, WS_SEND_COPY, data, event->len);
    return error;
}

enum ws_error ws_session_reply(struct ws_session *s, struct ws_out *out,
                               const struct ws_event *event)
{
    struct ws_frame frame;
    enum ws_error small;
    if (reply_small(s, out, event, &small))
        return small;
    if (event->type == WS_EVENT_RUN)
        return reply_each(s, out, event);
    bool more = event->type == WS_EVENT_CHUNK && !event->last;
    if ((s->config->max_frame && event->len > s->config->max_frame) ||
        ws_session_compresses(s, more ? WS_SEND_MORE : 0, event->len))
        return ws_session_send(s, out, event->opcode, more ? WS_SEND_MORE : 0, event->data,
                               event->len);
    enum ws_error error = make_data_frame(s, &frame, event->opcode, more, event->len);
    if (error != WS_OK)
        return error;
    if (!has_headroom(s, event, frame.header_len)) {
        error = write_copy(out, &frame, event->data);
    } else if (!ws_out_prepare(out, 0)) {
        error = WS_E_NO_MEMORY;
    } else {
        uint8_t *begin = event->data - frame.header_len;
        ws_frame_encode(begin, &frame);
        if (frame.masked)
            ws_mask(event->data, event->data, event->len, frame.mask_key, 0);
        if (s->lent) {
            error = ws_out_own(out, s->held, begin, frame.header_len + event->len);
            s->held = NULL;
            s->lent = false;
        } else {
            error = ws_out_in_place(out, begin, frame.header_len + event->len);
            s->writable_from = event->data + event->len;
        }
    }
    if (error == WS_OK)
        s->fragment_opcode = more ? event->opcode : 0;
    return error;
}

static enum ws_error send_control(struct ws_session *s, struct ws_out *out, unsigned opcode,
                                  const void *data, size_t len)
{
    struct ws_frame frame;
    if (len > WS_CONTROL_PAYLOAD_MAX)
        return WS_E_CONTROL_TOO_LONG;
    enum ws_error error = ws_session_make_frame(s, &frame, opcode, true, len);
    return error == WS_OK ? write_copy(out, &frame, data) : error;
}

enum ws_error ws_session_ping(struct ws_session *s, struct ws_out *out, const void *data,
                              size_t len)
{
    if (s->state == WS_STATE_CONNECTING)
        return WS_E_STATE;
    if (s->state != WS_STATE_OPEN || s->done)
        return WS_E_CLOSING;
    return send_control(s, out, WS_OP_PING, data, len);
}

enum ws_error ws_session_pong(struct ws_session *s, struct ws_out *out, const void *data,
                              size_t len)
{
    if (s->state == WS_STATE_CONNECTING)
        return WS_E_STATE;
    if (s->state == WS_STATE_CLOSED || s->done || s->close_received)
        return WS_E_CLOSING;
    return send_control(s, out, WS_OP_PONG, data, len);
}

enum ws_error ws_session_close(struct ws_session *s, struct ws_out *out, unsigned code,
                               const char *reason, size_t reason_len)
{
    uint8_t payload[WS_CONTROL_PAYLOAD_MAX] = {0};
    size_t len = 0;
    if (s->state == WS_STATE_CONNECTING)
        return WS_E_STATE;
    if (s->state == WS_STATE_CLOSED || s->close_sent)
        return WS_E_CLOSING;
    if (code != 0 && code != WS_CLOSE_NO_CODE) {
        if (!ws_close_code_valid(code))
            return WS_E_CLOSE_CODE;
        if (reason_len > 0 && !ws_utf8_valid(reason, reason_len))
            return WS_E_CLOSE_UTF8;
        if (reason_len > WS_CLOSE_REASON_MAX) {
            reason_len = WS_CLOSE_REASON_MAX;
            while (((uint8_t)reason[reason_len] & 0xC0) == 0x80)
                reason_len--;
        }
        payload[0] = (uint8_t)(code >> 8);
        payload[1] = (uint8_t)code;
        if (reason_len > 0)
            memcpy(payload + 2, reason, reason_len);
        len = 2 + reason_len;
    }
    enum ws_error error = send_control(s, out, WS_OP_CLOSE, payload, len);
    if (error != WS_OK)
        return error;
    s->close_sent = true;
    s->sent_code = (uint16_t)(len > 0 ? code : WS_CLOSE_NO_CODE);
    session_move_to(s, s->close_received ? WS_STATE_CLOSED : WS_STATE_CLOSING);
    return WS_OK;
}

unsigned ws_session_sent_code(const struct ws_session *s)
{
    return s->sent_code ? s->sent_code : WS_CLOSE_ABNORMAL;
}

/* --- what the RFC prescribes --- */

const char *ws_session_explain(const struct ws_session *s, enum ws_error why,
                               char text[WS_CLOSE_REASON_MAX + 1])
{
    uint64_t max = s->config->max_message, size = s->message.total + s->frame.length;
    if (why != WS_E_MESSAGE_TOO_BIG || max == 0 || !s->message.begun ||
        (size <= max && !s->message.deflated))
        return ws_error_info(why)->explanation;
    if (s->message.deflated)
        snprintf(text, WS_CLOSE_REASON_MAX + 1,
                 "the message is larger than the limit here: it inflates to more than %" PRIu64
                 " bytes",
                 max);
    else
        snprintf(text, WS_CLOSE_REASON_MAX + 1,
                 "the message is larger than the limit here: at least %" PRIu64
                 " bytes, and the limit is %" PRIu64 " bytes",
                 size, max);
    return text;
}

enum ws_error ws_session_fail(struct ws_session *s, struct ws_out *out, enum ws_error why)
{
    const struct ws_error_info *info = ws_error_info(why);
    enum ws_error error = WS_OK;
    if (s->state == WS_STATE_CONNECTING) {
        if (s->config->role == WS_ROLE_SERVER && info->http_status != 0)
            error = ws_session_error_answer(s, out, why);
    } else if (s->state != WS_STATE_CLOSED && !s->close_sent && info->close_code != 0) {
        char text[WS_CLOSE_REASON_MAX + 1];
        const char *reason = ws_session_explain(s, why, text);
        error = ws_session_close(s, out, info->close_code, reason, strlen(reason));
    }
    s->request_pending = false;
    s->done = true;
    session_move_to(s, WS_STATE_CLOSED);
    return error;
}

enum ws_error ws_session_answer(struct ws_session *s, struct ws_out *out,
                                const struct ws_event *event)
{
    switch (event->type) {
    case WS_EVENT_REQUEST:
        if (event->request->violation != WS_OK)
            return ws_session_refuse_error(s, out, event->request->violation);
        return ws_session_accept(s, out, NULL);
    case WS_EVENT_PING:
        /* After the peer's close nothing is answered (5.5.2); calling this is no error. */
        if (s->close_received || s->state == WS_STATE_CLOSED)
            return WS_OK;
        return ws_session_pong(s, out, event->data, event->len);
    case WS_EVENT_CLOSE:
        if (!event->clean || s->close_sent || s->defer_close_reply || s->state == WS_STATE_CLOSED)
            return WS_OK;
        return ws_session_close(s, out, event->code, NULL, 0);
    case WS_EVENT_ERROR:
        return ws_session_fail(s, out, event->error);
    default:
        return WS_OK;
    }
}
