/* wscat: a command-line WebSocket client, for scripts, pipes and people. */
#include "cmd/common/exit.h"
#include "cmd/wscat/run.h"
#include "cmd/wscat/settings.h"

int main(int argc, char **argv)
{
    struct settings settings;
    struct options options;
    exit_open_streams();
    int status =
        wscat_settings_read(&settings, &options, argc, argv) ? run(&settings) : options.status;
    wscat_settings_free(&settings);
    options_free(&options);
    return status;
}
