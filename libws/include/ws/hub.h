/*
 * hub: fan-out: messages to all connections of a server, or to a group.
 *
 * A message is framed once, into a batch with everything published in the same turn of the loop; at
 * the end of the turn every receiver gets one send of all of it, borrowed from that one place. A
 * slow receiver is handled by the policy and delays no other. Each loop has a hub; they forward
 * their batches to each other, so every receiver gets a sender's messages in their order.
 *
 * On the loop's thread, for connections of servers only.
 */
#ifndef WS_HUB_H
#define WS_HUB_H

#include <ws/server_env.h>

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* What happens to a receiver whose queue is above high water. */
enum ws_slow {
    WS_SLOW_CLOSE,    /* it is closed with WS_E_TOO_SLOW */
    WS_SLOW_DROP_NEW, /* it misses what comes now */
    WS_SLOW_DROP_OLD, /* it misses what waits for it */
    WS_SLOW_BLOCK,    /* its senders wait for it: ws_hub_wait() */
};

/* Deliveries, a message to a receiver. */
struct ws_deliveries {
    uint64_t sent;    /* to the kernel or into the queue */
    uint64_t dropped; /* because the receiver was slow */
    uint64_t failed;  /* it is closing, or memory ran out */
};

struct ws_hub;

/* The hubs of a server, one for each of `envs`, whose `hub` it sets; returns the first. NULL
 * without memory. */
struct ws_hub *ws_hub_new(struct ws_server_env *const *envs, unsigned count);

/* Frees all of them, from the first, once the threads are gone and no connection is left. NULL is
 * allowed. */
void ws_hub_free(struct ws_hub *first);

/* The policy for slow receivers from now on. Of any thread. */
void ws_hub_set_slow(struct ws_hub *hub, enum ws_slow slow);

/* Moves `conn` into the group of that name, the same on every loop, from the one that it was in
 * before. It leaves by itself when it ends. False without memory. */
bool ws_hub_join(struct ws_conn *conn, const char *name, size_t len);
void ws_hub_leave(struct ws_conn *conn);

/* The name of the group that `conn` has joined, or NULL; not NUL-ended. */
const char *ws_hub_group(const struct ws_conn *conn, size_t *len);

/*
 * Sends a text or binary message, copied, to every open connection (`group` NULL) or to the
 * group's, but not to the one whose id is `except` (0: to all). It leaves at the end of the loop's
 * turn. The caller makes sure that text is UTF-8. False without memory: no connection gets it.
 */
bool ws_hub_publish(struct ws_hub *hub, const char *group, size_t group_len, uint64_t except,
                    unsigned opcode, const void *data, size_t len);

/* What was published leaves now, and not at the end of the turn: before what is published next to
 * another group, so that connections in both receive it in the order of publishing. */
void ws_hub_flush(struct ws_hub *hub);

/* Sends a message, copied, to one connection of this loop, after what was published before; the
 * policy for slow receivers applies. */
void ws_hub_send(struct ws_conn *conn, unsigned opcode, void *data, size_t len);

/* A source that is no connection and waits for receivers; embedded in it. */
struct ws_hub_waiter {
    struct ws_hub_waiter *next;
    void (*unblocked)(struct ws_hub_waiter *waiter);
};

/* For such a source: must it wait, since receivers cannot follow? From ws_hub_on_unblocked() until
 * ws_hub_no_waiter(), `unblocked` is called on the hub's loop whenever it may go on. A waiter that
 * was not added may be removed, and `unblocked` may remove any of them, the others as its own. */
bool ws_hub_blocked(const struct ws_hub *hub);
void ws_hub_on_unblocked(struct ws_hub *hub, struct ws_hub_waiter *waiter);
void ws_hub_no_waiter(struct ws_hub *hub, struct ws_hub_waiter *waiter);

/* Notices which groups have members on a loop, on its thread; embedded in its owner. */
struct ws_hub_observer {
    /* The group has its first member. False: no memory; the member does not join. */
    bool (*occupied)(struct ws_hub_observer *observer, const char *name, size_t len);
    /* It has no member any more. */
    void (*vacated)(struct ws_hub_observer *observer, const char *name, size_t len);
};

/* Before connections join; one a hub. NULL: none any more. */
void ws_hub_observe(struct ws_hub *hub, struct ws_hub_observer *observer);

/* To be called by a connection's handler after it published: when receivers cannot follow, the
 * connection is not read until they can. Independent of ws_conn_pause(). */
void ws_hub_wait(struct ws_conn *conn);

/* Deliveries to this loop's receivers so far. */
struct ws_deliveries ws_hub_deliveries(const struct ws_hub *hub);

#ifdef __cplusplus
}
#endif

#endif
