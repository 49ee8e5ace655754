/*
 * limits: checks, before the run, that this machine can open the connections.
 */
#ifndef CMD_WSBENCH_LIMITS_H
#define CMD_WSBENCH_LIMITS_H

#include "cmd/wsbench/options/settings.h"

#include <stdbool.h>
#include <stddef.h>

/*
 * Raises the soft limit of open files to the hard limit, and checks it and the local ports, without
 * those that are in use, for the connections of the load. False if they are too few, with a line
 * that has the command that raises them in `size` bytes of `problem`.
 */
bool limits_check(const struct settings *settings, char *problem, size_t size);

/* How many addresses of 127.0.0.0/8 so many connections to a loopback target have to come from; 1
 * for other targets. */
unsigned limits_loopback_sources(const struct settings *settings);

#endif
