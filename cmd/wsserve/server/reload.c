#include "cmd/wsserve/server/reload.h"

#include "cmd/common/log.h"
#include "cmd/wsserve/access/access_control.h"
#include "cmd/wsserve/context.h"
#include "cmd/wsserve/modes/mode.h"
#include "cmd/wsserve/observe/access_log.h"
#include "cmd/wsserve/observe/record_conn.h"
#include "cmd/wsserve/options/settings_config.h"
#include "cmd/wsserve/server/certificates.h"
#include "cmd/wsserve/server/conn_config.h"
#include "cmd/wsserve/server/periodic.h"
#include <ws/server_env.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct reloads {
    const struct options *first_options; /* of the settings at the start */
    struct settings_reload *newest;      /* all are kept, as any may be in use */
};

static void reconsider_one(struct ws_conn *conn, void *context)
{
    (void)context;
    ws_conn_reconsider(conn);
}

/* On each loop's thread. */
static void take_settings(struct ws_server_env *env, void *context)
{
    struct ws_conn_config config;
    conn_config_build(context, &config);
    ws_conn_env_configure(&env->conn, &config);
    ws_registry_each(env->registry, reconsider_one, NULL);
}

static void apply(struct server *server, struct settings_reload *reload)
{
    const struct settings *settings = &reload->settings;
    reload->next = server->reloads->newest;
    server->reloads->newest = reload;
    server->settings = settings;
    log_set(server->log, settings->operate.log_level, settings->operate.log_format);
    if (server->recorder)
        recorder_set_limit(server->recorder, settings->operate.record_limit);
    const struct ws_admission_limits limits = settings_admission(settings);
    ws_admission_set(ws_server_admission(server->ws_server), &limits);
    ws_server_ask(server->ws_server, server->workers[0].env, take_settings, NULL, server);
    if (!server_draining(server))
        periodic_rearm(server);
}

/* Logs what the parser printed, without its "wsserve: " and its second line. */
static void log_refusal(const struct server *server, char *text)
{
    size_t begin = strncmp(text, "wsserve: ", 9) == 0 ? 9 : 0;
    text[strcspn(text, "\n")] = '\0';
    log_line(server->log, WS_LOG_ERROR, 0, "config", "%s; the old settings stay",
             text[begin] ? text + begin : "out of memory");
}

static void reload_settings(struct server *server)
{
    const struct settings *now = server->settings;
    const struct options *options = server->reloads->newest ? &server->reloads->newest->options
                                                            : server->reloads->first_options;
    char *printed = NULL, *changed = NULL, *not_reloadable = NULL;
    size_t size;
    FILE *err = open_memstream(&printed, &size);
    if (!err)
        return;
    struct settings_reload *reload =
        settings_config_reload(now, options, err, &changed, &not_reloadable);
    fclose(err);
    if (!reload) {
        log_refusal(server, printed ? printed : (char[1]){""});
    } else {
        reload->options.err = NULL;
        if (not_reloadable && *not_reloadable)
            log_line(server->log, WS_LOG_WARNING, 0, "config",
                     "cannot change while the server runs: %s", not_reloadable);
        log_line(server->log, WS_LOG_INFO, 0, "config", "%s was read again: %s%s",
                 now->operate.config, changed && *changed ? "changed: " : "nothing changed",
                 changed ? changed : "");
        if (changed && !*changed)
            settings_reload_free(reload);
        else
            apply(server, reload);
    }
    free(printed);
    free(changed);
    free(not_reloadable);
}

void reload_all(struct server *server)
{
    char error[256];
    log_line(server->log, WS_LOG_INFO, 0, "reopen", "reopening files");
    access_log_reopen(server->access_log);
    if (server->settings->source)
        reload_settings(server);
    certificates_reload(server);
    if (!access_control_start(server, server->mode->reaches_local, error, sizeof error))
        log_line(server->log, WS_LOG_ERROR, 0, "config", "%s; the old access rules stay", error);
}

bool reload_init(struct server *server, const struct options *options)
{
    server->reloads = calloc(1, sizeof *server->reloads);
    if (!server->reloads)
        return false;
    server->reloads->first_options = options;
    return true;
}

void reload_free(struct server *server)
{
    if (!server->reloads)
        return;
    for (struct settings_reload *reload = server->reloads->newest, *next; reload; reload = next) {
        next = reload->next;
        settings_reload_free(reload);
    }
    free(server->reloads);
    server->reloads = NULL;
}
