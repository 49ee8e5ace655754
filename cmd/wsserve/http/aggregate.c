#include "cmd/wsserve/http/aggregate.h"

#include "cmd/common/conn_name.h"
#include "cmd/common/json.h"
#include "cmd/common/log.h"
#include "cmd/wsserve/cluster/cluster.h"
#include "cmd/wsserve/context.h"
#include "cmd/wsserve/http/metrics.h"
#include "cmd/wsserve/observe/access_log.h"
#include "cmd/wsserve/observe/carried.h"
#include "cmd/wsserve/observe/conn_annotations.h"
#include "cmd/wsserve/observe/record_conn.h"
#include "cmd/wsserve/observe/totals.h"
#include "cmd/wsserve/options/settings.h"
#include "cmd/wsserve/request/answer.h"
#include "libws/conn/conn_owner.h"
#include "libws/proto/deflate_offer.h"
#include <ws/hub.h>
#include <ws/server_env.h>

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

enum answer { METRICS, CONNECTIONS, CLUSTER };

/* One answer in the making. */
struct aggregate {
    struct server *server;
    const struct ws_registry *registry; /* of the loop that is to answer */
    uint64_t id;                        /* and of the connection that waits for it */
    enum answer answer;
    struct totals totals;
    bool clustered;
    struct cluster_report cluster;
    struct json json;
};

/* What the upgrade agreed on. */
static void add_websocket(struct json *json, const struct ws_conn *conn,
                          const struct conn_annotations *notes)
{
    const struct ws_deflate *deflate =
        ws_conn_upgraded(conn) ? ws_session_deflate(ws_conn_session(conn)) : NULL;
    char extensions[WS_DEFLATE_TEXT_MAX] = "";
    if (notes && notes->request)
        json_member_string(json, "url", notes->request->target);
    if (notes && notes->subprotocol)
        json_member_string(json, "subprotocol", notes->subprotocol);
    if (deflate)
        ws_deflate_write_agreed(&deflate->params, extensions);
    if (extensions[0])
        json_member_string(json, "extensions", extensions);
}

static void add_connection(struct ws_conn *conn, void *context)
{
    struct aggregate *g = context;
    if (g->answer != CONNECTIONS) {
        totals_connection(&g->totals, conn);
        return;
    }
    struct json *json = &g->json;
    char name[CONN_NAME_MAX], peer[80], client[WS_ADDRESS_TEXT], h2[CARRIED_MAX];
    const struct conn_annotations *notes =
        conn_annotations_find(worker_of(conn)->annotations, ws_conn_id(conn));
    bool proxied = notes && notes->proxied;
    ws_conn_peer(conn, peer, sizeof peer);
    json_begin_object(json);
    json_member_string(json, "id", conn_name(ws_conn_id(conn), name));
    json_member_string(json, "address", proxied ? ws_address_format(&notes->client, client) : peer);
    if (proxied)
        json_member_string(json, "proxy", peer);
    json_member_string(json, "state",
                       ws_conn_is_carrier(conn) ? "http2"
                                                : totals_state_names[totals_state_of(conn)]);
    if (carried_text(conn, h2))
        json_member_string(json, "h2", h2);
    add_websocket(json, conn, notes);
    json_member_uint(json, "age_s", ws_conn_age_s(conn));
    if (ws_conn_upgraded(conn))
        json_member_int(json, "idle_ms",
                        ws_loop_now(ws_conn_env(conn)->loop) - ws_conn_last_message_ms(conn));
    json_member_uint(json, "messages_in", ws_conn_counters(conn)->messages_in);
    json_member_uint(json, "messages_out", ws_conn_counters(conn)->messages_out);
    json_member_uint(json, "bytes_in", ws_conn_counters(conn)->bytes_in);
    json_member_uint(json, "bytes_out", ws_conn_counters(conn)->bytes_out);
    if (ws_conn_heartbeat(conn)->rtt.last_us > 0) {
        json_member_uint(json, "rtt_us", ws_conn_heartbeat(conn)->rtt.last_us);
        json_member_uint(json, "rtt_least_us", ws_conn_heartbeat(conn)->rtt.least_us);
        json_member_uint(json, "rtt_smoothed_us", ws_conn_heartbeat(conn)->rtt.smoothed_us);
    }
    json_member_uint(json, "missed_pongs", ws_conn_heartbeat(conn)->missed);
    json_member_uint(json, "queue_bytes", ws_conn_queued(conn));
    json_member_int(json, "stalled_ms", ws_conn_stalled_ms(conn));
    json_member_uint(json, "memory_bytes", ws_conn_holds(conn));
    json_end_object(json);
}

/* On the thread of each loop in turn. */
static void visit(struct ws_server_env *env, void *context)
{
    struct aggregate *g = context;
    const struct worker *worker = env->conn.user;
    totals_add(&g->totals, worker->totals);
    g->totals.timers += ws_loop_timer_count(env->conn.loop);
    if (worker->index == 0)
        g->clustered = cluster_read(g->server, &g->cluster);
    if (env->hub) {
        struct ws_deliveries deliveries = ws_hub_deliveries(env->hub);
        g->totals.sent += deliveries.sent;
        g->totals.dropped += deliveries.dropped;
        g->totals.failed += deliveries.failed;
    }
    ws_registry_each(env->registry, add_connection, g);
}

static void answer_metrics(struct aggregate *g, struct ws_conn *conn)
{
    const struct settings *settings = g->server->settings;
    struct metrics_server notes = {
        .draining = server_draining(g->server),
        .shedding = server_shedding(g->server),
        .loops = g->server->worker_count,
        .start_seconds = (double)g->server->started_us / 1e6,
        .max_connections = settings->max_connections,
        .max_handshakes = settings->max_handshakes,
        .max_memory = settings->max_memory,
        .log_dropped = log_dropped(g->server->log),
        .access_log_dropped = access_log_dropped(g->server->access_log),
        .records_dropped = g->server->recorder ? recorder_dropped(g->server->recorder) : 0,
    };
    size_t len;
    char *text = metrics_write(&g->totals, &notes, g->clustered ? &g->cluster : NULL, &len);
    if (text)
        answer_text(conn, 200, METRICS_TYPE, text, len);
    else
        answer_refuse(conn, WS_E_NO_MEMORY, 0);
    free(text);
}

static void answer_json(struct aggregate *g, struct ws_conn *conn)
{
    json_newline(&g->json);
    if (g->json.failed)
        answer_refuse(conn, WS_E_NO_MEMORY, 0);
    else
        answer_text(conn, 200, "application/json", g->json.data, g->json.len);
}

static void answer_connections(struct aggregate *g, struct ws_conn *conn)
{
    json_end_array(&g->json);
    answer_json(g, conn);
}

static void answer_cluster(struct aggregate *g, struct ws_conn *conn)
{
    const struct cluster_report *report = &g->cluster;
    const struct cluster_counts *counts = &report->counts;
    struct json *json = &g->json;
    char node[20];
    snprintf(node, sizeof node, "%016" PRIx64, report->node);
    json_begin_object(json);
    json_member_string(json, "node", node);
    json_member_string(json, "channel", report->channel);
    json_member_string(json, "state", report->connected ? "connected" : "degraded");
    json_member_uint(json, "topics", report->topics);
    json_member_uint(json, "out", counts->out);
    json_member_uint(json, "failed",
                     counts->down + counts->full + counts->unanswered + counts->rejected);
    json_member_uint(json, "in", counts->in);
    json_member_uint(json, "lost", counts->lost);
    json_member_uint(json, "repeated", counts->repeated);
    json_member_uint(json, "malformed", counts->malformed);
    json_member_uint(json, "losses", counts->losses);
    if (counts->in > 0) {
        json_member_uint(json, "p50_us", report->p50_us);
        json_member_uint(json, "p99_us", report->p99_us);
    }
    json_end_object(json);
    answer_json(g, conn);
}

/* On the thread that asked. The client may have left meanwhile. */
static void done(void *context)
{
    struct aggregate *g = context;
    struct ws_conn *conn = ws_registry_find(g->registry, g->id);
    static void (*const answers[])(struct aggregate *, struct ws_conn *) = {
        [METRICS] = answer_metrics,
        [CONNECTIONS] = answer_connections,
        [CLUSTER] = answer_cluster,
    };
    if (conn)
        answers[g->answer](g, conn);
    json_free(&g->json);
    free(g);
}

static void begin(struct ws_conn *conn, enum answer answer)
{
    struct server *server = server_of(conn);
    struct aggregate *g = calloc(1, sizeof *g);
    /* --admin runs on the server's first loop. */
    const struct ws_server_env *asker =
        worker_of(conn)->index == ADMIN_INDEX ? server->workers[0].env : ws_server_env(conn);
    if (g) {
        *g = (struct aggregate){.server = server,
                                .registry = ws_server_env(conn)->registry,
                                .id = ws_conn_id(conn),
                                .answer = answer};
        if (answer == CONNECTIONS)
            json_begin_array(&g->json);
        if (ws_server_ask(server->ws_server, asker, visit, done, g))
            return;
        json_free(&g->json);
        free(g);
    }
    answer_refuse(conn, WS_E_NO_MEMORY, 0);
}

void aggregate_metrics(struct ws_conn *conn)
{
    begin(conn, METRICS);
}

void aggregate_connections(struct ws_conn *conn)
{
    begin(conn, CONNECTIONS);
}

void aggregate_cluster(struct ws_conn *conn)
{
    begin(conn, CLUSTER);
}
