/*
 * admission: limits and rates of connections, in all and by address: the one table that the loops
 * share, locked at accept, request and close only.
 *
 * A connection counts as unfinished until its request has come, then it has one of the places or is
 * refused, and at last it only waits to be closed, and counts for nothing. So those that ask for
 * nothing take no place from others.
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
    size_t max_connections; /* places */
    size_t max_handshakes;  /* unfinished ones: above it one gives way */
    size_t max_per_address; /* of them from one address */
    uint32_t connect_rate;  /* new ones a second from one address, and as many at once */
};

enum ws_place { WS_PLACE_NONE, WS_PLACE_UNFINISHED, WS_PLACE_ADMITTED };

struct ws_admission_counts {
    size_t unfinished, admitted;
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
 * A connection came from `address`, at `now_us` of the monotonic clock. It counts as unfinished in
 * any case; after an error too, since its request is read before it is refused. WS_OK,
 * WS_E_TOO_MANY_FROM_ADDRESS, WS_E_CONNECT_RATE, or WS_E_NO_MEMORY. `*client_entry` gets what to
 * pass to ws_admission_leave(): NULL where addresses are not counted.
 */
enum ws_error ws_admission_acquire(struct ws_admission *admission, const struct sockaddr *address,
                                   int64_t now_us, struct ws_client_entry **client_entry);

/* The request of an unfinished one came: it gets a place. WS_OK, or WS_E_TOO_MANY_CONNECTIONS, and
 * it stays what it is. */
enum ws_error ws_admission_admit(struct ws_admission *admission);

/* It counts for nothing from now on, neither as `place`, which it had, nor by its address. */
void ws_admission_leave(struct ws_admission *admission, enum ws_place place,
                        struct ws_client_entry *client_entry);

/* What `*client_entry` counts for comes from `address`, as a proxy reported, or comes once more: it
 * is counted there from now on. Returns as ws_admission_acquire. */
enum ws_error ws_admission_reassign(struct ws_admission *admission, const struct sockaddr *address,
                                    int64_t now_us, struct ws_client_entry **client_entry);

/* A connection, which had left, has ended. */
void ws_admission_release(struct ws_admission *admission);

/* Connections at present, whatever they count as. */
size_t ws_admission_count(const struct ws_admission *admission);

/* The limits, and what counts towards them, at present. */
void ws_admission_read(struct ws_admission *admission, struct ws_admission_limits *limits,
                       struct ws_admission_counts *counts);

/* Places that are taken, in percent; 0 without a limit. */
unsigned ws_admission_percent(struct ws_admission *admission);

/* Entries in the table; for tests and statistics. */
size_t ws_admission_addresses(struct ws_admission *admission);

#ifdef __cplusplus
}
#endif

#endif
