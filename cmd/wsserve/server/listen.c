#include "cmd/wsserve/server/listen.h"

#include "cmd/common/exit.h"
#include "cmd/common/log.h"
#include "cmd/common/units.h"
#include "cmd/wsserve/context.h"
#include "cmd/wsserve/options/settings.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { INHERITED_MAX = 1000 };
enum { INHERITED_FIRST = 3 }; /* sd_listen_fds(3) */

static bool listen_on(struct server *server, const char *where)
{
    char error[256];
    if (ws_server_listen(server->ws_server, where, error, sizeof error))
        return true;
    exit_warn("cannot listen on %s", error);
    return false;
}

bool listen_all(struct server *server, int inherited)
{
    const struct settings *settings = server->settings;
    char text[SETTINGS_WHERE_MAX];
    const char *where;
    for (int i = 0; i < inherited; i++) {
        snprintf(text, sizeof text, "fd:%d", INHERITED_FIRST + i);
        if (!listen_on(server, text))
            return false;
    }
    if (inherited > 0 && !settings->address_given)
        return true;
    /* [::] comes last: it takes IPv4 too, but for ports that IPv4 addresses have taken. */
    for (int last = 0; last < 2; last++)
        for (size_t i = 0; (where = serve_settings_where(settings, i, text)); i++)
            if ((strncmp(where, "[::]", 4) == 0) == last && !listen_on(server, where))
                return false;
    return true;
}

/* In one write(); dprintf() leaks memory where the descriptor is bad. */
static bool write_listening(int fd, const char *url)
{
    char line[512];
    int len = snprintf(line, sizeof line, "listening %s\n", url);
    return write(fd, line, (size_t)len) == len;
}

bool listen_announce(const struct server *server)
{
    const char *url;
    for (size_t i = 0; (url = ws_server_url(server->ws_server, i)); i++) {
        log_line(server->log, WS_LOG_INFO, 0, "listen", "on %s (%s)", url,
                 serve_settings_mode_name(server->settings->mode));
        if (server->settings->announce_fd >= 0 &&
            !write_listening(server->settings->announce_fd, url)) {
            exit_warn("cannot announce on descriptor %d: %s", server->settings->announce_fd,
                      strerror(errno));
            return false;
        }
    }
    return true;
}

int listen_inherited_count(void)
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
