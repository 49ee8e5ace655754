#include "cmd/wsserve/http/admin.h"

#include "cmd/common/exit.h"
#include "cmd/wsserve/http/http.h"
#include "cmd/wsserve/server/server.h"

#include <string.h>

enum { ADMIN_CONNECTIONS = 64 };

static const struct ws_handler handler = {.request = http_answer_admin};

static void *join(void *user, unsigned index, struct ws_conn_env *env)
{
    struct serve *serve = user;
    (void)index;
    serve->admin_worker = (struct worker){.serve = serve, .env = env, .index = ADMIN_INDEX};
    return &serve->admin_worker;
}

static void on_warning(void *user, const char *message)
{
    struct serve *serve = user;
    log_line(&serve->log, WS_LOG_WARNING, 0, "accept", "admin: %s", message);
}

bool admin_start(struct serve *serve)
{
    const char *where = serve->settings->http.admin;
    struct ws_conn_config config;
    char error[256];
    if (!where)
        return true;
    ws_conn_config_init(&config, WS_ROLE_SERVER);
    struct ws_server_options options = {
        .config = &config,
        .handler = &handler,
        .user = serve,
        .env_user = join,
        .limits = {.max_connections = ADMIN_CONNECTIONS},
        .warn = on_warning,
    };
    serve->admin = ws_server_new(&serve->loop, &options);
    if (!serve->admin) {
        exit_warn("%s", ws_error_info(WS_E_NO_MEMORY)->explanation);
        return false;
    }
    if (!ws_server_listen(serve->admin, where, error, sizeof error)) {
        exit_warn("cannot listen on %s", error);
        return false;
    }
    const char *url = ws_server_url(serve->admin, 0);
    bool tcp = strncmp(url, "ws://", 5) == 0;
    log_line(&serve->log, WS_LOG_INFO, 0, "listen", "on %s%s (admin)", tcp ? "http://" : "",
             tcp ? url + 5 : url);
    return true;
}

void admin_stop(struct serve *serve)
{
    ws_server_free(serve->admin);
    serve->admin = NULL;
}
