/*
 * hub_private: what the files of hub share, and nobody else.
 *
 * hub.c sends; hub_group.c knows the groups of a loop and who is in them.
 */
#ifndef LIBWS_SERVER_HUB_PRIVATE_H
#define LIBWS_SERVER_HUB_PRIVATE_H

#include "libws/server/batch.h"
#include <ws/hub.h>

#include <stdatomic.h>

enum { WS_GROUP_BUCKETS = 256 };

struct ws_member {
    struct ws_group *group;
    struct ws_conn *conn;
    struct ws_member *next, *prev;
};

/* Exists while it has members, or something to deliver. */
struct ws_group {
    struct ws_group *next;     /* in its bucket */
    struct ws_group *next_due; /* of those with something to deliver */
    bool due;
    struct ws_batch *batch;
    struct ws_member *members;
    size_t len;
    char name[];
};

struct ws_hub {
    struct ws_hub_set *set;
    struct ws_conn_env *env;
    struct ws_group *everyone; /* has no members: the registry knows them */
    struct ws_group *buckets[WS_GROUP_BUCKETS];
    struct ws_group *due;
    struct ws_deferred task;
    struct ws_deliveries deliveries;
    atomic_size_t inbox;    /* bytes on their way from other loops */
    atomic_bool inbox_full; /* the inbox is above high water, and not yet below low */
    struct ws_async resume;
    void (*on_unblocked)(void *context);
    void *unblocked_context;
    atomic_bool resume_posted;
};

/* hub_group.c */

/* The loop's group of that name, or NULL. */
struct ws_group *ws_hub_find_group(struct ws_hub *hub, const char *name, size_t len);
/* The same, made where there was none; NULL without memory. */
struct ws_group *ws_hub_need_group(struct ws_hub *hub, const char *name, size_t len);
/* Forgets a group that nobody is in and that has nothing to deliver. */
void ws_hub_drop_if_empty(struct ws_hub *hub, struct ws_group *group);

#endif
