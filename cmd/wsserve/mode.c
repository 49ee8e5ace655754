#include "cmd/wsserve/mode.h"

#include <stddef.h>

const struct mode *const modes[] = {
    &mode_echo, &mode_broadcast, &mode_rooms, &mode_process, NULL,
};
