#include "cmd/wscat/output/sent.h"

#include "cmd/wscat/output/show_http.h"

#include <stdlib.h>
#include <string.h>

/* A copy of all of `out`, from malloc: the session that reads it overwrites it. */
static uint8_t *copy_of(const struct ws_out *out)
{
    uint8_t *bytes = malloc(out->bytes ? out->bytes : 1);
    size_t len = 0;
    for (size_t i = 0; bytes && i < out->count; i++) {
        memcpy(bytes + len, ws_out_span_data(out, i), out->spans[i].len);
        len += out->spans[i].len;
    }
    return bytes;
}

static void see(const struct ws_output_filter *filter, struct ws_conn *conn, struct ws_out *out)
{
    /* The connection has it as a constant; it is ours. */
    struct sent *sent = (struct sent *)(uintptr_t)filter;
    const struct settings *settings = sent->show->settings;
    struct ws_event event;
    (void)conn;
    if (sent->upgraded && !sent->frames)
        return;
    uint8_t *bytes = copy_of(out);
    if (!bytes)
        return;
    if (!sent->upgraded) {
        if (settings->common.verbose > 0)
            show_http_head('>', (const char *)bytes, out->bytes);
    } else {
        ws_session_feed(&sent->session, bytes, out->bytes, 0);
        while (ws_session_next(&sent->session, &event) != WS_EVENT_NONE)
            if (event.type != WS_EVENT_ERROR)
                show_event(sent->show, RECORD_OUT, &event);
    }
    free(bytes);
}

void sent_init(struct sent *sent, struct show *show)
{
    const struct settings *settings = show->settings;
    *sent = (struct sent){.filter = {NULL, see},
                          .show = show,
                          .frames = settings->jsonl || settings->common.verbose > 0 ||
                                    settings->show_ping_pong};
}

void sent_opened(struct sent *sent, const struct ws_conn *conn)
{
    const struct ws_deflate *deflate = ws_session_deflate(ws_conn_session(conn));
    sent->upgraded = true;
    sent->config = (struct ws_session_config){
        .role = WS_ROLE_SERVER,
        .frames = sent->show->settings->common.verbose >= 2,
        .chunks = !sent->show->settings->jsonl, /* messages are not assembled for nothing */
        .deflate_pool = ws_conn_env(conn)->config.session.deflate_pool,
    };
    ws_session_init_open(&sent->session, &sent->config);
    /* Without memory, compressed messages are not shown. */
    if (deflate)
        ws_session_init_deflate(&sent->session, &deflate->params);
}

void sent_ended(struct sent *sent)
{
    if (sent->upgraded)
        ws_session_free(&sent->session);
    sent->upgraded = false;
}
