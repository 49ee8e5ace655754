/* wscat: standard input to a WebSocket server and back, for scripts, pipes and people. */
#include "cmd/wscat/run.h"
#include "cmd/wscat/settings.h"

int main(int argc, char **argv)
{
    struct settings settings;
    struct options options;
    int status = settings_read(&settings, &options, argc, argv) ? run(&settings) : options.status;
    settings_free(&settings);
    options_free(&options);
    return status;
}
