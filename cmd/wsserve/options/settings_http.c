#include "cmd/wsserve/options/settings_http.h"

#include "cmd/common/exit.h"
#include <ws/http.h>

#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define S struct settings_http
const struct option_row settings_http_rows[SETTINGS_HTTP_ROWS] = {
    {OPTION_GROUP("HTTP")},
    {.name = "path",
     OPTION_STRING(S, path),
     .metavar = "PATH",
     .help = "accept WebSockets at this path only (default: at every path)"},
    {.name = "subprotocol",
     OPTION_LIST(S, subprotocols),
     .metavar = "NAME",
     .flags = OPTION_HEADER,
     .help = "speak this subprotocol; may be repeated"},
    {.name = "require-protocol",
     OPTION_FLAG(S, require_protocol),
     .help = "answer 400 to a client that asks for none of them"},
    {.name = "staticdir",
     OPTION_STRING(S, static_dir),
     .metavar = "DIR",
     .help = "serve the files below this directory"},
    {.name = "devconsole",
     OPTION_FLAG(S, dev_console),
     .help = "serve a page to talk to this server from a browser"},
    {.name = "health",
     OPTION_STRING(S, health),
     .flags = OPTION_OPTIONAL,
     .like = "^/[A-Za-z0-9_-]*$",
     .implied = "/health",
     .metavar = "PATH",
     .help = "answer 200 here, 503 while draining or shedding (default /health)"},
    {.name = "metrics",
     OPTION_STRING(S, metrics),
     .flags = OPTION_OPTIONAL,
     .like = "^/[A-Za-z0-9_-]*$",
     .implied = "/metrics",
     .metavar = "PATH",
     .help = "serve metrics for Prometheus here (default /metrics)"},
    {.name = "admin",
     OPTION_STRING(S, admin),
     .metavar = "ADDR:PORT",
     .help = "serve health, metrics, /connections and /cluster on this address only"},
    {.name = "header",
     OPTION_LIST(S, header),
     .flags = OPTION_HEADER | OPTION_RELOADABLE,
     .metavar = "NAME: VALUE",
     .help = "send this header with every answer; may be repeated"},
    {.name = "header-ws",
     OPTION_LIST(S, header_ws),
     .flags = OPTION_HEADER | OPTION_RELOADABLE,
     .metavar = "NAME: VALUE",
     .help = "send this header only with the 101 of an upgrade; may be repeated"},
    {.name = "header-http",
     OPTION_LIST(S, header_http),
     .flags = OPTION_HEADER | OPTION_RELOADABLE,
     .metavar = "NAME: VALUE",
     .help = "send this header only with answers other than the 101; may be repeated"},

    {OPTION_GROUP("Access")},
    {.name = "origin",
     OPTION_LIST(S, origin),
     .metavar = "LIST",
     .flags = OPTION_RELOADABLE,
     .help = "accept only pages of these origins: [SCHEME://]HOST[:PORT],...; * for all"},
    {.name = "sameorigin",
     OPTION_FLAG(S, same_origin),
     .flags = OPTION_RELOADABLE,
     .help = "accept only pages of this server: Origin and Host must agree"},
    {.name = "host-allow",
     OPTION_LIST(S, host_allow),
     .metavar = "LIST",
     .flags = OPTION_RELOADABLE,
     .help = "names that Host may have besides addresses and localhost; * for all"},
    {.name = "auth",
     OPTION_STRING(S, auth),
     .metavar = "USER:PASSWORD",
     .flags = OPTION_SECRET | OPTION_RELOADABLE,
     .help = "require this password; @FILE, @- or env:NAME keep it off the command line"},
    {.name = "auth-file",
     OPTION_STRING(S, auth_file),
     .metavar = "FILE",
     .flags = OPTION_RELOADABLE,
     .help = "require one of these passwords: a USER:PASSWORD a line"},
    {.name = "token",
     OPTION_STRING(S, token),
     .metavar = "TOKEN",
     .flags = OPTION_SECRET | OPTION_RELOADABLE,
     .help = "require this token: 'Authorization: Bearer TOKEN' or ?token=TOKEN in the URL"},
    {.name = "allow",
     OPTION_LIST(S, allow),
     .metavar = "CIDR",
     .flags = OPTION_RELOADABLE,
     .help = "accept only these addresses, such as 10.0.0.0/8,::1; may be repeated"},
    {.name = "deny",
     OPTION_LIST(S, deny),
     .metavar = "CIDR",
     .flags = OPTION_RELOADABLE,
     .help = "refuse these addresses, even those of --allow; may be repeated"},
    {.name = "trust-proxy",
     OPTION_LIST(S, trust_proxy),
     .metavar = "CIDR",
     .flags = OPTION_RELOADABLE,
     .help = "trust X-Forwarded-For and Forwarded from these; 'unix': from unix sockets"},
    {.name = "replay-window",
     OPTION_DURATION(S, replay_window_us),
     .help = "refuse a Sec-WebSocket-Key that was used within this time (default 0: never)"},
};
#undef S

static bool is_path(const char *path)
{
    return path[0] == '/' && !strpbrk(path, "?# ") &&
           ws_http_is_value((struct ws_str){path, strlen(path)});
}

bool settings_http_check(const struct settings_http *s, settings_http_checker *check,
                         struct options *options)
{
    const struct {
        const char *name, *path;
    } paths[] = {{"path", s->path}, {"health", s->health}, {"metrics", s->metrics}};
    char error[256];
    struct stat status;

    for (size_t i = 0; i < sizeof paths / sizeof paths[0]; i++)
        if (paths[i].path && !is_path(paths[i].path))
            return usage_error(options,
                               "option '--%s': '%s' is no path: it begins with /, without ? or #",
                               paths[i].name, paths[i].path);
    if (s->health && s->metrics && strcmp(s->health, s->metrics) == 0)
        return usage_error(options, "--health and --metrics cannot both be at %s", s->health);
    if (s->same_origin && s->origin.count > 0)
        return usage_error(options, "--origin and --sameorigin say different things");
    if (s->require_protocol && s->subprotocols.count == 0 && !s->mode_subprotocol)
        return usage_error(options, "--require-protocol needs a --subprotocol");
    if (s->auth_file && access(s->auth_file, R_OK) < 0) {
        options_refuse(options, "option '--auth-file': cannot open '%s': %s", s->auth_file,
                       strerror(errno));
        options->status = WS_EXIT_FAILURE;
        return false;
    }
    if (s->auth_file && stat(s->auth_file, &status) == 0 && !S_ISREG(status.st_mode))
        return usage_error(options,
                           "option '--auth-file': '%s' is not a regular file, and it is read again",
                           s->auth_file);
    if (!check(s, error, sizeof error))
        return usage_error(options, "%s", error);
    return true;
}
