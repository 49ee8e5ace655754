#include "cmd/wsserve/modes/mode.h"
#include "cmd/wsserve/options/settings.h"

/* Reading is all there is to it, so there is no handler at all. */

const struct mode mode_sink = {
    .chunks = true,
};
