/*
 * hub_private: what the files of hub share, and what connections report to it.
 *
 * hub.c sends; hub_group.c has the groups of a loop and their members.
 */
#ifndef LIBWS_SERVER_HUB_PRIVATE_H
#define LIBWS_SERVER_HUB_PRIVATE_H

#include "libws/io/hash_table.h"
#include "libws/server/batch.h"
#include <ws/hub.h>

#include <stdatomic.h>

struct ws_member {
    struct ws_group *group;
    struct ws_conn *conn;
    struct ws_member *next, *prev;
};

/* Exists while it has members, or something to deliver. */
struct ws_group {
    struct ws_hash_node by_name;
    struct ws_group *next_due; /* of those with something to deliver */
    bool due;
    struct ws_batch *batch;
    struct ws_member *members;
    size_t len;
    char name[];
};

struct ws_hub {
    struct ws_hub_set *set;
    struct ws_server_env *env;
    struct ws_group *everyone; /* has no members: the registry has them */
    struct ws_hash_table groups;
    struct ws_group *due;
    struct ws_deferred task;
    struct ws_deliveries deliveries;
    atomic_size_t inbox;    /* bytes on their way from other loops */
    atomic_bool inbox_full; /* `inbox` was above high water, and is not yet below low */
    struct ws_async resume;
    struct ws_hub_waiter *waiters;
    struct ws_hub_waiter *next_waiter; /* to be called; NULL but while they are called */
    struct ws_hub_observer *observer;
    atomic_bool resume_posted;
};

/* hub_group.c */

/* The loop's group of that name, or NULL. */
struct ws_group *ws_hub_find_group(struct ws_hub *hub, const char *name, size_t len);
/* The same, made where there was none; NULL without memory. */
struct ws_group *ws_hub_need_group(struct ws_hub *hub, const char *name, size_t len);
/* Frees a group without members and with nothing to deliver. */
void ws_hub_drop_if_empty(struct ws_hub *hub, struct ws_group *group);

/* hub.c: a connection has opened, or ended; which of them can inflate what decides in which forms
 * messages are made. */
void ws_hub_opened(struct ws_conn *conn);
void ws_hub_ended(struct ws_conn *conn);
/* hub.c: the queue of a receiver is below low water again, or it has ended. */
void ws_hub_caught_up(struct ws_conn *conn);

#endif
