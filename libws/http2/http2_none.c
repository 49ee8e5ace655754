/* In the place of the other files where nghttp2 was left out (WITH_HTTP2=0). Without a connection
 * nothing else is ever called. */
#include "libws/http2/http2.h"

const char ws_http2_magic[] = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

bool ws_http2_supported(void)
{
    return false;
}

struct ws_http2 *ws_http2_new(const struct ws_http2_options *options)
{
    (void)options;
    return NULL;
}

void ws_http2_free(struct ws_http2 *http2)
{
    (void)http2;
}

void ws_http2_feed(struct ws_http2 *http2, uint8_t *data, size_t len, int64_t now_us)
{
    (void)http2;
    (void)data;
    (void)len;
    (void)now_us;
}

enum ws_error ws_http2_next(struct ws_http2 *http2, struct ws_http2_piece *piece)
{
    (void)http2;
    (void)piece;
    return WS_E_NO_MEMORY;
}

struct ws_http2_stream *ws_http2_next_ready(struct ws_http2 *http2, unsigned *ready)
{
    (void)http2;
    (void)ready;
    return NULL;
}

bool ws_http2_any_ready(const struct ws_http2 *http2)
{
    (void)http2;
    return false;
}

enum ws_error ws_http2_write(struct ws_http2 *http2)
{
    (void)http2;
    return WS_E_NO_MEMORY;
}

struct ws_out *ws_http2_out(struct ws_http2 *http2)
{
    (void)http2;
    return NULL;
}

void ws_http2_set_space(struct ws_http2 *http2, size_t bytes)
{
    (void)http2;
    (void)bytes;
}

void ws_http2_go_away(struct ws_http2 *http2, enum ws_error why)
{
    (void)http2;
    (void)why;
}

void ws_http2_cut(struct ws_http2 *http2, enum ws_error why)
{
    (void)http2;
    (void)why;
}

bool ws_http2_done(const struct ws_http2 *http2)
{
    (void)http2;
    return false;
}

size_t ws_http2_stream_count(const struct ws_http2 *http2)
{
    (void)http2;
    return 0;
}

bool ws_http2_used(const struct ws_http2 *http2)
{
    (void)http2;
    return false;
}

struct ws_http2_stream *ws_http2_any_stream(struct ws_http2 *http2)
{
    (void)http2;
    return NULL;
}

enum ws_error ws_http2_websockets(const struct ws_http2 *http2)
{
    (void)http2;
    return WS_E_NO_MEMORY;
}

size_t ws_http2_holds(const struct ws_http2 *http2)
{
    (void)http2;
    return 0;
}

enum ws_error ws_http2_may_open(const struct ws_http2 *http2)
{
    (void)http2;
    return WS_E_STATE;
}

struct ws_http2_stream *ws_http2_open(struct ws_http2 *http2)
{
    (void)http2;
    return NULL;
}

void ws_http2_stream_set_owner(struct ws_http2_stream *stream, void *owner)
{
    (void)stream;
    (void)owner;
}

void *ws_http2_stream_owner(const struct ws_http2_stream *stream)
{
    (void)stream;
    return NULL;
}

uint32_t ws_http2_stream_id(const struct ws_http2_stream *stream)
{
    (void)stream;
    return 0;
}

bool ws_http2_stream_wait(struct ws_http2_stream *stream, unsigned interest)
{
    (void)stream;
    (void)interest;
    return false;
}

bool ws_http2_stream_left(const struct ws_http2_stream *stream, enum ws_error *why)
{
    (void)stream;
    (void)why;
    return false;
}

enum ws_error ws_http2_stream_receive(struct ws_http2_stream *stream, void *buffer, size_t size,
                                      size_t *len)
{
    (void)stream;
    (void)buffer;
    (void)size;
    (void)len;
    return WS_E_NO_MEMORY;
}

void ws_http2_stream_consumed(struct ws_http2_stream *stream)
{
    (void)stream;
}

enum ws_error ws_http2_stream_send(struct ws_http2_stream *stream, const struct iovec *pieces,
                                   int count, size_t *taken)
{
    (void)stream;
    (void)pieces;
    (void)count;
    (void)taken;
    return WS_E_NO_MEMORY;
}

void ws_http2_stream_finish(struct ws_http2_stream *stream)
{
    (void)stream;
}

void ws_http2_stream_leave(struct ws_http2_stream *stream)
{
    (void)stream;
}

void ws_http2_stream_free(struct ws_http2_stream *stream)
{
    (void)stream;
}

const char *ws_http2_stream_cut_by(const struct ws_http2_stream *stream,
                                   char text[WS_HTTP2_CODE_TEXT])
{
    (void)stream;
    text[0] = '\0';
    return text;
}

const char *ws_http2_ended_by(const struct ws_http2 *http2, char text[WS_HTTP2_CODE_TEXT])
{
    (void)http2;
    text[0] = '\0';
    return text;
}
