/*
 * resolve: host names to addresses, without stopping the loop.
 *
 * getaddrinfo() blocks, so it runs in a thread of its own, which hands the result over through a
 * descriptor. Used by client.
 */
#ifndef LIBWS_IO_RESOLVE_H
#define LIBWS_IO_RESOLVE_H

#include <ws/loop.h>

#include <netdb.h>
#include <stdint.h>

struct ws_resolve;

/*
 * Looks `host` up for TCP to `port`. `done` is called later, from the loop, with 0 and a list that
 * it must free with freeaddrinfo(), or with getaddrinfo()'s error number. Addresses in digits need
 * no thread. NULL without memory, descriptors or threads.
 */
struct ws_resolve *
ws_resolve_start(struct ws_loop *loop, const char *host, uint16_t port,
                 void (*done)(void *context, int error, struct addrinfo *addresses), void *context);

/* `done` is not called any more; the thread ends by itself. */
void ws_resolve_cancel(struct ws_resolve *resolve);

#endif
