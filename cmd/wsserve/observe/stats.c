#include "cmd/wsserve/observe/stats.h"

#include "cmd/common/log.h"
#include "cmd/wsserve/context.h"
#include "cmd/wsserve/observe/conn_annotations.h"
#include "cmd/wsserve/observe/record_conn.h"
#include "cmd/wsserve/observe/totals.h"
#include "libws/proto/bytes.h"
#include <ws/server_env.h>

#include <stdlib.h>

struct stats {
    struct server *server;
    struct totals totals;
    uint64_t queues;                     /* what the kernel refused */
    uint64_t paused;                     /* not being read */
    uint64_t assemblies, assembly_bytes; /* messages and frames that are not whole yet */
    uint64_t annotations;
};

static void count_one(struct ws_conn *conn, void *context)
{
    struct stats *stats = context;
    const struct ws_bytes *held[] = {ws_conn_session(conn)->held,
                                     ws_conn_session(conn)->held_control};
    totals_connection(&stats->totals, conn);
    stats->queues += ws_conn_queued(conn) > 0;
    stats->paused += ws_conn_paused(conn) || ws_conn_full(conn);
    for (int i = 0; i < 2; i++) {
        stats->assemblies += held[i] != NULL;
        stats->assembly_bytes += held[i] ? held[i]->capacity : 0;
    }
}

static void count(struct ws_server_env *env, void *context)
{
    struct stats *stats = context;
    const struct worker *worker = env->conn.user;
    totals_add(&stats->totals, worker->totals);
    stats->annotations += worker->annotations->nodes.count;
    ws_registry_each(env->registry, count_one, stats);
}

static void log_stats(void *context)
{
    struct stats *s = context;
    const struct recorder *recorder = s->server->recorder;
    const struct totals *t = &s->totals;
    const uint64_t *count = t->connections;
    const struct log_field fields[] = {
        log_number("connections",
                   count[TOTALS_HANDSHAKE] + count[TOTALS_OPEN] + count[TOTALS_CLOSING]),
        log_number("handshakes", count[TOTALS_HANDSHAKE]),
        log_number("open", count[TOTALS_OPEN]),
        log_number("closing", count[TOTALS_CLOSING]),
        log_number("paused", s->paused),
        log_number("queues", s->queues),
        log_number("queue_bytes", t->queue_bytes),
        log_number("assemblies", s->assemblies),
        log_number("assembly_bytes", s->assembly_bytes),
        log_number("extras", s->annotations),
        log_number("opened", t->handshakes[WS_OK]),
        log_number("messages_in", t->messages_in),
        log_number("messages_out", t->messages_out),
        log_number("bytes_in", t->bytes_in),
        log_number("bytes_out", t->bytes_out),
        log_number("deflate_plain_in", t->deflate.plain_in),
        log_number("deflate_wire_in", t->deflate.wire_in),
        log_number("deflate_plain_out", t->deflate.plain_out),
        log_number("deflate_wire_out", t->deflate.wire_out),
        log_number("log_dropped", log_dropped(s->server->log)),
        log_number("records_dropped", recorder ? recorder_dropped(recorder) : 0),
    };
    log_fields(s->server->log, WS_LOG_INFO, 0, "stats", fields, sizeof fields / sizeof *fields,
               "%s", "");
    free(s);
}

void stats_request(struct server *server)
{
    struct stats *stats = calloc(1, sizeof *stats);
    if (!stats)
        return;
    stats->server = server;
    if (!ws_server_ask(server->ws_server, server->workers[0].env, count, log_stats, stats))
        free(stats);
}
