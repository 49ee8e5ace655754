#include "cmd/common/record/sent_reader.h"

#include <stdlib.h>
#include <string.h>

void sent_reader_begin(struct sent_reader *reader, const struct ws_conn *conn, bool frames,
                       bool chunks)
{
    const struct ws_deflate *deflate = ws_session_deflate(ws_conn_session(conn));
    const struct ws_session_config *own = &ws_conn_env(conn)->config.session;
    reader->config = (struct ws_session_config){
        .role = own->role == WS_ROLE_SERVER ? WS_ROLE_CLIENT : WS_ROLE_SERVER,
        .frames = frames,
        .chunks = chunks,
        .deflate_pool = own->deflate_pool,
    };
    ws_session_init_open(&reader->session, &reader->config);
    if (deflate)
        ws_session_init_deflate(&reader->session, &deflate->params);
}

void sent_reader_free(struct sent_reader *reader)
{
    ws_session_free(&reader->session);
}

void sent_reader_feed(struct sent_reader *reader, uint8_t *bytes, size_t len,
                      void (*event)(void *context, const struct ws_event *event), void *context)
{
    struct ws_event next;
    ws_session_feed(&reader->session, bytes, len, 0);
    while (ws_session_next(&reader->session, &next) != WS_EVENT_NONE)
        if (next.type != WS_EVENT_ERROR)
            event(context, &next);
}

uint8_t *sent_reader_copy(const struct ws_out *out)
{
    uint8_t *bytes = malloc(out->bytes ? out->bytes : 1);
    size_t len = 0;
    for (size_t i = 0; bytes && i < out->count; i++) {
        memcpy(bytes + len, ws_out_span_data(out, i), out->spans[i].len);
        len += out->spans[i].len;
    }
    return bytes;
}

size_t sent_reader_head(const uint8_t *data, size_t len)
{
    const uint8_t *end = memmem(data, len, "\r\n\r\n", 4);
    return end && len > 9 && memcmp(data, "HTTP/1.1 ", 9) == 0 ? (size_t)(end - data) + 4 : 0;
}
