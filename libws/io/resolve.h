/*
 * resolve: host names to addresses, without blocking the loop.
 *
 * getaddrinfo() blocks, so it runs in a thread of its own, which signals the result through a
 * descriptor. Used by connector. One thread's, its loop's.
 */
#ifndef LIBWS_IO_RESOLVE_H
#define LIBWS_IO_RESOLVE_H

#include <ws/loop.h>

#include <netdb.h>
#include <stdint.h>

struct ws_resolve;

/*
 * Looks `host` up for TCP to `port`. `done` is called later, from the loop, with 0 and a list that
 * it must free with freeaddrinfo(), or with getaddrinfo()'s error number. Numeric addresses need no
 * thread. NULL without memory, descriptors or threads.
 */
struct ws_resolve *
ws_resolve_start(struct ws_loop *loop, const char *host, uint16_t port,
                 void (*done)(void *context, int error, struct addrinfo *addresses), void *context);

/* Gives up: `done` is not called. The thread ends by itself. Not after `done` was called. */
void ws_resolve_cancel(struct ws_resolve *resolve);

#endif
