#include "cmd/wsserve/server/signals.h"

#include "cmd/common/log.h"
#include "cmd/wsserve/context.h"
#include "cmd/wsserve/observe/stats.h"
#include "cmd/wsserve/options/settings.h"
#include "cmd/wsserve/server/reload.h"

#include <signal.h>
#include <string.h>

/* The first one drains, the second one ends at once. */
static void terminate(struct server *server, int signal_number)
{
    if (server_draining(server)) {
        log_line(server->log, WS_LOG_INFO, 0, "shutdown", "second signal: leaving at once");
        ws_loop_stop(server->loop);
        return;
    }
    log_line(server->log, WS_LOG_INFO, 0, "shutdown", "%s: closing %zu connections with %u",
             strsignal(signal_number), ws_server_count(server->ws_server),
             server->settings->operate.shutdown_code);
    server->shut_down(server);
}

static void on_signal(void *context, int signal_number)
{
    struct server *server = context;
    switch (signal_number) {
    case SIGHUP:
        reload_all(server);
        break;
    case SIGUSR1:
        stats_request(server);
        break;
    default:
        if (!signal_repeat(&server->last_signal, signal_number, ws_clock_us()))
            terminate(server, signal_number);
    }
}

enum ws_error signals_start(struct server *server)
{
    static const int signals[] = {SIGINT, SIGTERM, SIGHUP, SIGUSR1};
    return ws_loop_on_signals(server->loop, signals, sizeof signals / sizeof signals[0], on_signal,
                              server);
}
