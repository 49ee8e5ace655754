#include "cmd/wscat/output/sent.h"

#include "cmd/common/exit.h"
#include "cmd/wscat/output/show_http.h"

#include <stdlib.h>
#include <string.h>

static void on_sent(void *show, const struct ws_event *event)
{
    show_event(show, RECORD_OUT, event);
}

static void show_sent(struct sent *sent, const struct ws_out *out)
{
    const struct settings *settings = sent->show->settings;
    if (sent->head_seen && !sent->upgraded)
        return;
    uint8_t *bytes = sent_reader_copy(out);
    if (!bytes)
        return;
    size_t head = 0;
    if (!sent->head_seen) {
        const uint8_t *end = memmem(bytes, out->bytes, "\r\n\r\n", 4);
        head = end ? (size_t)(end - bytes) + 4 : out->bytes;
        sent->head_seen = true;
        if (settings->common.verbose > 0)
            show_http_head('>', (const char *)bytes, head);
    }
    if (sent->upgraded && head < out->bytes)
        sent_reader_feed(&sent->reader, bytes + head, out->bytes - head, on_sent, sent->show);
    free(bytes);
}

static void see(const struct ws_output_filter *filter, struct ws_conn *conn, struct ws_out *out)
{
    /* The connection has it as a constant; it is ours. */
    (void)conn;
    show_sent((struct sent *)(uintptr_t)filter, out);
}

void sent_about(struct show *show, const struct ws_conn *conn)
{
    const struct sent *sent = ws_conn_user(conn);
    show->records.conn = ws_conn_id(conn);
    show->records.opened_us = sent ? sent->opened_us : 0;
    show->closing = sent ? sent->closing : 0;
}

static void see_client(const struct ws_output_filter *filter, struct ws_conn *conn,
                       struct ws_out *out)
{
    struct sent *sent = ws_conn_user(conn);
    (void)filter;
    if (!sent)
        return;
    sent_about(sent->show, conn);
    show_sent(sent, out);
}

const struct ws_output_filter sent_to_clients = {NULL, see_client};

bool sent_wanted(const struct settings *settings)
{
    return settings->jsonl || settings->common.verbose > 0 || settings->show_ping_pong;
}

void sent_init(struct sent *sent, struct show *show)
{
    *sent = (struct sent){.filter = {NULL, see}, .show = show};
}

void sent_opened(struct sent *sent, const struct ws_conn *conn)
{
    const struct settings *settings = sent->show->settings;
    sent->opened_us = sent->show->records.opened_us = ws_clock_us();
    if (!sent_wanted(settings))
        return;
    sent->upgraded = true;
    sent_reader_begin(&sent->reader, conn, settings->common.verbose >= 2, !settings->jsonl);
}

void sent_ended(struct sent *sent)
{
    if (sent->upgraded)
        sent_reader_free(&sent->reader);
    sent->upgraded = sent->head_seen = false;
}

struct sent *sent_new(struct show *show)
{
    struct sent *sent = malloc(sizeof *sent);
    if (!sent)
        exit_die(WS_EXIT_FAILURE, "out of memory");
    sent_init(sent, show);
    return sent;
}

void sent_free(struct sent *sent)
{
    if (sent)
        sent_ended(sent);
    free(sent);
}
