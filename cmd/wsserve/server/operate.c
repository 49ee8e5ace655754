#include "cmd/wsserve/server/operate.h"
#include "cmd/wsserve/access/access_control.h"

#include "cmd/common/spool.h"
#include "cmd/common/units.h"
#include "cmd/wsserve/observe/instrument.h"
#include "cmd/wsserve/observe/stats.h"
#include "cmd/wsserve/options/settings_config.h"
#include "cmd/wsserve/server/server.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { INHERITED_MAX = 1000 };

/* --- now and then --- */

static void on_stats(struct ws_timer *timer)
{
    struct serve *serve = ws_container_of(timer, struct serve, stats_timer);
    const struct settings *settings = serve->settings;
    stats_ask(serve);
    ws_loop_arm(&serve->loop, timer,
                ws_loop_now(&serve->loop) + units_milliseconds(settings->operate.stats_interval));
}

/* Nobody is there, and nobody was for as long as that? */
static void on_idle(struct ws_timer *timer)
{
    struct serve *serve = ws_container_of(timer, struct serve, idle_timer);
    const struct settings *settings = serve->settings;
    int64_t limit = settings->operate.exit_idle;
    int64_t idle = ws_clock_us() - atomic_load(&serve->last_connection_us);
    if (ws_server_count(serve->server) > 0)
        idle = 0;
    if (idle < limit) {
        ws_loop_arm(&serve->loop, timer,
                    ws_loop_now(&serve->loop) + units_milliseconds(limit - idle));
        return;
    }
    char text[UNITS_TEXT_MAX];
    log_line(&serve->log, WS_LOG_INFO, 0, "idle", "nobody was here for %s: that is the end",
             units_format_duration(limit, text, sizeof text));
    server_shutdown(serve);
}

static void arm_timers(struct serve *serve)
{
    const struct settings *settings = serve->settings;
    int64_t now = ws_loop_now(&serve->loop);
    int64_t interval = settings->operate.stats_interval, idle = settings->operate.exit_idle;
    ws_loop_disarm(&serve->loop, &serve->stats_timer);
    ws_loop_disarm(&serve->loop, &serve->idle_timer);
    if (interval > 0)
        ws_loop_arm(&serve->loop, &serve->stats_timer, now + units_milliseconds(interval));
    if (idle >= 0)
        ws_loop_arm(&serve->loop, &serve->idle_timer, now + units_milliseconds(idle));
}

void operate_note_connection(struct serve *serve)
{
    atomic_store_explicit(&serve->last_connection_us, ws_clock_us(), memory_order_relaxed);
}

/* --- reload --- */

static void reconsider_one(struct ws_conn *conn, void *context)
{
    (void)context;
    ws_conn_reconsider(conn);
}

/* On each loop's thread. */
static void take_settings(struct ws_conn_env *env, void *context)
{
    server_conn_config(context, env->config);
    ws_registry_each(env->registry, reconsider_one, NULL);
}

static void use(struct serve *serve, struct settings_reload *again)
{
    const struct settings *settings = &again->settings;
    again->next = serve->reloads;
    serve->reloads = again;
    serve->settings = settings;
    log_set(&serve->log, settings->operate.log_level, settings->operate.log_format);
    atomic_store(&serve->recorder.limit, settings->operate.record_limit);
    const struct ws_admission_limits limits = settings_admission(settings);
    ws_admission_set(ws_server_admission(serve->server), &limits);
    ws_server_ask(serve->server, serve->workers[0].env, take_settings, NULL, serve);
    if (!serve->shutting_down)
        arm_timers(serve);
}

/* What the parser printed, without its "wsserve: " and its second line. */
static void log_refusal(const struct serve *serve, char *text)
{
    size_t begin = strncmp(text, "wsserve: ", 9) == 0 ? 9 : 0;
    text[strcspn(text, "\n")] = '\0';
    log_line(&serve->log, WS_LOG_ERROR, 0, "config", "%s; the old settings stay",
             text[begin] ? text + begin : "out of memory");
}

static void reload(struct serve *serve)
{
    const struct settings *now = serve->settings;
    const struct options *options =
        serve->reloads ? &serve->reloads->options : serve->first_options;
    char *said = NULL, *changed = NULL, *not_reloadable = NULL;
    size_t size;
    FILE *err = open_memstream(&said, &size);
    if (!err)
        return;
    struct settings_reload *again =
        settings_config_again(now, options, err, &changed, &not_reloadable);
    fclose(err);
    if (!again) {
        log_refusal(serve, said ? said : (char[1]){""});
    } else {
        again->options.err = NULL;
        if (not_reloadable && *not_reloadable)
            log_line(&serve->log, WS_LOG_WARNING, 0, "config",
                     "cannot change while the server runs: %s", not_reloadable);
        log_line(&serve->log, WS_LOG_INFO, 0, "config", "%s was read again: %s%s",
                 now->operate.config, changed && *changed ? "changed: " : "nothing changed",
                 changed ? changed : "");
        if (changed && !*changed)
            settings_again_free(again);
        else
            use(serve, again);
    }
    free(said);
    free(changed);
    free(not_reloadable);
}

/* --- signals --- */

void operate_add_signals(sigset_t *signals)
{
    sigaddset(signals, SIGHUP);
    sigaddset(signals, SIGUSR1);
}

bool operate_signal(struct serve *serve, int signal_number)
{
    const struct settings *settings = serve->settings;
    char fault[256];
    switch (signal_number) {
    case SIGHUP:
        log_line(&serve->log, WS_LOG_INFO, 0, "reopen", "files are opened anew");
        access_reopen(&serve->access);
        if (settings->source)
            reload(serve);
        secure_reload(serve);
        if (!entry_start(serve, fault, sizeof fault))
            log_line(&serve->log, WS_LOG_ERROR, 0, "config", "%s; who may enter stays as it was",
                     fault);
        return true;
    case SIGUSR1:
        stats_ask(serve);
        return true;
    default:
        return false;
    }
}

/* --- beginning and end --- */

void operate_start(struct serve *serve)
{
    serve->stats_timer.fire = on_stats;
    serve->idle_timer.fire = on_idle;
    operate_note_connection(serve);
    arm_timers(serve);
}

void operate_stop(struct serve *serve)
{
    ws_loop_disarm(&serve->loop, &serve->stats_timer);
    ws_loop_disarm(&serve->loop, &serve->idle_timer);
}

void operate_free(struct serve *serve)
{
    for (struct settings_reload *again = serve->reloads, *next; again; again = next) {
        next = again->next;
        settings_again_free(again);
    }
    serve->reloads = NULL;
}

int operate_inherited_sockets(void)
{
    const char *pid = getenv("LISTEN_PID"), *count = getenv("LISTEN_FDS");
    uint64_t wanted = 0, number = 0;
    bool ours = pid && count && units_number(pid, 1, INT32_MAX, &wanted) == UNITS_OK &&
                wanted == (uint64_t)getpid() &&
                units_number(count, 0, INHERITED_MAX, &number) == UNITS_OK;
    unsetenv("LISTEN_PID");
    unsetenv("LISTEN_FDS");
    unsetenv("LISTEN_FDNAMES");
    return ours ? (int)number : 0;
}
