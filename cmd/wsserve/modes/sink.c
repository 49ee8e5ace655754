#include "cmd/wsserve/modes/mode.h"
#include "cmd/wsserve/options/settings.h"

/* The connection reads by itself: no handler is needed. */

const struct mode mode_sink = {
    .chunks = true,
    .runs = true,
};
