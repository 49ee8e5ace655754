#include "cmd/wscat/output/sent.h"

#include "cmd/wscat/output/show_http.h"

#include <stdlib.h>

static void on_sent(void *show, const struct ws_event *event)
{
    show_event(show, RECORD_OUT, event);
}

static void see(const struct ws_output_filter *filter, struct ws_conn *conn, struct ws_out *out)
{
    /* The connection has it as a constant; it is ours. */
    struct sent *sent = (struct sent *)(uintptr_t)filter;
    const struct settings *settings = sent->show->settings;
    (void)conn;
    if (sent->upgraded && !sent->frames)
        return;
    uint8_t *bytes = sent_reader_copy(out);
    if (!bytes)
        return;
    if (!sent->upgraded) {
        if (settings->common.verbose > 0)
            show_http_head('>', (const char *)bytes, out->bytes);
    } else {
        sent_reader_feed(&sent->reader, bytes, out->bytes, on_sent, sent->show);
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
    const struct settings *settings = sent->show->settings;
    sent->upgraded = true;
    sent_reader_begin(&sent->reader, conn, settings->common.verbose >= 2, !settings->jsonl);
}

void sent_ended(struct sent *sent)
{
    if (sent->upgraded)
        sent_reader_free(&sent->reader);
    sent->upgraded = false;
}
