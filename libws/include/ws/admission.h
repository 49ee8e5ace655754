/*
 * admission: how many connections there are, and from where: the one table that the loops share.
 *
 * Asked at accept, told at close, locked for those moments alone. It counts in all and by address:
 * an IPv4 address, or the first 64 bits of an IPv6 one, since whoever has one of those has all the
 * rest. Used by server.
 */
#ifndef WS_ADMISSION_H
#define WS_ADMISSION_H

#include <ws/error.h>

#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>

/* 0 switches each of them off. */
struct ws_admission_limits {
    size_t max_connections; /* at a time */
    size_t max_per_address; /* of them from one address */
    uint32_t connect_rate;  /* new ones a second from one address, and as many at once */
};

struct ws_client_entry; /* an address that has connections, or had some a moment ago */
struct ws_admission;

/* NULL without memory. */
struct ws_admission *ws_admission_new(const struct ws_admission_limits *limits);

/* Every connection must have left. */
void ws_admission_free(struct ws_admission *admission);

/* Other limits from now on; nobody who is in is sent away. */
void ws_admission_set(struct ws_admission *admission, const struct ws_admission_limits *limits);

/*
 * A connection came from `address`, at `now_us` of the monotonic clock. It is counted in any case,
 * since whoever is refused takes a while to be told; ws_admission_release() it at its end. WS_OK,
 * WS_E_TOO_MANY_CONNECTIONS, WS_E_TOO_MANY_FROM_ADDRESS, WS_E_CONNECT_RATE, or WS_E_NO_MEMORY.
 * `*visitor` gets what to give to ws_admission_release(): NULL where addresses are not counted.
 */
enum ws_error ws_admission_acquire(struct ws_admission *admission, const struct sockaddr *address,
                                   int64_t now_us, struct ws_client_entry **client_entry);

/* A proxy said that the connection of `*visitor` came from `address`: it is counted there from now
 * on. Returns as ws_admission_acquire, but for TOO_MANY_CONNECTIONS. */
enum ws_error ws_admission_reassign(struct ws_admission *admission, const struct sockaddr *address,
                                    int64_t now_us, struct ws_client_entry **client_entry);

void ws_admission_release(struct ws_admission *admission, struct ws_client_entry *client_entry);

/* Connections that are in, the refused ones included. Of any thread. */
size_t ws_admission_count(const struct ws_admission *admission);

/* Of the limit, in percent; 0 without a limit. */
unsigned ws_admission_percent(struct ws_admission *admission);

/* Addresses that are remembered; for tests and statistics. */
size_t ws_admission_addresses(struct ws_admission *admission);

#endif
