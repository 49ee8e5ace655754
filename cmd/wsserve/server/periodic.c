#include "cmd/wsserve/server/periodic.h"

#include "cmd/common/log.h"
#include "cmd/common/units.h"
#include "cmd/wsserve/context.h"
#include "cmd/wsserve/observe/stats.h"
#include "cmd/wsserve/options/settings.h"

#include <stdlib.h>

struct periodic {
    struct server *server;
    struct ws_timer stats_timer, idle_timer;
    atomic_int_fast64_t last_connection_us; /* when one was accepted or ended */
};

static void on_stats(struct ws_timer *timer)
{
    const struct periodic *periodic = ws_container_of(timer, struct periodic, stats_timer);
    struct server *server = periodic->server;
    const struct settings *settings = server->settings;
    stats_request(server);
    ws_loop_arm(server->loop, timer,
                ws_loop_now(server->loop) +
                    units_milliseconds(settings->operate.stats_interval_us));
}

/* Shuts down if there has been no connection for --exit-idle; else waits for the rest of it. */
static void on_idle(struct ws_timer *timer)
{
    struct periodic *periodic = ws_container_of(timer, struct periodic, idle_timer);
    struct server *server = periodic->server;
    const struct settings *settings = server->settings;
    int64_t limit_us = settings->operate.exit_idle_us;
    int64_t idle_us = ws_clock_us() - atomic_load(&periodic->last_connection_us);
    if (ws_server_count(server->ws_server) > 0)
        idle_us = 0;
    if (idle_us < limit_us) {
        ws_loop_arm(server->loop, timer,
                    ws_loop_now(server->loop) + units_milliseconds(limit_us - idle_us));
        return;
    }
    char text[UNITS_TEXT_MAX];
    log_line(server->log, WS_LOG_INFO, 0, "idle", "no connections for %s; exiting (--exit-idle)",
             units_format_duration(limit_us, text, sizeof text));
    server->shut_down(server);
}

static void disarm(struct periodic *periodic)
{
    struct ws_loop *loop = periodic->server->loop;
    ws_loop_disarm(loop, &periodic->stats_timer);
    ws_loop_disarm(loop, &periodic->idle_timer);
}

void periodic_rearm(struct server *server)
{
    struct periodic *periodic = server->periodic;
    const struct settings *settings = server->settings;
    int64_t now = ws_loop_now(server->loop);
    int64_t interval_us = settings->operate.stats_interval_us;
    int64_t idle_us = settings->operate.exit_idle_us;
    disarm(periodic);
    if (interval_us > 0)
        ws_loop_arm(server->loop, &periodic->stats_timer, now + units_milliseconds(interval_us));
    if (idle_us >= 0)
        ws_loop_arm(server->loop, &periodic->idle_timer, now + units_milliseconds(idle_us));
}

bool periodic_init(struct server *server)
{
    struct periodic *periodic = server->periodic = calloc(1, sizeof *periodic);
    if (!periodic)
        return false;
    periodic->server = server;
    periodic->stats_timer.fire = on_stats;
    periodic->idle_timer.fire = on_idle;
    return true;
}

void periodic_start(struct server *server)
{
    periodic_note_connection(server);
    periodic_rearm(server);
}

void periodic_note_connection(struct server *server)
{
    atomic_store_explicit(&server->periodic->last_connection_us, ws_clock_us(),
                          memory_order_relaxed);
}

void periodic_stop(struct server *server)
{
    if (server->periodic)
        disarm(server->periodic);
}

void periodic_free(struct server *server)
{
    periodic_stop(server);
    free(server->periodic);
    server->periodic = NULL;
}
