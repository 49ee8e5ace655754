/* wsframe: decodes, checks and encodes WebSocket frames. */
#include "cmd/common/exit.h"
#include "cmd/wsframe/encode/accept.h"
#include "cmd/wsframe/encode/encode.h"
#include "cmd/wsframe/inspect.h"
#include "cmd/wsframe/options/settings.h"

static int carry_out(const struct settings *settings)
{
    switch (settings->command) {
    case COMMAND_DECODE:
        return inspect(settings);
    case COMMAND_ENCODE:
        return encode(settings);
    case COMMAND_ACCEPT:
        return accept_key(settings);
    case COMMAND_KEY:
        return make_key(settings);
    case COMMAND_CLOSE_CODES:
        return close_codes(settings);
    }
    return WS_EXIT_USAGE;
}

int main(int argc, char **argv)
{
    struct settings settings;
    struct options options;
    int status = WS_EXIT_OK;
    bool has_stdout = exit_open_streams();
    exit_ignore_sigpipe();
    if (!wsframe_settings_read(&settings, &options, argc, argv)) {
        status = options.status;
    } else if (!has_stdout) {
        exit_warn("standard output is closed");
        status = WS_EXIT_FAILURE;
    } else {
        status = exit_flush_stdout(carry_out(&settings));
    }
    options_free(&options);
    return status;
}
