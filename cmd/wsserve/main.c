/* wsserve: a WebSocket server for the command line. */
#include "cmd/common/exit.h"
#include "cmd/wsserve/access/access_rules.h"
#include "cmd/wsserve/options/settings_config.h"
#include "cmd/wsserve/server/server.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

/* Before anything of our own is opened, which may get that number. */
static bool can_announce(int fd, bool has_stdout)
{
    if (fd == STDOUT_FILENO && !has_stdout)
        exit_warn("standard output is closed, and --announce is for it");
    else if (fd >= 0 && fcntl(fd, F_GETFD) < 0)
        exit_warn("cannot announce on descriptor %d: %s", fd, strerror(errno));
    else
        return true;
    return false;
}

int main(int argc, char **argv)
{
    struct settings settings;
    struct options options;
    bool has_stdout = exit_open_streams();
    int status = WS_EXIT_FAILURE;
    if (!serve_settings_read(&settings, &options, argc, argv, access_rules_check))
        status = options.status;
    else if (can_announce(settings.announce_fd, has_stdout))
        status = server_run(&settings, &options);
    serve_settings_free(&settings, &options);
    return status;
}
