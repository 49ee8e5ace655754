#include "cmd/wsserve/server/conn_config.h"

#include "cmd/wsserve/context.h"
#include "cmd/wsserve/modes/mode.h"
#include "cmd/wsserve/options/settings.h"
#include "cmd/wsserve/server/instrument.h"

void conn_config_build(const struct server *server, struct ws_conn_config *config)
{
    const struct settings *settings = server->settings;
    serve_settings_conn_config(settings, config);
    config->pause_reads_when_full = server->mode->pause_reads_when_full;
    if (server->mode->configure)
        server->mode->configure(settings, config);
    instrument_config(server, config);
}
