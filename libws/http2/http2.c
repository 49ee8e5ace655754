#include "libws/http2/http2_private.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/*
 * Frames that carry nothing for us cost time, and so do streams that are reset: a peer may send
 * WORK_BURST of them at once and one more each WORK_US. What it makes by acknowledging our data is
 * free.
 */
enum { WORK_US = 10000, WORK_BURST = 1000, DATA_PAYS = 2 };

/* Outside of streams a connection may have this many times a stream's window under way. */
enum { CONNECTION_WINDOWS = 16, CONNECTION_WINDOW_MAX = 16 << 20 };

enum { ACKS_MAX = 200 }; /* acknowledgements that may wait to be sent */

const char ws_http2_magic[] = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

bool ws_http2_supported(void)
{
    return true;
}

/* --- streams, and which of them may be ready --- */

void ws_http2_queue(struct ws_http2_stream *stream)
{
    struct ws_http2 *http2 = stream->http2;
    if (stream->queued)
        return;
    stream->queued = true;
    stream->ready_next = NULL;
    stream->ready_before = http2->ready_last;
    if (http2->ready_last)
        http2->ready_last->ready_next = stream;
    else
        http2->ready_first = stream;
    http2->ready_last = stream;
}

void ws_http2_unqueue(struct ws_http2_stream *stream)
{
    struct ws_http2 *http2 = stream->http2;
    if (!stream->queued)
        return;
    stream->queued = false;
    if (stream->ready_before)
        stream->ready_before->ready_next = stream->ready_next;
    else
        http2->ready_first = stream->ready_next;
    if (stream->ready_next)
        stream->ready_next->ready_before = stream->ready_before;
    else
        http2->ready_last = stream->ready_before;
}

/* The connection takes more: those that wait for that may write. */
static void queue_writers(struct ws_http2 *http2)
{
    for (struct ws_http2_stream *s = http2->streams; s; s = s->next)
        if (s->interest & WS_WRITABLE)
            ws_http2_queue(s);
}

struct ws_http2_stream *ws_http2_add_stream(struct ws_http2 *http2, int32_t id)
{
    struct ws_http2_stream *stream = calloc(1, sizeof *stream);
    if (!stream)
        return NULL;
    stream->http2 = http2;
    stream->id = id;
    stream->next = http2->streams;
    if (stream->next)
        stream->next->previous = stream;
    http2->streams = stream;
    return stream;
}

struct ws_http2_stream *ws_http2_next_ready(struct ws_http2 *http2, unsigned *ready)
{
    struct ws_http2_stream *stream;
    while ((stream = http2->ready_first)) {
        ws_http2_unqueue(stream);
        *ready = ws_http2_stream_ready(stream);
        if (*ready || !stream->owner)
            return stream;
    }
    return NULL;
}

bool ws_http2_any_ready(const struct ws_http2 *http2)
{
    for (const struct ws_http2_stream *s = http2->ready_first; s; s = s->ready_next)
        if (!s->owner || ws_http2_stream_ready(s))
            return true;
    return false;
}

/* --- what nghttp2 reports while it reads --- */

/* 0, or what stops nghttp2 where the peer has made too much work. */
static int charge(struct ws_http2 *http2)
{
    if (http2->paid_us < http2->now_us)
        http2->paid_us = http2->now_us;
    http2->paid_us += WORK_US;
    if (http2->paid_us - http2->now_us <= (int64_t)WORK_US * WORK_BURST)
        return 0;
    http2->error = WS_E_HTTP2_FLOOD;
    return NGHTTP2_ERR_CALLBACK_FAILURE;
}

static int on_begin_frame(nghttp2_session *session, const nghttp2_frame_hd *header, void *user)
{
    (void)session;
    return header->type == NGHTTP2_DATA || header->type == NGHTTP2_HEADERS ? 0 : charge(user);
}

static int on_invalid_frame(nghttp2_session *session, const nghttp2_frame *frame, int error,
                            void *user)
{
    (void)session;
    (void)frame;
    (void)error;
    return charge(user);
}

static int on_begin_headers(nghttp2_session *session, const nghttp2_frame *frame, void *user)
{
    struct ws_http2 *http2 = user;
    struct ws_http2_stream *stream =
        nghttp2_session_get_stream_user_data(session, frame->hd.stream_id);
    if (!stream && frame->headers.cat == NGHTTP2_HCAT_REQUEST) {
        stream = ws_http2_add_stream(http2, frame->hd.stream_id);
        if (!stream)
            return NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE;
        nghttp2_session_set_stream_user_data(session, frame->hd.stream_id, stream);
    }
    if (!stream || stream->head_came)
        return 0; /* trailers, which nothing is done with */
    stream->head = calloc(1, sizeof *stream->head);
    return stream->head ? 0 : NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE;
}

static int on_header(nghttp2_session *session, const nghttp2_frame *frame, const uint8_t *name,
                     size_t name_len, const uint8_t *value, size_t value_len, uint8_t flags,
                     void *user)
{
    struct ws_http2_stream *stream =
        nghttp2_session_get_stream_user_data(session, frame->hd.stream_id);
    const nghttp2_vec n = {(uint8_t *)(uintptr_t)name, name_len},
                      v = {(uint8_t *)(uintptr_t)value, value_len};
    (void)flags;
    if (!stream || !stream->head)
        return 0;
    if (stream->head->too_large) /* a few bytes of HPACK may name many large fields */
        return charge(user);
    return ws_http2_head_add(stream, &n, &v) ? 0 : NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE;
}

static int on_data(nghttp2_session *session, uint8_t flags, int32_t id, const uint8_t *data,
                   size_t len, void *user)
{
    struct ws_http2 *http2 = user;
    struct ws_http2_stream *stream = nghttp2_session_get_stream_user_data(session, id);
    (void)flags;
    /* The connection's window never waits for a stream, lest one that is not read stalls all. */
    nghttp2_session_consume_connection(session, len);
    if (!stream) {
        nghttp2_session_consume_stream(session, id, len);
        return 0;
    }
    if (!stream->owner || !(stream->interest & WS_READABLE) || ws_bytes_len(stream->unread) > 0)
        return ws_http2_stream_keep(stream, data, len) ? 0 : NGHTTP2_ERR_CALLBACK_FAILURE;
    stream->owed += (uint32_t)len;
    http2->piece = (struct ws_http2_piece){stream, (uint8_t *)(uintptr_t)data, len};
    http2->paused = true;
    return NGHTTP2_ERR_PAUSE;
}

static int on_frame_of_stream(struct ws_http2_stream *stream, const nghttp2_frame *frame)
{
    bool last = (frame->hd.flags & NGHTTP2_FLAG_END_STREAM) != 0;
    if (frame->hd.type == NGHTTP2_HEADERS && stream->head && !ws_http2_head_done(stream, last))
        return NGHTTP2_ERR_CALLBACK_FAILURE;
    /* An interim answer tells nothing, and may be repeated without end. */
    if (frame->hd.type == NGHTTP2_HEADERS && !stream->head_came && charge(stream->http2) != 0)
        return NGHTTP2_ERR_CALLBACK_FAILURE;
    if (last && (frame->hd.type == NGHTTP2_HEADERS || frame->hd.type == NGHTTP2_DATA))
        stream->peer_fin = true;
    ws_http2_queue(stream);
    return 0;
}

static int on_frame(nghttp2_session *session, const nghttp2_frame *frame, void *user)
{
    struct ws_http2 *http2 = user;
    struct ws_http2_stream *stream =
        frame->hd.stream_id > 0 ? nghttp2_session_get_stream_user_data(session, frame->hd.stream_id)
                                : NULL;
    bool last = (frame->hd.flags & NGHTTP2_FLAG_END_STREAM) != 0;
    if (frame->hd.type == NGHTTP2_SETTINGS && !(frame->hd.flags & NGHTTP2_FLAG_ACK))
        http2->settings_came = true;
    if (frame->hd.type == NGHTTP2_GOAWAY) {
        http2->peer_going = true;
        http2->peer_code = frame->goaway.error_code;
    }
    if (frame->hd.type == NGHTTP2_SETTINGS ||
        (frame->hd.type == NGHTTP2_WINDOW_UPDATE && frame->hd.stream_id == 0))
        queue_writers(http2);
    if (frame->hd.type == NGHTTP2_DATA && !last && frame->hd.length <= frame->data.padlen &&
        charge(http2) != 0)
        return NGHTTP2_ERR_CALLBACK_FAILURE;
    return stream ? on_frame_of_stream(stream, frame) : 0;
}

static int on_stream_close(nghttp2_session *session, int32_t id, uint32_t code, void *user)
{
    struct ws_http2_stream *stream = nghttp2_session_get_stream_user_data(session, id);
    const struct ws_http2 *http2 = user;
    if (!stream)
        return 0;
    stream->closed = true;
    stream->cut = code != NGHTTP2_NO_ERROR || !stream->peer_fin || !stream->fin_sent;
    stream->cut_code = code;
    stream->cut_why = http2->peer_going && http2->peer_code ? WS_E_GOAWAY : WS_E_STREAM_RESET;
    if (!stream->owner) /* it had not begun yet */
        ws_http2_stream_free(stream);
    else
        ws_http2_queue(stream);
    return 0;
}

static int on_frame_sent(nghttp2_session *session, const nghttp2_frame *frame, void *user)
{
    struct ws_http2 *http2 = user;
    (void)session;
    if (frame->hd.type == NGHTTP2_GOAWAY && frame->goaway.error_code != NGHTTP2_NO_ERROR) {
        uint32_t code = http2->sent_code = frame->goaway.error_code;
        http2->terminated = true;
        /* nghttp2 has queued it by itself: for a fault of the peer, or since it could make no head.
         */
        if (http2->error == WS_OK && code != http2->going_code)
            http2->error = code == NGHTTP2_ENHANCE_YOUR_CALM ? WS_E_HTTP2_FLOOD
                           : code == NGHTTP2_INTERNAL_ERROR  ? WS_E_NO_MEMORY
                                                             : WS_E_HTTP2;
    }
    if (frame->hd.type == NGHTTP2_DATA && http2->paid_us > http2->now_us)
        http2->paid_us -= (int64_t)DATA_PAYS * WORK_US;
    return 0;
}

/* --- beginning and end --- */

static nghttp2_session_callbacks *make_callbacks(void)
{
    nghttp2_session_callbacks *callbacks;
    if (nghttp2_session_callbacks_new(&callbacks) != 0)
        return NULL;
    nghttp2_session_callbacks_set_on_begin_frame_callback(callbacks, on_begin_frame);
    nghttp2_session_callbacks_set_on_invalid_frame_recv_callback(callbacks, on_invalid_frame);
    nghttp2_session_callbacks_set_on_begin_headers_callback(callbacks, on_begin_headers);
    nghttp2_session_callbacks_set_on_header_callback(callbacks, on_header);
    nghttp2_session_callbacks_set_on_data_chunk_recv_callback(callbacks, on_data);
    nghttp2_session_callbacks_set_on_frame_recv_callback(callbacks, on_frame);
    nghttp2_session_callbacks_set_on_stream_close_callback(callbacks, on_stream_close);
    nghttp2_session_callbacks_set_on_frame_send_callback(callbacks, on_frame_sent);
    nghttp2_session_callbacks_set_send_data_callback(callbacks, ws_http2_on_send_data);
    return callbacks;
}

static bool make_session(struct ws_http2 *http2)
{
    nghttp2_session_callbacks *callbacks = make_callbacks();
    nghttp2_option *option = NULL;
    nghttp2_mem memory = ws_http2_memory(http2);
    int failed = !callbacks || nghttp2_option_new(&option) != 0;
    if (!failed) {
        nghttp2_option_set_no_auto_window_update(option, 1);
        nghttp2_option_set_no_closed_streams(option, 1);
        nghttp2_option_set_max_outbound_ack(option, ACKS_MAX);
        /* Resets are among what is charged for here. */
        nghttp2_option_set_stream_reset_rate_limit(option, UINT32_MAX, UINT32_MAX);
        failed = (http2->options.role == WS_ROLE_SERVER ? nghttp2_session_server_new3
                                                        : nghttp2_session_client_new3)(
            &http2->session, callbacks, http2, option, &memory);
    }
    nghttp2_option_del(option);
    nghttp2_session_callbacks_del(callbacks);
    return failed == 0;
}

static bool submit_settings(struct ws_http2 *http2)
{
    const struct ws_http2_options *o = &http2->options;
    nghttp2_settings_entry settings[5] = {
        {NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, o->window},
        {NGHTTP2_SETTINGS_MAX_HEADER_LIST_SIZE, o->max_head},
        {NGHTTP2_SETTINGS_NO_RFC7540_PRIORITIES, 1},
    };
    size_t count = 3;
    uint32_t window = o->window < CONNECTION_WINDOW_MAX / CONNECTION_WINDOWS
                          ? o->window * CONNECTION_WINDOWS
                          : CONNECTION_WINDOW_MAX;
    if (o->role == WS_ROLE_SERVER) {
        settings[count++] =
            (nghttp2_settings_entry){NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS, o->max_streams};
        settings[count++] = (nghttp2_settings_entry){NGHTTP2_SETTINGS_ENABLE_CONNECT_PROTOCOL, 1};
    } else {
        settings[count++] = (nghttp2_settings_entry){NGHTTP2_SETTINGS_ENABLE_PUSH, 0};
    }
    return nghttp2_submit_settings(http2->session, NGHTTP2_FLAG_NONE, settings, count) == 0 &&
           nghttp2_session_set_local_window_size(http2->session, NGHTTP2_FLAG_NONE, 0,
                                                 (int32_t)window) == 0;
}

struct ws_http2 *ws_http2_new(const struct ws_http2_options *options)
{
    struct ws_http2 *http2 = calloc(1, sizeof *http2);
    if (!http2)
        return NULL;
    http2->options = *options;
    if (make_session(http2) && submit_settings(http2))
        return http2;
    ws_http2_free(http2);
    return NULL;
}

void ws_http2_free(struct ws_http2 *http2)
{
    if (!http2)
        return;
    ws_http2_memory_free(http2);
    ws_out_free(&http2->out);
    free(http2);
}

/* --- receiving --- */

void ws_http2_feed(struct ws_http2 *http2, uint8_t *data, size_t len, int64_t now_us)
{
    http2->data = data;
    http2->len = len;
    http2->now_us = now_us;
}

/* Reading has failed because of `error`: says so to the peer. */
static enum ws_error fail(struct ws_http2 *http2, enum ws_error error)
{
    uint32_t code = error == WS_E_HTTP2_FLOOD ? NGHTTP2_ENHANCE_YOUR_CALM
                    : error == WS_E_NO_MEMORY ? NGHTTP2_INTERNAL_ERROR
                                              : NGHTTP2_PROTOCOL_ERROR;
    http2->error = error;
    if (!http2->terminated && !http2->write_failed)
        nghttp2_session_terminate_session(http2->session, code);
    ws_http2_write(http2);
    return error;
}

static enum ws_error error_of(int number)
{
    switch (number) {
    case NGHTTP2_ERR_NOMEM:
    case NGHTTP2_ERR_CALLBACK_FAILURE:
        return WS_E_NO_MEMORY;
    case NGHTTP2_ERR_FLOODED:
    case NGHTTP2_ERR_TOO_MANY_CONTINUATIONS:
        return WS_E_HTTP2_FLOOD;
    default:
        return WS_E_HTTP2;
    }
}

enum ws_error ws_http2_next(struct ws_http2 *http2, struct ws_http2_piece *piece)
{
    while (http2->error == WS_OK && (http2->len > 0 || http2->paused)) {
        http2->paused = false;
        ssize_t n = nghttp2_session_mem_recv(http2->session, http2->data, http2->len);
        if (n < 0)
            return fail(http2, http2->error != WS_OK ? http2->error : error_of((int)n));
        http2->data += n;
        http2->len -= (size_t)n;
        if (http2->paused) {
            *piece = http2->piece;
            return WS_OK;
        }
    }
    if (http2->error != WS_OK)
        return http2->error;
    enum ws_error error = ws_http2_write(http2);
    return error == WS_OK ? WS_MORE : error;
}

/* --- sending --- */

enum ws_error ws_http2_write(struct ws_http2 *http2)
{
    const uint8_t *data;
    ssize_t n;
    while (!http2->write_failed && (n = nghttp2_session_mem_send(http2->session, &data)) != 0)
        http2->write_failed = n < 0 || ws_out_copy(&http2->out, data, (size_t)n) != WS_OK;
    if (http2->write_failed && http2->error == WS_OK)
        http2->error = WS_E_NO_MEMORY;
    return http2->error;
}

struct ws_out *ws_http2_out(struct ws_http2 *http2)
{
    return &http2->out;
}

void ws_http2_set_space(struct ws_http2 *http2, size_t bytes)
{
    http2->space = bytes;
    if (!http2->starved || http2->out.bytes >= bytes)
        return;
    http2->starved = false;
    queue_writers(http2);
}

/* --- the connection as a whole --- */

void ws_http2_go_away(struct ws_http2 *http2, enum ws_error why)
{
    enum ws_category category = ws_error_info(why)->category;
    uint32_t code = category == WS_CAT_RESOURCE ? NGHTTP2_INTERNAL_ERROR : NGHTTP2_NO_ERROR;
    if (http2->going_away || http2->terminated || http2->write_failed)
        return;
    http2->going_away = true;
    http2->going_code = code;
    nghttp2_submit_goaway(http2->session, NGHTTP2_FLAG_NONE,
                          nghttp2_session_get_last_proc_stream_id(http2->session), code, NULL, 0);
}

void ws_http2_cut(struct ws_http2 *http2, enum ws_error why)
{
    if (http2->peer_going && http2->peer_code != NGHTTP2_NO_ERROR)
        why = WS_E_GOAWAY;
    http2->error = why;
    for (struct ws_http2_stream *s = http2->streams, *next; s; s = next) {
        next = s->next;
        if (!s->closed) {
            s->closed = s->cut = true;
            s->cut_why = why;
        }
        if (s->owner)
            ws_http2_queue(s);
        else
            ws_http2_stream_free(s);
    }
}

bool ws_http2_done(const struct ws_http2 *http2)
{
    return http2->stream_count == 0 &&
           (http2->going_away || http2->terminated || http2->error != WS_OK || http2->peer_going);
}

size_t ws_http2_stream_count(const struct ws_http2 *http2)
{
    return http2->stream_count;
}

bool ws_http2_used(const struct ws_http2 *http2)
{
    return nghttp2_session_get_last_proc_stream_id(http2->session) > 0;
}

struct ws_http2_stream *ws_http2_any_stream(struct ws_http2 *http2)
{
    return http2->streams;
}

enum ws_error ws_http2_websockets(const struct ws_http2 *http2)
{
    if (!http2->settings_came)
        return WS_MORE;
    return nghttp2_session_get_remote_settings(http2->session,
                                               NGHTTP2_SETTINGS_ENABLE_CONNECT_PROTOCOL) == 1
               ? WS_OK
               : WS_E_HTTP2_UNSUPPORTED;
}

size_t ws_http2_holds(const struct ws_http2 *http2)
{
    return http2->unread;
}

const char *ws_http2_ended_by(const struct ws_http2 *http2, char text[WS_HTTP2_CODE_TEXT])
{
    uint32_t code = http2->terminated ? http2->sent_code : http2->peer_code;
    text[0] = '\0';
    if (code != NGHTTP2_NO_ERROR)
        snprintf(text, WS_HTTP2_CODE_TEXT, "%s %s", http2->terminated ? "our GOAWAY" : "GOAWAY",
                 nghttp2_http2_strerror(code));
    return text;
}
