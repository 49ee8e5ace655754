#include "cmd/wsserve/modes/mode.h"
#include "cmd/wsserve/options/settings.h"

/* Reading is all there is to it, so there is no handler at all. */

static bool wanted(const struct settings *settings)
{
    return settings->operate.sink;
}

const struct mode mode_sink = {
    .name = "sink",
    .wanted = wanted,
    .chunks = true,
};
