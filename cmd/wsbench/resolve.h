/*
 * resolve: resolves the target's name once instead of once per connection.
 */
#ifndef CMD_WSBENCH_RESOLVE_H
#define CMD_WSBENCH_RESOLVE_H

#include "cmd/common/options/target.h"

#include <stdbool.h>
#include <stddef.h>

/*
 * Sets `*url` and `*proxy` to the target's, with hosts as numeric addresses; a name with several
 * addresses stays a name. With a proxy it is the proxy's name: the proxy resolves the server's.
 * False after writing why, in `size` bytes, to `problem`. Free both hosts with
 * resolve_free().
 */
bool resolve_target(const struct target *target, struct ws_url *url, struct ws_proxy *proxy,
                    char *problem, size_t size);
void resolve_free(struct ws_url *url, struct ws_proxy *proxy);

/* Is `host` an address, for which no name server is asked? */
bool resolve_is_address(const char *host);

#endif
