/*
 * hub: what is sent to many: to everybody, or to a group.
 *
 * A message is framed once, into a batch with what else is published in the same turn of the loop;
 * at the end of the turn every receiver gets one send of all of it, borrowed from that one place.
 * One that is slow is dealt with by the policy and delays nobody. Each loop has a hub; they hand
 * their batches on to each other, so that everybody hears a sender's messages in their order.
 *
 * Modes that fan out call it, on the loop's thread, for connections of servers only.
 */
#ifndef WS_HUB_H
#define WS_HUB_H

#include <ws/conn.h>
#include <ws/loop.h>

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* What happens to a receiver whose queue is above high water. */
enum ws_slow {
    WS_SLOW_CLOSE,    /* it is closed with WS_E_TOO_SLOW */
    WS_SLOW_DROP_NEW, /* it misses what comes now */
    WS_SLOW_DROP_OLD, /* it misses what waits for it */
    WS_SLOW_BLOCK,    /* the senders wait for it: ws_hub_wait() */
};

/* Deliveries, a message to a receiver. */
struct ws_deliveries {
    uint64_t sent;    /* to the kernel or into the queue */
    uint64_t dropped; /* because the receiver was slow */
    uint64_t failed;  /* it is closing, or memory ran out */
};

struct ws_hub;

/* The hubs of a server, one for each of `homes`, whose `hub` is set. NULL without memory. */
struct ws_hub *ws_hub_new(struct ws_conn_env *const *homes, unsigned count);

/* All of them, from the first, once the threads are gone and no connection is left. */
void ws_hub_free(struct ws_hub *first);

/* For receivers from now on; of any thread. */
void ws_hub_set_slow(struct ws_hub *hub, enum ws_slow slow);

/* Puts `conn` into the group of that name, on every loop the same one; out of the one that it was
 * in before. It leaves by itself when it ends. False without memory. */
bool ws_hub_join(struct ws_conn *conn, const char *name, size_t len);
void ws_hub_leave(struct ws_conn *conn);

/* The name of the group that `conn` has joined, or NULL; not NUL-ended. */
const char *ws_hub_group(const struct ws_conn *conn, size_t *len);

/*
 * Sends a text or binary message, copied, to every open connection (`group` NULL) or to the
 * group's, but not to the one whose id is `except` (0: to all). It leaves at the end of the loop's
 * turn. That text is UTF-8 is the caller's duty. False without memory: nobody gets it.
 */
bool ws_hub_publish(struct ws_hub *hub, const char *group, size_t group_len, uint64_t except,
                    unsigned opcode, const void *data, size_t len);

/* What was published leaves now, and not at the end of the turn: before what is published next to
 * others, and so in the order of publishing for whoever hears both. */
void ws_hub_flush(struct ws_hub *hub);

/* Sends a message, copied, to one connection of this loop, behind what was published before, and by
 * the policy for those who are slow. */
void ws_hub_send(struct ws_conn *conn, unsigned opcode, void *data, size_t len);

/* For a source that is no connection: must it wait, since the others cannot follow? `relief` is
 * called, on the hub's loop, when it may go on. */
bool ws_hub_blocked(const struct ws_hub *hub);
void ws_hub_on_unblocked(struct ws_hub *hub, void (*unblocked)(void *context), void *context);

/* To be called by a connection's handler after it published: when the others cannot follow, the
 * connection is paused until they can. */
void ws_hub_wait(struct ws_conn *conn);

/* conn calls them, when a connection has opened and when one that was open ends: who can inflate
 * what decides in which forms messages are made. */
void ws_hub_opened(struct ws_conn *conn);
void ws_hub_ended(struct ws_conn *conn);

/* conn calls it, when the queue of a receiver that was waited for has gone down or the receiver is
 * gone. */
void ws_hub_caught_up(struct ws_conn *conn);

/* What this loop's receivers got so far. */
struct ws_deliveries ws_hub_deliveries(const struct ws_hub *hub);

#endif
