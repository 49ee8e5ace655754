#include "cmd/wsserve/cluster/cluster.h"
#include "cmd/wsserve/modes/mode.h"
#include "cmd/wsserve/options/settings.h"
#include "cmd/wsserve/request/target.h"
#include <ws/hub.h>

/* The group is the path; the query belongs to the client. */
static void join_group(struct ws_conn *conn, const struct ws_event *event)
{
    struct ws_str path = target_path(event->request);
    if (!ws_hub_join(conn, path.p, path.len))
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
