/* wscat: a command-line WebSocket client, for scripts, pipes and people. */
#include "cmd/common/exit.h"
#include "cmd/wscat/check/check.h"
#include "cmd/wscat/listen/listen.h"
#include "cmd/wscat/options/combinations.h"
#include "cmd/wscat/run/run.h"

int main(int argc, char **argv)
{
    struct settings settings;
    struct options options;
    bool has_stdout = exit_open_streams();
    int status = WS_EXIT_FAILURE;
    if (!wscat_settings_read(&settings, &options, argc, argv) ||
        !combinations_check(&settings, &options))
        status = options.status;
    else if (!has_stdout)
        exit_warn("standard output is closed");
    else
        status = settings.check    ? check_run(&settings)
                 : settings.listen ? listen_run(&settings)
                                   : run(&settings);
    wscat_settings_free(&settings);
    options_free(&options);
    return status;
}
