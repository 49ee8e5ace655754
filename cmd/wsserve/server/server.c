#include "cmd/wsserve/server/server.h"

#include "cmd/common/color.h"
#include "cmd/common/conn_name.h"
#include "cmd/common/exit.h"
#include "cmd/common/hex.h"
#include "cmd/common/units.h"
#include "cmd/wsserve/access/access_control.h"
#include "cmd/wsserve/http/admin.h"
#include "cmd/wsserve/observe/instrument.h"
#include "cmd/wsserve/server/operate.h"

#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* Unfinished ones a loop: more than any honest crowd has at a time, and a bound for the others. */
enum { HANDSHAKES_MAX = 1000 };

/* --- the log around a mode --- */

enum { TARGET_SHOWN = 1024 }; /* bytes of a request's target that are logged */

/* What the first request of a connection tells of the TLS below it. */
static void note_tls(const struct ws_conn *conn, const struct ws_tls *tls)
{
    const struct serve *serve = server_of(conn);
    char peer[256];
    worker_of(conn)->totals.tls[ws_tls_resumed(tls)]++;
    if (!log_wants(&serve->log, WS_LOG_DEBUG))
        return;
    ws_tls_peer(tls, peer, sizeof peer);
    log_line(&serve->log, WS_LOG_DEBUG, ws_conn_id(conn), "tls", "%s, %s%s%s%s",
             ws_tls_version(tls), ws_tls_cipher(tls), ws_tls_resumed(tls) ? ", resumed" : "",
             peer[0] ? "; certificate of " : "", peer);
}

static void on_request(struct ws_conn *conn, const struct ws_request *request)
{
    struct serve *serve = server_of(conn);
    char target[TARGET_SHOWN];
    if (ws_conn_tls(conn))
        note_tls(conn, ws_conn_tls(conn));
    if (log_wants(&serve->log, WS_LOG_DEBUG))
        log_line(&serve->log, WS_LOG_DEBUG, ws_conn_id(conn), "request", "%.*s %s",
                 (int)request->method.len, request->method.p,
                 entry_loggable_target(request, target, sizeof target));
    if (!observe_request(conn, request))
        return;
    switch (entry_judge(conn, request)) {
    case ENTRY_REFUSED:
        break;
    case ENTRY_PLAIN:
        http_answer(conn, request);
        break;
    case ENTRY_UPGRADE:
        if (serve->mode->handler.request)
            serve->mode->handler.request(conn, request);
        else
            entry_accept(conn, request);
    }
}

static void on_open(struct ws_conn *conn, const struct ws_event *event)
{
    struct serve *serve = server_of(conn);
    char who[ENTRY_WHO], target[TARGET_SHOWN];
    worker_of(conn)->totals.handshakes[WS_OK]++;
    if (log_wants(&serve->log, WS_LOG_INFO))
        log_line(&serve->log, WS_LOG_INFO, ws_conn_id(conn), "open", "from %s for %s",
                 client_label(conn, who),
                 entry_loggable_target(event->request, target, sizeof target));
    observe_open(conn, event);
    if (serve->mode->handler.open)
        serve->mode->handler.open(conn, event);
}

static void on_event(struct ws_conn *conn, const struct ws_event *event)
{
    struct serve *serve = server_of(conn);
    if (!observe_event(conn, event))
        return;
    if (event->type == WS_EVENT_CLOSE && event->len > 0)
        log_line(&serve->log, WS_LOG_DEBUG, ws_conn_id(conn), "close", "the client's reason: %.*s",
                 (int)event->len, (const char *)event->data);
    if (event->type == WS_EVENT_MESSAGE || (event->type == WS_EVENT_CHUNK && event->last))
        totals_note(&worker_of(conn)->totals.message_bytes, TOTALS_SIZES, event->total);
    if (event->type == WS_EVENT_PONG && ws_conn_pong_matched(conn))
        totals_note(&worker_of(conn)->totals.rtt_us, TOTALS_TIMES,
                    ws_conn_heartbeat(conn)->rtt.last);
    if (serve->mode->handler.event)
        serve->mode->handler.event(conn, event);
}

static void log_end(struct serve *serve, struct ws_conn *conn, const struct ws_end *end)
{
    const struct ws_error_info *info = ws_error_info(end->error);
    char detail[512], in[UNITS_TEXT_MAX], out[UNITS_TEXT_MAX];
    if (!end->opened) {
        /* entry.c said all about who may not enter. */
        if (end->error == WS_OK || info->category == WS_CAT_ACCESS)
            return;
        snprintf(detail, sizeof detail, "before the upgrade%s",
                 end->http_status ? "" : ", without an answer");
        if (end->http_status)
            snprintf(detail, sizeof detail, "answered %u", end->http_status);
        else if (end->error == WS_E_TLS && ws_conn_tls(conn))
            snprintf(detail, sizeof detail, "%s", ws_tls_failure(ws_conn_tls(conn)));
        log_error(&serve->log, ws_conn_id(conn), end->error, detail);
        return;
    }
    units_format_size(ws_conn_counters(conn)->bytes_in, in, sizeof in);
    units_format_size(ws_conn_counters(conn)->bytes_out, out, sizeof out);
    snprintf(detail, sizeof detail,
             "code %u (%s), %" PRIu64 " messages and %s in, %" PRIu64 " and %s out", end->code,
             ws_close_name(end->code), ws_conn_counters(conn)->messages_in, in,
             ws_conn_counters(conn)->messages_out, out);
    if (end->error != WS_OK)
        log_line(&serve->log, info->level, ws_conn_id(conn), info->name, "%s: %s",
                 info->explanation, detail);
    else
        log_line(&serve->log, WS_LOG_INFO, ws_conn_id(conn), "close", "by %s: %s",
                 end->by_peer ? "the client" : "us", detail);
}

static void on_close(struct ws_conn *conn, const struct ws_end *end)
{
    struct serve *serve = server_of(conn);
    if (serve->mode->handler.close)
        serve->mode->handler.close(conn, end);
    totals_ended(&worker_of(conn)->totals, conn, end);
    log_end(serve, conn, end);
    observe_forget(conn);
    operate_note_connection(serve);
    if (serve->settings->oneshot && !serve->shutting_down)
        server_shutdown(serve);
}

static void on_accepted(void *user, struct ws_conn *conn)
{
    struct serve *serve = user;
    log_line(&serve->log, WS_LOG_DEBUG, ws_conn_id(conn), "accept", "a connection");
    worker_of(conn)->totals.accepted++;
    entry_accepted(conn);
    if (serve->settings->oneshot)
        ws_server_stop_listening(serve->server);
}

static void on_warning(void *user, const char *message)
{
    struct serve *serve = user;
    log_line(&serve->log, WS_LOG_WARNING, 0, "accept", "%s", message);
}

/* --- the end --- */

static void on_gone(void *user)
{
    struct serve *serve = user;
    ws_loop_disarm(&serve->loop, &serve->every_second);
    ws_loop_stop(&serve->loop);
}

static void on_second(struct ws_timer *timer)
{
    struct serve *serve = ws_container_of(timer, struct serve, every_second);
    log_line(&serve->log, WS_LOG_INFO, 0, "drain", "%zu connections left",
             ws_server_count(serve->server));
    ws_loop_arm(&serve->loop, timer, ws_loop_now(&serve->loop) + 1000);
}

void server_shutdown(struct serve *serve)
{
    const struct settings *settings = serve->settings;
    __atomic_store_n(&serve->shutting_down, true, __ATOMIC_RELAXED);
    operate_stop(serve);
    ws_loop_arm(&serve->loop, &serve->every_second, ws_loop_now(&serve->loop) + 1000);
    ws_server_shutdown(serve->server, settings->operate.shutdown_code, "the server is going away",
                       (uint32_t)(settings->operate.drain / 1000), on_gone);
}

static void on_signal(void *context, int signal_number)
{
    struct serve *serve = context;
    if (operate_signal(serve, signal_number))
        return;
    if (serve->shutting_down) {
        log_line(&serve->log, WS_LOG_INFO, 0, "shutdown", "second signal: leaving at once");
        ws_loop_stop(&serve->loop);
        return;
    }
    log_line(&serve->log, WS_LOG_INFO, 0, "shutdown", "%s: closing %zu connections with %u",
             strsignal(signal_number), ws_server_count(serve->server),
             serve->settings->operate.shutdown_code);
    server_shutdown(serve);
}

/* --- the beginning --- */

enum { INHERITED_FIRST = 3 }; /* sd_listen_fds(3) */

static bool listen_on(struct serve *serve, const char *where)
{
    char error[256];
    if (ws_server_listen(serve->server, where, error, sizeof error))
        return true;
    exit_warn("cannot listen on %s", error);
    return false;
}

static bool listen_all(struct serve *serve)
{
    const struct settings *settings = serve->settings;
    char where[300];
    for (int i = 0; i < serve->inherited_sockets; i++) {
        snprintf(where, sizeof where, "fd:%d", INHERITED_FIRST + i);
        if (!listen_on(serve, where))
            return false;
    }
    if (serve->inherited_sockets > 0 && !settings->address_given)
        return true;
    if (settings->listen.count == 0) {
        bool v6 = strchr(settings->address, ':') && settings->address[0] != '[';
        snprintf(where, sizeof where, v6 ? "[%s]:%u" : "%s:%u", settings->address, settings->port);
        return listen_on(serve, where);
    }
    for (size_t i = 0; i < settings->listen.count; i++)
        if (!listen_on(serve, settings->listen.items[i]))
            return false;
    return true;
}

/* As one line in one write: dprintf() of the C library leaks where the descriptor is bad. */
static bool say_listening(int fd, const char *url)
{
    char line[512];
    int len = snprintf(line, sizeof line, "listening %s\n", url);
    return write(fd, line, (size_t)len) == len;
}

static bool announce(const struct serve *serve)
{
    const char *url;
    for (size_t i = 0; (url = ws_server_url(serve->server, i)); i++) {
        log_line(&serve->log, WS_LOG_INFO, 0, "listen", "on %s (%s)", url, serve->mode->name);
        if (serve->settings->announce_fd >= 0 &&
            !say_listening(serve->settings->announce_fd, url)) {
            exit_warn("cannot announce on descriptor %d: %s", serve->settings->announce_fd,
                      strerror(errno));
            return false;
        }
    }
    return true;
}

static const struct mode *choose_mode(const struct settings *settings)
{
    for (size_t i = 0; modes[i]; i++)
        if (modes[i]->wanted(settings))
            return modes[i];
    return modes[0];
}

static void on_lag(struct ws_conn_env *env, int64_t late_ms)
{
    struct worker *worker = env->user;
    totals_note(&worker->totals.lag_us, TOTALS_TIMES, (uint64_t)late_ms * 1000);
}

static void *join_worker(void *user, unsigned index, struct ws_conn_env *env)
{
    struct serve *serve = user;
    serve->workers[index] = (struct worker){.serve = serve, .env = env, .index = index};
    serve->worker_count++;
    env->lagged = on_lag;
    secure_join(serve, env);
    return &serve->workers[index];
}

static void leave_worker(void *user, struct ws_conn_env *env)
{
    const struct serve *serve = user;
    if (serve->mode->leave)
        serve->mode->leave(env->user);
    secure_leave(env);
}

void server_conn_config(const struct serve *serve, struct ws_conn_config *config)
{
    const struct settings *settings = serve->settings;
    settings_conn_config(settings, config);
    config->pause_reads_when_full = serve->mode->pause_reads_when_full;
    if (serve->mode->configure)
        serve->mode->configure(settings, config);
    observe_config(serve, config);
}

static bool set_up(struct serve *serve)
{
    const struct settings *settings = serve->settings;
    struct ws_conn_config config;
    serve->mode = choose_mode(settings);
    struct ws_server_options options = {
        .config = &config,
        .handler = &serve->handler,
        .user = serve,
        .loops = serve->mode->one_loop || settings->oneshot ? 1 : settings->threads,
        .env_user = join_worker,
        .fan_out = true,
        .secure = settings->tls.on,
        .limits = settings_admission(settings),
        .overload = {.watch_lag = settings->http.metrics || settings->http.admin,
                     .max_memory = settings->max_memory,
                     .shed_start = settings->shed_start,
                     .shed_stop = settings->shed_stop},
        .max_handshakes = HANDSHAKES_MAX,
        .env_left = leave_worker,
        .backlog = (int)settings->backlog,
        .socket_mode =
            settings->operate.socket_mode < 0 ? 0 : (unsigned)settings->operate.socket_mode,
        .accepted = on_accepted,
        .warn = on_warning,
    };
    sigset_t signals;
    sigemptyset(&signals);
    sigaddset(&signals, SIGINT);
    sigaddset(&signals, SIGTERM);
    operate_add_signals(&signals);

    serve->handler = serve->mode->handler;
    serve->handler.request = on_request;
    serve->handler.open = on_open;
    serve->handler.event = on_event;
    serve->handler.close = on_close;
    serve->every_second.fire = on_second;
    if (!observe_start(serve))
        return false;
    server_conn_config(serve, &config);

    char fault[256];
    if (!secure_start(serve))
        return false;
    if (!entry_start(serve, fault, sizeof fault) ||
        !http_init(&serve->http, &settings->http, fault, sizeof fault)) {
        exit_warn("%s", fault);
        return false;
    }
    enum ws_error error = ws_loop_on_signals(&serve->loop, &signals, on_signal, serve);
    serve->server = error == WS_OK ? ws_server_new(&serve->loop, &options) : NULL;
    if (!serve->server) {
        exit_warn("%s", ws_error_info(error == WS_OK ? WS_E_NO_MEMORY : error)->explanation);
        return false;
    }
    secure_started(serve);
    ws_hub_set_slow(serve->workers[0].env->hub, settings->slow);
    return (!serve->mode->start || serve->mode->start(serve)) && admin_start(serve) &&
           listen_all(serve) && announce(serve);
}

int serve(const struct settings *settings, const struct options *options)
{
    struct serve serve = {.settings = settings,
                          .first_options = options,
                          .inherited_sockets = operate_inherited_sockets()};
    serve.log = (struct log){.fd = STDERR_FILENO,
                             .least = settings->operate.log_level,
                             .format = settings->operate.log_format,
                             .color = color_wanted(settings->common.color, STDERR_FILENO)};
    conn_name_start((uint64_t)units_now_utc() / 1000);
    exit_ignore_sigpipe();
    enum ws_error error = ws_loop_init(&serve.loop);
    if (error != WS_OK) {
        exit_warn("%s", ws_error_info(error)->explanation);
        return WS_EXIT_FAILURE;
    }
    int status = WS_EXIT_FAILURE;
    if (set_up(&serve)) {
        operate_start(&serve);
        ws_loop_run(&serve.loop);
        status = WS_EXIT_OK;
    }
    ws_server_free(serve.server);
    admin_stop(&serve);
    if (serve.mode && serve.mode->stop)
        serve.mode->stop(&serve);
    if (status == WS_EXIT_OK) {
        struct totals sum = {0};
        for (unsigned i = 0; i < serve.worker_count; i++)
            totals_add(&sum, &serve.workers[i].totals);
        log_line(&serve.log, WS_LOG_INFO, 0, "end",
                 "served %" PRIu64 " connections, %" PRIu64 " messages in, %" PRIu64 " out",
                 sum.handshakes[WS_OK], sum.messages_in, sum.messages_out);
    }
    operate_stop(&serve);
    observe_stop(&serve);
    operate_free(&serve);
    secure_free(&serve.secure);
    ws_loop_free(&serve.loop);
    http_free(&serve.http);
    entry_rules_free(serve.access_control);
    return status;
}
