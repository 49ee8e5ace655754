#include "cmd/wsserve/cluster/cluster.h"
#include "cmd/wsserve/modes/mode.h"
#include "cmd/wsserve/options/settings.h"
#include <ws/hub.h>

#include <string.h>

/* The group is the path; the query belongs to the client. */
static void join_group(struct ws_conn *conn, const struct ws_event *event)
{
    struct ws_str target = event->request->target;
    const char *query = memchr(target.p, '?', target.len);
    size_t len = query ? (size_t)(query - target.p) : target.len;
    if (!ws_hub_join(conn, target.p, len))
        ws_conn_fail(conn, WS_E_NO_MEMORY);
}

static void on_event(struct ws_conn *conn, const struct ws_event *event)
{
    size_t len = 0;
    if (event->type != WS_EVENT_MESSAGE)
        return;
    const char *group = ws_hub_group(conn, &len);
    if (!ws_hub_publish(ws_server_env(conn)->hub, group, len, ws_conn_id(conn), event->opcode,
                        event->data, event->len))
        ws_conn_fail(conn, WS_E_NO_MEMORY);
    cluster_publish(worker_of(conn), group, len, event->opcode, event->data, event->len);
    ws_hub_wait(conn);
}

const struct mode mode_broadcast = {
    .handler = {.event = on_event},
};

const struct mode mode_rooms = {
    .handler = {.open = join_group, .event = on_event},
};
