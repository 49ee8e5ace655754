/*
 * limits: checks, before the run, that this machine can open the connections.
 */
#ifndef CMD_WSBENCH_LIMITS_H
#define CMD_WSBENCH_LIMITS_H

#include <ws/url.h>

#include <stdbool.h>
#include <stdint.h>

/*
 * Raises the soft limit of open files to the hard limit, and checks it and the range of ephemeral
 * ports for `connections` to `url`. False if they are too small, after a message with the command
 * that raises them.
 */
bool limits_check(uint64_t connections, const struct ws_url *url);

#endif
