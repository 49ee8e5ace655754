#include "cmd/wsserve/server/server.h"

#include "cmd/common/color.h"
#include "cmd/common/conn_name.h"
#include "cmd/common/exit.h"
#include "cmd/common/log.h"
#include "cmd/common/units.h"
#include "cmd/wsserve/access/access_control.h"
#include "cmd/wsserve/cluster/cluster.h"
#include "cmd/wsserve/context.h"
#include "cmd/wsserve/http/admin.h"
#include "cmd/wsserve/http/http.h"
#include "cmd/wsserve/modes/mode.h"
#include "cmd/wsserve/observe/carried.h"
#include "cmd/wsserve/observe/totals.h"
#include "cmd/wsserve/observe/worker.h"
#include "cmd/wsserve/options/settings.h"
#include "cmd/wsserve/request/answer.h"
#include "cmd/wsserve/request/target.h"
#include "cmd/wsserve/server/certificates.h"
#include "cmd/wsserve/server/conn_config.h"
#include "cmd/wsserve/server/instrument.h"
#include "cmd/wsserve/server/listen.h"
#include "cmd/wsserve/server/periodic.h"
#include "cmd/wsserve/server/reload.h"
#include "cmd/wsserve/server/signals.h"
#include <ws/hub.h>
#include <ws/tls.h>

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum {
    DRAIN_LOG_MS = 1000, /* between two log lines while draining */
};

/* --- shutting down --- */

/* The server and what else has to live as long. */
struct instance {
    struct server server;
    struct log log;
    struct ws_handler handler;
    struct ws_timer drain_timer; /* logs how many connections are left */
};

static struct instance *instance_of(struct server *server)
{
    return ws_container_of(server, struct instance, server);
}

static void on_drained(void *user)
{
    struct server *server = user;
    ws_loop_disarm(server->loop, &instance_of(server)->drain_timer);
    ws_loop_stop(server->loop);
}

static void on_drain_timer(struct ws_timer *timer)
{
    struct server *server = &ws_container_of(timer, struct instance, drain_timer)->server;
    log_line(server->log, WS_LOG_INFO, 0, "drain", "%zu connections left",
             ws_server_count(server->ws_server));
    ws_loop_arm(server->loop, timer, ws_loop_now(server->loop) + DRAIN_LOG_MS);
}

static void shut_down(struct server *server)
{
    const struct settings *settings = server->settings;
    atomic_store_explicit(&server->draining, true, memory_order_relaxed);
    periodic_stop(server);
    ws_loop_arm(server->loop, &instance_of(server)->drain_timer,
                ws_loop_now(server->loop) + DRAIN_LOG_MS);
    ws_server_shutdown(server->ws_server, settings->operate.shutdown_code,
                       "the server is going away", units_milliseconds(settings->operate.drain_us),
                       on_drained);
}

/* --- handlers around those of the mode --- */

/* Counts and logs the TLS session of a connection, at its first request. */
static void note_tls(const struct ws_conn *conn, const struct ws_tls *tls)
{
    const struct server *server = server_of(conn);
    char peer[256];
    worker_of(conn)->totals->tls[ws_tls_resumed(tls)]++;
    if (!log_wants(server->log, WS_LOG_DEBUG))
        return;
    ws_tls_peer(tls, peer, sizeof peer);
    log_line(server->log, WS_LOG_DEBUG, ws_conn_id(conn), "tls", "%s, %s%s%s%s",
             ws_tls_version(tls), ws_tls_cipher(tls), ws_tls_resumed(tls) ? ", resumed" : "",
             peer[0] ? "; certificate of " : "", peer);
}

/* Connections that came for --health while the server drains, and for --oneshot after the first. */
static bool is_too_late(const struct ws_conn *conn)
{
    const struct server *server = server_of(conn);
    return server_draining(server) ||
           (server->settings->oneshot && worker_of(conn)->totals->handshakes[WS_OK] > 0);
}

static void on_request(struct ws_conn *conn, const struct ws_request *request)
{
    struct server *server = server_of(conn);
    char target[LOGGED_TARGET_MAX];
    if (ws_conn_tls(conn))
        note_tls(conn, ws_conn_tls(conn));
    if (log_wants(server->log, WS_LOG_DEBUG))
        log_line(server->log, WS_LOG_DEBUG, ws_conn_id(conn), "request", "%.*s %s",
                 (int)request->method.len, request->method.p,
                 target_loggable(request, target, sizeof target));
    if (!instrument_request(conn, request))
        return;
    switch (access_control_check(conn, request)) {
    case ACCESS_REFUSED:
        break;
    case ACCESS_PLAIN:
        http_answer(conn, request);
        break;
    case ACCESS_UPGRADE:
        if (is_too_late(conn))
            answer_refuse(conn, WS_E_SHUTDOWN, 0);
        else if (server->mode->handler.request && ws_conn_peer_left(conn))
            ws_conn_abort(conn, WS_E_EOF_IN_HANDSHAKE); /* nothing is started for it */
        else if (server->mode->handler.request)
            server->mode->handler.request(conn, request);
        else
            answer_accept(conn, request);
    }
}

static void on_open(struct ws_conn *conn, const struct ws_event *event)
{
    struct server *server = server_of(conn);
    worker_of(conn)->totals->handshakes[WS_OK]++;
    if (log_wants(server->log, WS_LOG_INFO)) {
        char who[CLIENT_LABEL_MAX], target[LOGGED_TARGET_MAX], peer[WS_ADDRESS_TEXT],
            h2[CARRIED_MAX];
        target_loggable(event->request, target, sizeof target);
        struct log_field fields[2] = {log_word("peer", client_address(conn, peer))};
        size_t count = carried_field(conn, fields, 1, h2);
        log_fields(server->log, WS_LOG_INFO, ws_conn_id(conn), "open", fields, count,
                   "from %s for %s", client_label(conn, who), target);
    }
    instrument_open(conn, event);
    if (server->settings->oneshot)
        ws_server_stop_listening(server->ws_server);
    if (server->mode->handler.open)
        server->mode->handler.open(conn, event);
}

static void on_event(struct ws_conn *conn, const struct ws_event *event)
{
    struct server *server = server_of(conn);
    if (!instrument_event(conn, event))
        return;
    if (event->type == WS_EVENT_CLOSE && event->len > 0)
        log_line(server->log, WS_LOG_DEBUG, ws_conn_id(conn), "close", "the client's reason: %.*s",
                 (int)event->len, (const char *)event->data);
    unsigned messages = ws_event_messages(event);
    if (messages > 0)
        totals_note_many(&worker_of(conn)->totals->message_bytes, TOTALS_SIZES, event->total,
                         messages);
    if (event->type == WS_EVENT_PONG && ws_conn_pong_matched(conn))
        totals_note(&worker_of(conn)->totals->rtt_us, TOTALS_TIMES,
                    ws_conn_heartbeat(conn)->rtt.last_us);
    if (server->mode->handler.event)
        server->mode->handler.event(conn, event);
}

/* An explanation that begins with the event's name, which is before it in the line, without that.
 */
static const char *after_name(const char *explanation, const char *name)
{
    size_t len = strlen(name);
    bool repeats = strncmp(explanation, name, len) == 0 && explanation[len] == ' ';
    return explanation + (repeats ? len + 1 : 0);
}

/* A request that was refused, or a connection that ended without one. */
static void log_refused(const struct server *server, const struct ws_conn *conn,
                        const struct ws_end *end)
{
    const struct ws_error_info *info = ws_error_info(end->error);
    const struct ws_request *request = ws_session_request(ws_conn_session(conn));
    char detail[512], who[CLIENT_LABEL_MAX], peer[WS_ADDRESS_TEXT], target[LOGGED_TARGET_MAX];
    char h2[CARRIED_MAX], cut_by[WS_CUT_BY_MAX];
    struct log_field fields[4];
    size_t count = 0;
    /* access_control has logged its refusals. */
    if (end->error == WS_OK || info->category == WS_CAT_ACCESS ||
        !log_wants(server->log, info->level))
        return;
    fields[count++] = log_word("peer", client_address(conn, peer));
    if (end->http_status)
        fields[count++] = log_number("status", end->http_status);
    if (request)
        fields[count++] = log_word("target", target_loggable(request, target, sizeof target));
    count = carried_field(conn, fields, count, h2);
    if (end->http_status)
        snprintf(detail, sizeof detail, "answered %u", end->http_status);
    else if (end->error == WS_E_TLS && ws_conn_tls(conn))
        snprintf(detail, sizeof detail, "%s", ws_tls_failure(ws_conn_tls(conn)));
    else if (ws_conn_cut_by(conn, cut_by)[0])
        snprintf(detail, sizeof detail, "%s", cut_by);
    else if (ws_conn_is_carrier(conn))
        snprintf(detail, sizeof detail, "an HTTP/2 connection");
    else
        snprintf(detail, sizeof detail, "before the upgrade, without an answer");
    log_fields(server->log, info->level, ws_conn_id(conn), info->name, fields, count,
               "%s: %s; from %s", after_name(info->explanation, info->name), detail,
               client_label(conn, who));
}

/* The end of an open connection; the close codes that went over the wire are fields. */
static void log_closed(const struct server *server, const struct ws_conn *conn,
                       const struct ws_end *end)
{
    const struct ws_error_info *info = ws_error_info(end->error);
    const struct ws_counters *counters = ws_conn_counters(conn);
    enum ws_level level = end->error == WS_OK ? WS_LOG_INFO : info->level;
    char detail[512], in[UNITS_TEXT_MAX], out[UNITS_TEXT_MAX], peer[WS_ADDRESS_TEXT];
    char reason[WS_CLOSE_REASON_MAX + 1], h2[CARRIED_MAX], cut_by[WS_CUT_BY_MAX];
    unsigned code = end->by_peer ? end->code : end->sent_code;
    struct log_field fields[4];
    size_t count = 0;
    if (!log_wants(server->log, level))
        return;
    fields[count++] = log_word("peer", client_address(conn, peer));
    if (end->sent_code != WS_CLOSE_ABNORMAL)
        fields[count++] = log_number("sent", end->sent_code);
    if (end->code != WS_CLOSE_ABNORMAL)
        fields[count++] = log_number("received", end->code);
    count = carried_field(conn, fields, count, h2);
    ws_conn_cut_by(conn, cut_by);
    units_format_size(counters->bytes_in, in, sizeof in);
    units_format_size(counters->bytes_out, out, sizeof out);
    snprintf(detail, sizeof detail,
             "code %u (%s), %" PRIu64 " messages and %s in, %" PRIu64 " and %s out", code,
             ws_close_name(code), counters->messages_in, in, counters->messages_out, out);
    if (end->error != WS_OK)
        log_fields(
            server->log, level, ws_conn_id(conn), info->name, fields, count, "%s%s%s%s: %s",
            after_name(ws_session_explain(ws_conn_session(conn), end->error, reason), info->name),
            cut_by[0] ? " (" : "", cut_by, cut_by[0] ? ")" : "", detail);
    else
        log_fields(server->log, level, ws_conn_id(conn), "close", fields, count, "by %s: %s",
                   end->by_peer ? "the client" : "us", detail);
}

static void on_close(struct ws_conn *conn, const struct ws_end *end)
{
    struct server *server = server_of(conn);
    if (server->mode->handler.close)
        server->mode->handler.close(conn, end);
    totals_ended(worker_of(conn)->totals, conn, end);
    if (end->opened)
        log_closed(server, conn, end);
    else
        log_refused(server, conn, end);
    instrument_forget(conn, end);
    periodic_note_connection(server);
    if (server->settings->oneshot && end->opened && !server_draining(server))
        shut_down(server);
}

static bool serves_health(const struct server *server)
{
    const struct settings *settings = server->settings;
    return settings->http.health && !settings->http.admin;
}

/* A load balancer learns in JSON that the server sheds; a full one is healthy. Under load it is
 * that its metrics are looked at. */
static bool asks_state(void *user, const struct ws_conn *conn)
{
    const struct server *server = user;
    const struct settings_http *settings = &server->settings->http;
    const struct ws_request *request = ws_session_request(ws_conn_session(conn));
    return request &&
           (target_asks_health(request, settings) || target_asks_metrics(request, settings));
}

static void on_accepted(void *user, struct ws_conn *conn)
{
    struct server *server = user;
    struct log_field fields[1];
    char h2[CARRIED_MAX];
    size_t count = carried_field(conn, fields, 0, h2);
    log_fields(server->log, WS_LOG_DEBUG, ws_conn_id(conn), "accept", fields, count, "%s",
               count ? "a stream" : "a connection");
    worker_of(conn)->totals->accepted++;
    access_control_on_accept(conn);
}

static void on_warning(void *user, const char *message)
{
    struct server *server = user;
    log_line(server->log, WS_LOG_WARNING, 0, "accept", "%s", message);
}

/* --- starting --- */

static void on_lag(struct ws_server_env *env, int64_t late_ms)
{
    struct worker *worker = env->conn.user;
    totals_note(&worker->totals->lag_us, TOTALS_TIMES, (uint64_t)late_ms * 1000);
}

static void *join_worker(void *user, unsigned index, struct ws_server_env *env)
{
    struct server *server = user;
    struct worker *worker = &server->workers[index];
    worker->env = env;
    env->lagged = on_lag;
    certificates_join(server, env);
    return worker;
}

static void leave_worker(void *user, struct ws_server_env *env)
{
    const struct server *server = user;
    if (server->mode->leave)
        server->mode->leave(env->conn.user);
    cluster_leave(env->conn.user);
    certificates_leave(env);
}

static bool make_workers(struct server *server)
{
    const struct settings *settings = server->settings;
    unsigned count = server->mode->one_loop || settings->oneshot ? 1 : settings->threads;
    for (; server->worker_count < count; server->worker_count++)
        if (!worker_init(&server->workers[server->worker_count], server, server->worker_count))
            return false;
    return periodic_init(server);
}

static bool make_ws_server(struct server *server, const struct ws_handler *handler)
{
    const struct settings *settings = server->settings;
    int socket_mode = settings->operate.socket_mode;
    struct ws_conn_config config;
    conn_config_build(server, &config);
    struct ws_server_options options = {
        .config = &config,
        .handler = handler,
        .user = server,
        .loops = server->worker_count,
        .env_user = join_worker,
        .fan_out = true,
        .accept_while_draining = serves_health(server),
        .always_answered = asks_state,
        .secure = settings->tls.on,
        .limits = settings_admission(settings),
        .overload = {.watch_lag = settings->http.metrics || settings->http.admin,
                     .max_memory = settings->max_memory,
                     .shed_start = settings->shed_start,
                     .shed_stop = settings->shed_stop},
        .env_left = leave_worker,
        .backlog = (int)settings->backlog,
        .socket_mode = socket_mode < 0 ? 0 : (unsigned)socket_mode,
        .accepted = on_accepted,
        .warn = on_warning,
    };
    server->ws_server = ws_server_new(server->loop, &options);
    return server->ws_server != NULL;
}

static bool warn_of(enum ws_error error)
{
    exit_warn("%s", ws_error_info(error)->explanation);
    return false;
}

static bool set_up(struct instance *instance, int inherited_sockets)
{
    struct server *server = &instance->server;
    const struct settings *settings = server->settings;
    char error[256];
    instance->handler = server->mode->handler;
    instance->handler.request = on_request;
    instance->handler.open = on_open;
    instance->handler.event = on_event;
    instance->handler.close = on_close;
    instance->drain_timer.fire = on_drain_timer;
    if (!instrument_start(server) || !certificates_start(server))
        return false;
    if (!access_control_start(server, server->mode->reaches_local, error, sizeof error) ||
        !(server->http = http_new(&settings->http, error, sizeof error))) {
        exit_warn("%s", error);
        return false;
    }
    enum ws_error failed = signals_start(server);
    if (failed != WS_OK)
        return warn_of(failed);
    if (!make_workers(server) || !make_ws_server(server, &instance->handler))
        return warn_of(WS_E_NO_MEMORY);
    certificates_started(server);
    ws_hub_set_slow(server->workers[0].env->hub, settings->slow);
    return cluster_start(server) && (!server->mode->start || server->mode->start(server)) &&
           admin_start(server) && listen_all(server, inherited_sockets) && listen_announce(server);
}

static void log_totals(const struct server *server)
{
    struct totals sum = {0};
    for (unsigned i = 0; i < server->worker_count; i++)
        totals_add(&sum, server->workers[i].totals);
    log_line(server->log, WS_LOG_INFO, 0, "end",
             "served %" PRIu64 " connections, %" PRIu64 " messages in, %" PRIu64 " out",
             sum.handshakes[WS_OK], sum.messages_in, sum.messages_out);
}

/* After the loops have ended. */
static void tear_down(struct server *server, bool served)
{
    ws_server_free(server->ws_server);
    admin_stop(server);
    if (server->mode->stop)
        server->mode->stop(server);
    cluster_stop(server);
    if (served)
        log_totals(server);
    instrument_stop(server);
    for (unsigned i = 0; i < WS_SERVER_LOOPS_MAX; i++)
        worker_free(&server->workers[i]);
    periodic_free(server);
    reload_free(server);
    certificates_free(server);
    ws_loop_free(server->loop);
    http_free(server->http);
    access_control_stop(server);
}

int server_run(const struct settings *settings, const struct options *options)
{
    int inherited_sockets = listen_inherited_count();
    struct instance instance = {
        .server = {.settings = settings,
                   .mode = mode_of(settings->mode),
                   .started_us = units_now_utc(),
                   .shut_down = shut_down},
        .log = {.fd = STDERR_FILENO,
                .least = settings->operate.log_level,
                .format = settings->operate.log_format,
                .color = color_wanted(settings->common.color, STDERR_FILENO)},
    };
    struct server *server = &instance.server;
    server->log = &instance.log;
    conn_name_start((uint64_t)units_now_utc() / 1000);
    exit_ignore_sigpipe();
    enum ws_error error = ws_loop_new(&server->loop);
    if (error != WS_OK) {
        warn_of(error);
        return WS_EXIT_FAILURE;
    }
    bool served = reload_init(server, options) ? set_up(&instance, inherited_sockets)
                                               : warn_of(WS_E_NO_MEMORY);
    if (served) {
        periodic_start(server);
        ws_loop_run(server->loop);
    }
    tear_down(server, served);
    return served ? WS_EXIT_OK : WS_EXIT_FAILURE;
}
