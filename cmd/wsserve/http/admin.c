#include "cmd/wsserve/http/admin.h"

#include "cmd/common/exit.h"
#include "cmd/common/log.h"
#include "cmd/wsserve/context.h"
#include "cmd/wsserve/http/http.h"
#include "cmd/wsserve/observe/worker.h"
#include "cmd/wsserve/options/settings.h"

#include <stdlib.h>
#include <string.h>

enum { ADMIN_CONNECTIONS = 64 };

static const struct ws_handler handler = {.request = http_answer_admin};

struct admin {
    struct ws_server *ws_server;
    struct worker worker;
};

static void *join(void *user, unsigned index, struct ws_server_env *env)
{
    struct admin *admin = user;
    (void)index;
    admin->worker.env = env;
    return &admin->worker;
}

static void on_warning(void *user, const char *message)
{
    const struct admin *admin = user;
    log_line(admin->worker.server->log, WS_LOG_WARNING, 0, "accept", "admin: %s", message);
}

static bool make_server(struct admin *admin, struct ws_loop *loop)
{
    struct ws_conn_config config;
    ws_conn_config_init(&config, WS_ROLE_SERVER);
    struct ws_server_options options = {
        .config = &config,
        .handler = &handler,
        .user = admin,
        .env_user = join,
        .limits = {.max_connections = ADMIN_CONNECTIONS, .max_handshakes = ADMIN_CONNECTIONS},
        .warn = on_warning,
    };
    admin->ws_server = ws_server_new(loop, &options);
    return admin->ws_server != NULL;
}

bool admin_start(struct server *server)
{
    const char *where = server->settings->http.admin;
    char error[256];
    if (!where)
        return true;
    struct admin *admin = server->admin = calloc(1, sizeof *admin);
    if (!admin || !worker_init(&admin->worker, server, ADMIN_INDEX) ||
        !make_server(admin, server->loop)) {
        exit_warn("%s", ws_error_info(WS_E_NO_MEMORY)->explanation);
        return false;
    }
    if (!ws_server_listen(admin->ws_server, where, error, sizeof error)) {
        exit_warn("cannot listen on %s", error);
        return false;
    }
    const char *url = ws_server_url(admin->ws_server, 0);
    bool tcp = strncmp(url, "ws://", 5) == 0;
    log_line(server->log, WS_LOG_INFO, 0, "listen", "on %s%s (admin)", tcp ? "http://" : "",
             tcp ? url + 5 : url);
    return true;
}

void admin_stop(struct server *server)
{
    struct admin *admin = server->admin;
    if (!admin)
        return;
    ws_server_free(admin->ws_server);
    worker_free(&admin->worker);
    free(admin);
    server->admin = NULL;
}

const char *admin_url(const struct server *server)
{
    return server->admin ? ws_server_url(server->admin->ws_server, 0) : NULL;
}
