#include "cmd/wsserve/modes/mode.h"
#include "cmd/wsserve/options/settings.h"

static void on_event(struct ws_conn *conn, const struct ws_event *event)
{
    if (event->type != WS_EVENT_MESSAGE && event->type != WS_EVENT_RUN &&
        event->type != WS_EVENT_CHUNK)
        return;
    enum ws_error error = ws_conn_reply(conn, event);
    /* After our close frame nothing can be answered; other errors end the connection. */
    if (error != WS_OK && error != WS_E_CLOSING)
        ws_conn_abort(conn, error);
}

const struct mode mode_echo = {
    .handler = {.event = on_event},
    .chunks = true,
    .runs = true,
    .pause_reads_when_full = true,
};
