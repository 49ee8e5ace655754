/*
 * admission: limits and rates of connections, in all and by address: the one table that the loops
 * share, locked at accept and close only.
 *
 * An address is an IPv4 address, or the first 64 bits of an IPv6 one, since a client that has one
 * of those has all the rest. Every function may be called on any thread.
 */
#ifndef WS_ADMISSION_H
#define WS_ADMISSION_H

#include <ws/error.h>

#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>

#ifdef __cplusplus
extern "C" {
#endif

/* 0 switches each of them off. */
struct ws_admission_limits {
    size_t max_connections; /* at a time */
    size_t max_per_address; /* of them from one address */
    uint32_t connect_rate;  /* new ones a second from one address, and as many at once */
};

struct ws_client_entry; /* an address that has connections, or had some a second ago */
struct ws_admission;

/* NULL without memory. */
struct ws_admission *ws_admission_new(const struct ws_admission_limits *limits);

/* Every connection must have been released. NULL is allowed. */
void ws_admission_free(struct ws_admission *admission);

/* Other limits from now on; no present connection is closed because of them. */
void ws_admission_set(struct ws_admission *admission, const struct ws_admission_limits *limits);

/*
 * A connection came from `address`, at `now_us` of the monotonic clock. It is counted in any case,
 * since sending a refusal takes a while; ws_admission_release() it at its end. WS_OK,
 * WS_E_TOO_MANY_CONNECTIONS, WS_E_TOO_MANY_FROM_ADDRESS, WS_E_CONNECT_RATE, or WS_E_NO_MEMORY.
 * `*client_entry` gets what to pass to ws_admission_release(): NULL where addresses are not
 * counted.
 */
enum ws_error ws_admission_acquire(struct ws_admission *admission, const struct sockaddr *address,
                                   int64_t now_us, struct ws_client_entry **client_entry);

/* A proxy reported that the connection of `*client_entry` came from `address`: it is counted there
 * from now on. Returns as ws_admission_acquire, except TOO_MANY_CONNECTIONS. */
enum ws_error ws_admission_reassign(struct ws_admission *admission, const struct sockaddr *address,
                                    int64_t now_us, struct ws_client_entry **client_entry);

/* A connection has ended. */
void ws_admission_release(struct ws_admission *admission, struct ws_client_entry *client_entry);

/* Connections at present, the refused ones included. */
size_t ws_admission_count(const struct ws_admission *admission);

/* Of the limit, in percent; 0 without a limit. */
unsigned ws_admission_percent(struct ws_admission *admission);

/* Entries in the table; for tests and statistics. */
size_t ws_admission_addresses(struct ws_admission *admission);

#ifdef __cplusplus
}
#endif

#endif
