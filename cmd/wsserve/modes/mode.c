#include "cmd/wsserve/modes/mode.h"

#include <stddef.h>

const struct mode *const modes[] = {
    &mode_echo,  &mode_broadcast, &mode_rooms, &mode_process, &mode_sink, &mode_source,
    &mode_reply, &mode_shared,    &mode_pipe,  &mode_proxy,   NULL,
};
