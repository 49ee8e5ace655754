#include "libws/http2/http2_private.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* --- whose it is, and what it waits for --- */

enum ws_error ws_http2_may_open(const struct ws_http2 *http2)
{
    if (http2->peer_going || http2->going_away || http2->error != WS_OK || !http2->settings_came)
        return WS_E_STATE;
    uint32_t most = nghttp2_session_get_remote_settings(http2->session,
                                                        NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS);
    return http2->stream_count - http2->leaving_count < most ? WS_OK : WS_E_STREAM_LIMIT;
}

struct ws_http2_stream *ws_http2_open(struct ws_http2 *http2)
{
    if (http2->peer_going || http2->going_away || http2->error != WS_OK)
        return NULL;
    return ws_http2_add_stream(http2, 0);
}

void ws_http2_stream_set_owner(struct ws_http2_stream *stream, void *owner)
{
    if (!stream->owner)
        stream->http2->stream_count++;
    stream->owner = owner;
}

void *ws_http2_stream_owner(const struct ws_http2_stream *stream)
{
    return stream->owner;
}

uint32_t ws_http2_stream_id(const struct ws_http2_stream *stream)
{
    return (uint32_t)stream->id;
}

/* Bytes that may be sent now. Where there is no space, there will be some later. */
static size_t sendable(const struct ws_http2_stream *stream)
{
    struct ws_http2 *http2 = stream->http2;
    size_t most = http2->space > http2->out.bytes ? http2->space - http2->out.bytes : 0;
    int32_t all = nghttp2_session_get_remote_window_size(http2->session);
    int32_t own = nghttp2_session_get_stream_remote_window_size(http2->session, stream->id);
    int32_t window = own < all ? own : all;
    if (window <= 0)
        return 0;
    http2->starved |= most == 0;
    return (size_t)window < most ? (size_t)window : most;
}

/* A head needs no window, but a client's waits for the server's SETTINGS. */
static bool head_may_go(const struct ws_http2_stream *stream)
{
    return stream->http2->options.role == WS_ROLE_SERVER ||
           ws_http2_websockets(stream->http2) == WS_OK;
}

unsigned ws_http2_stream_ready(const struct ws_http2_stream *stream)
{
    unsigned ready = 0;
    bool writable = stream->head_sent ? sendable(stream) > 0 : head_may_go(stream);
    if (ws_bytes_len(stream->unread) > 0 || stream->peer_fin || stream->cut)
        ready |= WS_READABLE;
    if (writable || stream->cut)
        ready |= WS_WRITABLE;
    if (stream->cut)
        ready |= WS_HANGUP;
    return ready & stream->interest;
}

bool ws_http2_stream_wait(struct ws_http2_stream *stream, unsigned interest)
{
    stream->interest = (uint8_t)interest;
    if (!ws_http2_stream_ready(stream))
        return false;
    ws_http2_queue(stream);
    return true;
}

bool ws_http2_stream_left(const struct ws_http2_stream *stream, enum ws_error *why)
{
    *why = stream->cut_why;
    return ws_bytes_len(stream->unread) > 0;
}

/* --- receiving --- */

bool ws_http2_stream_keep(struct ws_http2_stream *stream, const void *data, size_t len)
{
    if (!ws_bytes_append(&stream->unread, data, len))
        return false;
    stream->http2->unread += len;
    ws_http2_queue(stream);
    return true;
}

enum ws_error ws_http2_stream_receive(struct ws_http2_stream *stream, void *buffer, size_t size,
                                      size_t *len)
{
    *len = ws_bytes_len(stream->unread) < size ? ws_bytes_len(stream->unread) : size;
    if (*len > 0) {
        memcpy(buffer, ws_bytes_data(stream->unread), *len);
        ws_bytes_consume(stream->unread, *len);
        stream->http2->unread -= *len;
        stream->owed += (uint32_t)*len;
        if (ws_bytes_len(stream->unread) == 0)
            ws_bytes_free(&stream->unread);
        ws_http2_queue(stream);
        return WS_OK;
    }
    if (stream->peer_fin)
        return WS_E_LOST;
    return stream->cut ? stream->cut_why : WS_MORE;
}

void ws_http2_stream_consumed(struct ws_http2_stream *stream)
{
    if (stream->owed == 0)
        return;
    if (!stream->closed && stream->id > 0 && !stream->http2->write_failed)
        nghttp2_session_consume_stream(stream->http2->session, stream->id, stream->owed);
    stream->owed = 0;
}

/* --- sending --- */

ssize_t ws_http2_on_read(nghttp2_session *session, int32_t id, uint8_t *buffer, size_t size,
                         uint32_t *flags, nghttp2_data_source *source, void *user)
{
    struct ws_http2_stream *stream = nghttp2_session_get_stream_user_data(session, id);
    (void)buffer;
    (void)source;
    (void)user;
    if (!stream)
        return NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE;
    *flags |= NGHTTP2_DATA_FLAG_NO_COPY;
    if (stream->sendable > 0)
        return (ssize_t)(stream->sendable < size ? stream->sendable : size);
    if (!stream->finished)
        return NGHTTP2_ERR_DEFERRED;
    *flags |= NGHTTP2_DATA_FLAG_EOF;
    stream->fin_sent = true;
    return 0;
}

int ws_http2_on_send_data(nghttp2_session *session, nghttp2_frame *frame, const uint8_t *header,
                          size_t len, nghttp2_data_source *source, void *user)
{
    enum { FRAME_HEADER = 9 };
    struct ws_http2 *http2 = user;
    struct ws_http2_stream *stream =
        nghttp2_session_get_stream_user_data(session, frame->hd.stream_id);
    uint8_t *to = ws_out_reserve(&http2->out, FRAME_HEADER + len);
    (void)source;
    if (!to)
        return NGHTTP2_ERR_CALLBACK_FAILURE;
    memcpy(to, header, FRAME_HEADER);
    to += FRAME_HEADER;
    while (len > 0) {
        const struct iovec *piece = stream->pieces;
        size_t n = piece->iov_len - stream->skip < len ? piece->iov_len - stream->skip : len;
        memcpy(to, (const uint8_t *)piece->iov_base + stream->skip, n);
        to += n;
        len -= n;
        stream->sendable -= n;
        stream->skip += n;
        if (stream->skip == piece->iov_len) {
            stream->pieces++;
            stream->skip = 0;
        }
    }
    return 0;
}

/* Takes of `pieces` what belongs to the head, and sends it once it is whole. */
static enum ws_error take_head(struct ws_http2_stream *stream, const struct iovec *pieces,
                               int count, size_t *taken)
{
    enum ws_error error = WS_MORE;
    for (int i = 0; i < count && error == WS_MORE; i++) {
        size_t before = ws_bytes_len(stream->head_out), len = pieces[i].iov_len;
        if (before + len > WS_HTTP_RESPONSE_MAX)
            len = WS_HTTP_RESPONSE_MAX - before;
        if (!ws_bytes_append(&stream->head_out, pieces[i].iov_base, len))
            return WS_E_NO_MEMORY;
        error = ws_http2_head_send(stream);
        /* What follows the head was taken off its end again. */
        *taken += ws_bytes_len(stream->head_out) - before;
    }
    if (error == WS_OK) {
        stream->head_sent = true;
        ws_bytes_free(&stream->head_out);
        error = ws_http2_write(stream->http2);
    }
    return error == WS_MORE ? WS_OK : error;
}

enum ws_error ws_http2_stream_send(struct ws_http2_stream *stream, const struct iovec *pieces,
                                   int count, size_t *taken)
{
    enum ws_error error = WS_OK;
    size_t bytes = 0;
    *taken = 0;
    if (stream->cut || stream->closed)
        return stream->cut ? stream->cut_why : WS_E_RESET;
    if (!stream->head_sent) {
        if (!head_may_go(stream))
            return WS_OK;
        error = take_head(stream, pieces, count, taken);
        if (error != WS_OK || !stream->head_sent)
            return error;
    }
    for (int i = 0; i < count; i++)
        bytes += pieces[i].iov_len;
    bytes -= *taken;
    size_t most = sendable(stream), skip = *taken;
    if (most > bytes)
        most = bytes;
    if (most == 0)
        return WS_OK;
    for (; skip >= pieces->iov_len; pieces++)
        skip -= pieces->iov_len;
    stream->pieces = pieces;
    stream->skip = skip;
    stream->sendable = most;
    nghttp2_session_resume_data(stream->http2->session, stream->id);
    error = ws_http2_write(stream->http2);
    *taken += most - stream->sendable;
    stream->pieces = NULL;
    stream->sendable = 0;
    return error;
}

void ws_http2_stream_finish(struct ws_http2_stream *stream)
{
    stream->finished = true;
    if (stream->head_sent && !stream->closed && !stream->http2->write_failed)
        nghttp2_session_resume_data(stream->http2->session, stream->id);
}

/* --- the end --- */

void ws_http2_stream_leave(struct ws_http2_stream *stream)
{
    if (!stream->leaving)
        stream->http2->leaving_count++;
    stream->leaving = true;
}

static void unlink_stream(struct ws_http2_stream *stream)
{
    struct ws_http2 *http2 = stream->http2;
    if (stream->previous)
        stream->previous->next = stream->next;
    else
        http2->streams = stream->next;
    if (stream->next)
        stream->next->previous = stream->previous;
    if (stream->owner)
        http2->stream_count--;
    if (stream->leaving)
        http2->leaving_count--;
}

void ws_http2_stream_free(struct ws_http2_stream *stream)
{
    struct ws_http2 *http2 = stream->http2;
    if (!stream->closed && stream->id > 0 && stream->finished && !stream->fin_sent)
        ws_http2_write(http2);
    if (!stream->closed && stream->id > 0 && !http2->write_failed) {
        nghttp2_submit_rst_stream(http2->session, NGHTTP2_FLAG_NONE, stream->id,
                                  stream->fin_sent ? NGHTTP2_NO_ERROR : NGHTTP2_CANCEL);
        nghttp2_session_set_stream_user_data(http2->session, stream->id, NULL);
    }
    http2->unread -= ws_bytes_len(stream->unread);
    ws_http2_unqueue(stream);
    unlink_stream(stream);
    ws_http2_head_free(stream);
    ws_bytes_free(&stream->head_out);
    ws_bytes_free(&stream->unread);
    if (http2->piece.stream == stream)
        http2->piece.stream = NULL;
    free(stream);
}

const char *ws_http2_stream_cut_by(const struct ws_http2_stream *stream,
                                   char text[WS_HTTP2_CODE_TEXT])
{
    if (!stream->cut || stream->cut_why != WS_E_STREAM_RESET)
        return ws_http2_ended_by(stream->http2, text);
    snprintf(text, WS_HTTP2_CODE_TEXT, "RST_STREAM %s", nghttp2_http2_strerror(stream->cut_code));
    return text;
}
