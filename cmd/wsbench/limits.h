/*
 * limits: may this machine open that many connections? Asked before anything is begun.
 */
#ifndef CMD_WSBENCH_LIMITS_H
#define CMD_WSBENCH_LIMITS_H

#include <ws/url.h>

#include <stdbool.h>
#include <stdint.h>

/*
 * Raises the limit of open files as far as it goes, and checks it and the range of ephemeral ports
 * for `connections` to `url`. False when the load cannot be made; what to type to allow it was
 * said.
 */
bool limits_check(uint64_t connections, const struct ws_url *url);

#endif
