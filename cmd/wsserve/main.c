/* wsserve: a WebSocket server for the command line. */
#include "cmd/common/exit.h"
#include "cmd/wsserve/access/access_rules.h"
#include "cmd/wsserve/options/settings_config.h"
#include "cmd/wsserve/server/server.h"

int main(int argc, char **argv)
{
    struct settings settings;
    struct options options;
    exit_open_streams();
    int status = serve_settings_read(&settings, &options, argc, argv, access_rules_check)
                     ? server_run(&settings, &options)
                     : options.status;
    serve_settings_free(&settings, &options);
    return status;
}
