/*
 * cluster_private: what the files of cluster share.
 *
 * cluster.c begins, ends, and knows whether it is connected; cluster_out.c sends to Redis,
 * cluster_in.c subscribes and delivers.
 */
#ifndef CMD_WSSERVE_CLUSTER_CLUSTER_PRIVATE_H
#define CMD_WSSERVE_CLUSTER_CLUSTER_PRIVATE_H

#include "cmd/common/count/histogram.h"
#include "cmd/wsserve/cluster/cluster.h"
#include "cmd/wsserve/cluster/redis_link.h"
#include "cmd/wsserve/cluster/topics.h"
#include "cmd/wsserve/options/cluster_url.h"
#include "libws/proto/bytes.h"
#include <ws/hub.h>

#include <stdatomic.h>

enum {
    CLUSTER_QUEUE_MOST = 8 << 20,    /* bytes that wait for Redis, or for the first loop */
    CLUSTER_MESSAGE_MOST = 64 << 20, /* where --max-message-size has no limit */
    CLUSTER_GATHER_MS = 2,           /* where many messages come, they leave together */
};

/* A loop's ear for its groups. */
struct cluster_observer {
    struct ws_hub_observer observer;
    struct cluster *cluster;
};

/* The first loop's, except where a comment says otherwise. */
struct cluster {
    struct server *server;
    struct ws_loop *loop;
    struct ws_hub *hub;
    struct cluster_url url; /* constant */
    struct ws_tls_context *tls;
    uint64_t node;
    size_t max_message;
    struct redis_link publisher, subscriber;
    char redirect[256]; /* the host that Redis has sent us to; "": the URL's */
    unsigned following; /* links that are about to be lost because they go there */

    struct topics topics;
    uint64_t publishing;   /* answers that are to come for messages */
    unsigned subscribing;  /* the same for subscriptions */
    bool rejection_logged; /* since a message was taken */
    bool malformed_logged; /* since the connection was made */
    bool to_group;         /* the last message that was delivered here was for a group */
    struct ws_hub_waiter waiter;
    struct ws_bytes *scratch; /* a message with its head */

    bool connected;            /* both links are open, and Redis has confirmed the subscriptions */
    bool loss_logged;          /* and not yet that it is back */
    atomic_bool degraded;      /* any thread */
    atomic_size_t inbox;       /* bytes that other loops have sent to this one; any thread */
    atomic_uint_fast64_t full; /* a part of counts.full; any thread */
    atomic_bool overflowing;   /* messages do not fit, and not yet that they do again; any thread */
    struct cluster_counts counts, logged; /* what cluster_log_failed() has said */
    struct totals_histogram took;
    struct histogram exact; /* the same, for percentiles */
    struct cluster_observer observers[WS_SERVER_LOOPS_MAX];
};

/* cluster.c */

/* A link is open, or the subscriptions are confirmed: is it connected now? */
void cluster_check_connected(struct cluster *cluster);
/* A link is lost. */
void cluster_lost(struct cluster *cluster, struct redis_link *link, const char *why);
/* Redis answers "MOVED SLOT HOST:PORT": both links go there. False: it says something else. */
bool cluster_moved(struct cluster *cluster, const struct resp_part *error);

/* cluster_out.c */
extern const struct redis_link_user cluster_publisher;
/* Logs how many messages have failed since it did so last, if any. */
void cluster_log_failed(struct cluster *cluster, enum ws_level level);
/* cluster_in.c */
extern const struct redis_link_user cluster_subscriber;
void cluster_observe(struct cluster *cluster);
/* Asks Redis for the topics that are due. */
void cluster_subscribe(struct cluster *cluster);

#endif
