#include "cmd/wsserve/server/reload.h"

#include "cmd/common/log.h"
#include "cmd/common/options/secret.h"
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

/*
 * Other threads read the settings without a lock, for an event at most. What lasts longer and
 * points into them is the configuration of each loop's connections and the access rules. Settings
 * are therefore freed once newer ones have been made into rules and every loop has taken those. The
 * settings of the start are main()'s: modes and services point into them to the end.
 */
struct reloads {
    const struct options *first_options; /* of the settings at the start */
    struct settings_reload *newest;      /* and those before it that may be in use */
    const struct settings *ruling;       /* the access rules were made of them */
    unsigned asked;                      /* questions to all loops that are not answered yet */
};

static void free_from(struct settings_reload *reload)
{
    while (reload) {
        struct settings_reload *next = reload->next;
        settings_reload_free(reload);
        reload = next;
    }
}

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

/* Every loop has taken the settings that were the newest when it was asked. */
static void settings_taken(void *context)
{
    struct server *server = context;
    struct reloads *reloads = server->reloads;
    if (--reloads->asked > 0 || reloads->ruling != server->settings || !reloads->newest)
        return;
    free_from(reloads->newest->next);
    reloads->newest->next = NULL;
}

/* Without memory for the question `asked` stays above 0, and all settings from now on are kept. */
static void ask_to_take(struct server *server)
{
    server->reloads->asked++;
    (void)ws_server_ask(server->ws_server, server->workers[0].env, take_settings, settings_taken,
                        server);
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
    secret_only_files();
    access_log_reopen(server->access_log);
    if (server->settings->source)
        reload_settings(server);
    certificates_reload(server);
    if (!access_control_start(server, server->mode->reaches_local, error, sizeof error))
        log_line(server->log, WS_LOG_ERROR, 0, "config", "%s; the old access rules stay", error);
    else
        server->reloads->ruling = server->settings;
    if (server->reloads->newest)
        ask_to_take(server);
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
    free_from(server->reloads->newest);
    free(server->reloads);
    server->reloads = NULL;
}
