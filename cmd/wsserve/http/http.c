#include "cmd/wsserve/http/http.h"

#include "cmd/common/log.h"
#include "cmd/wsserve/access/access_control.h"
#include "cmd/wsserve/cluster/cluster.h"
#include "cmd/wsserve/context.h"
#include "cmd/wsserve/http/aggregate.h"
#include "cmd/wsserve/http/devconsole.h"
#include "cmd/wsserve/http/static_files.h"
#include "cmd/wsserve/request/answer.h"
#include "cmd/wsserve/request/target.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct http {
    const struct settings_http *settings;
    int static_root; /* -1: none */
    struct devconsole *console;
};

struct http *http_new(const struct settings_http *settings, char *error, size_t size)
{
    struct http *http = calloc(1, sizeof *http);
    snprintf(error, size, "out of memory");
    if (!http)
        return NULL;
    *http = (struct http){.settings = settings, .static_root = -1};
    if (settings->static_dir) {
        http->static_root = static_files_open(settings->static_dir);
        if (http->static_root < 0) {
            snprintf(error, size, "cannot open directory '%s': %s", settings->static_dir,
                     strerror(errno));
            http_free(http);
            return NULL;
        }
    }
    if (settings->dev_console && !(http->console = devconsole_new(settings->path))) {
        http_free(http);
        return NULL;
    }
    return http;
}

void http_free(struct http *http)
{
    if (!http)
        return;
    if (http->static_root >= 0)
        close(http->static_root);
    devconsole_free(http->console);
    free(http);
}

static void answer_line(struct ws_conn *conn, unsigned status, const char *line)
{
    answer_text(conn, status, NULL, line, strlen(line));
}

static void answer_health(struct ws_conn *conn)
{
    const struct server *server = server_of(conn);
    struct ws_admission_limits limits;
    struct ws_admission_counts counts;
    bool away = server_draining(server) || server_shedding(server);
    const char *state = server_draining(server)    ? "draining"
                        : away                     ? "shedding"
                        : cluster_degraded(server) ? "degraded"
                                                   : "ok";
    char text[160];
    /* Those that the limit is for. */
    ws_admission_read(ws_server_admission(server->ws_server), &limits, &counts);
    int len = snprintf(text, sizeof text, "{\"status\":\"%s\",\"connections\":%zu,\"limit\":%zu}\n",
                       state, counts.admitted, limits.max_connections);
    /* Without Redis it serves its own clients: a balancer that took every such server away would
     * leave none. */
    answer_text(conn, away ? 503 : 200, "application/json", text, (size_t)len);
}

static bool is(struct ws_str path, const char *wanted)
{
    return wanted && ws_str_equal(path, wanted);
}

static bool reads(const struct ws_request *request)
{
    return ws_str_equal(request->method, "GET") || ws_str_equal(request->method, "HEAD");
}

/* Logged, as scanners are to be seen in the log. */
static void answer_missing(struct ws_conn *conn, const struct ws_request *request)
{
    const struct ws_error_info *info = ws_error_info(WS_E_NOT_FOUND);
    const struct log *log = server_of(conn)->log;
    if (log_wants(log, info->level)) {
        char who[CLIENT_LABEL_MAX], peer[WS_ADDRESS_TEXT], target[LOGGED_TARGET_MAX];
        const struct log_field fields[] = {
            log_word("peer", client_address(conn, peer)), log_number("status", info->http_status),
            log_word("target", target_loggable(request, target, sizeof target))};
        log_fields(log, info->level, ws_conn_id(conn), info->name, fields, 3,
                   "%s: answered 404; from %s", info->explanation, client_label(conn, who));
    }
    answer_line(conn, 404, "nothing is served at this path\n");
}

void http_answer(struct ws_conn *conn, const struct ws_request *request)
{
    const struct http *http = server_of(conn)->http;
    const struct settings_http *s = http->settings;
    struct ws_str path = target_path(request);
    bool admin = s->admin != NULL; /* what it serves is served there alone */
    bool sockets = !s->path || ws_str_equal(path, s->path);
    if (!admin && is(path, s->health) && reads(request)) {
        answer_health(conn);
        return;
    }
    if (!access_control_check_plain(conn, request))
        return;
    if (server_draining(server_of(conn)) && !is(path, s->metrics)) {
        answer_refuse(conn, WS_E_SHUTDOWN, 0);
        return;
    }
    if (!reads(request)) {
        if (http->static_root >= 0 || http->console || s->metrics || s->health)
            answer_line(conn, 405, "the method is neither GET nor HEAD\n");
        else
            answer_refuse(conn, request->violation, 0);
    } else if (!admin && is(path, s->metrics)) {
        aggregate_metrics(conn);
    } else if (http->static_root >= 0 &&
               static_files_answer(conn, request, path, http->static_root)) {
        ; /* done */
    } else if (http->console && (sockets || is(path, "/"))) {
        devconsole_answer(http->console, conn, request);
    } else if (sockets && http->static_root < 0) {
        answer_refuse(conn, request->violation, 0);
    } else {
        answer_missing(conn, request);
    }
}

void http_answer_admin(struct ws_conn *conn, const struct ws_request *request)
{
    const struct settings_http *s = server_of(conn)->http->settings;
    struct ws_str path = target_path(request);
    if (!access_control_check_admin(conn, request))
        return;
    if (!reads(request))
        answer_line(conn, 405, "the method is neither GET nor HEAD\n");
    else if (is(path, s->health ? s->health : "/health"))
        answer_health(conn);
    else if (!access_control_check_admin_host(conn, request) ||
             !access_control_check_plain(conn, request))
        return;
    else if (is(path, s->metrics ? s->metrics : "/metrics"))
        aggregate_metrics(conn);
    else if (is(path, "/connections"))
        aggregate_connections(conn);
    else if (is(path, "/cluster") && server_of(conn)->cluster)
        aggregate_cluster(conn);
    else
        answer_missing(conn, request);
}
