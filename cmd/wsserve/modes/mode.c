#include "cmd/wsserve/modes/mode.h"

static const struct mode *const modes[MODE_COUNT] = {
    [MODE_ECHO] = &mode_echo,   [MODE_BROADCAST] = &mode_broadcast,
    [MODE_ROOMS] = &mode_rooms, [MODE_PROCESS] = &mode_process,
    [MODE_SINK] = &mode_sink,   [MODE_SOURCE] = &mode_source,
    [MODE_REPLY] = &mode_reply, [MODE_SHARED] = &mode_shared,
    [MODE_PIPE] = &mode_pipe,   [MODE_PROXY] = &mode_proxy,
};

const struct mode *mode_of(enum settings_mode mode)
{
    return modes[mode];
}
