/*
 * redis_link: one connection to Redis that is made again whenever it is lost.
 *
 * Resolves, connects, speaks TLS where the URL is rediss, gives the password, asks whether this is
 * a Redis cluster, and then carries commands and replies. It pings, so that a connection that is
 * dead without a word is noticed. After a loss it waits, twice as long after each attempt that
 * failed up to REDIS_LINK_WAIT_MOST_MS, and a random part of it less, so that the nodes of a
 * cluster do not all come back in the same moment. cluster.c has two: Redis lets a connection that
 * has subscribed publish nothing. One thread's, its loop's.
 */
#ifndef CMD_WSSERVE_CLUSTER_REDIS_LINK_H
#define CMD_WSSERVE_CLUSTER_REDIS_LINK_H

#include "cmd/wsserve/cluster/resp.h"
#include "libws/io/queue.h"
#include "libws/tls/tls.h"
#include <ws/loop.h>
#include <ws/out.h>

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    REDIS_LINK_OPEN_MS = 5000,       /* for all that is before the first command */
    REDIS_LINK_PING_MS = 5000,       /* between two pings; an answer may take as long */
    REDIS_LINK_WAIT_LEAST_MS = 100,  /* after the first loss */
    REDIS_LINK_WAIT_MOST_MS = 10000, /* which doubles up to this */
};

struct redis_link;

struct redis_link_user {
    /* Commands may be sent from now on. */
    void (*opened)(struct redis_link *link);
    /* Redis says something other than an answer to a ping. False: redis_link_fail() was called. */
    bool (*replied)(struct redis_link *link, const struct resp_reply *reply);
    /* It is lost, or an attempt to open it has failed: one line, no full stop. It is tried again.
     */
    void (*lost)(struct redis_link *link, const char *why);
};

enum redis_link_state {
    REDIS_LINK_STOPPED, /* before redis_link_start() and after redis_link_stop() */
    REDIS_LINK_WAITING,
    REDIS_LINK_CONNECTING,
    REDIS_LINK_GREETING, /* TLS, password, kind of server */
    REDIS_LINK_OPEN,
};

/* The first fields are set by the caller, and what they point to outlives the link. */
struct redis_link {
    const struct redis_link_user *user;
    struct ws_loop *loop;
    const char *host;
    uint16_t port;
    const char *name;                   /* that the certificate must have; the host of the URL */
    struct ws_tls_context *tls_context; /* NULL: no TLS */
    const char *login, *password;       /* NULL: the default user; no password */
    size_t max_reply;                   /* bytes of one reply */
    unsigned gather_ms;                 /* many commands leave together, no more often than this;
                                         * few at once. 0: all with each batch */

    enum redis_link_state state;
    bool sharded; /* the server is a part of a Redis cluster; valid while OPEN */
    struct ws_connector *connector;
    struct ws_watch watch;
    struct ws_timer timer;
    struct ws_timer gathered; /* armed: commands wait for others */
    struct ws_deferred task;
    struct ws_tls *tls;
    struct resp *resp;
    uint8_t *memory; /* to receive into */
    struct ws_out out, sealed;
    struct ws_queue plain; /* waits for TLS */
    struct ws_queue wire;  /* waits for the kernel */
    unsigned greetings;    /* answers that are still to come before it is open */
    unsigned failures;     /* attempts in a row */
    int64_t opened_ms, flushed_ms;
    int64_t counted_ms;    /* since when commands are counted */
    unsigned long counted; /* so many since then */
    bool many;             /* commands came in the interval before: they gather */
    bool pinged;           /* and nothing was received since */
    bool paused;           /* not read */
    bool doomed;
    char why[256]; /* of `doomed` */
};

/* Begins to connect. False without memory. */
bool redis_link_start(struct redis_link *link);

/* Closes it and frees what it has; `lost` is not called. Allowed at any time, but not from inside
 * of `replied`. */
void redis_link_stop(struct redis_link *link);

/* Sends a command at the end of the loop's batch, or where many come within `gather_ms`. False: the
 * link is not open, or no memory. */
bool redis_link_command(struct redis_link *link, size_t count, const char *const *words,
                        const size_t *lengths);

/* Bytes that Redis has not taken yet. */
size_t redis_link_queued(const struct redis_link *link);

/* It cannot be used any more, for this reason: it is lost at the end of the loop's batch. */
void redis_link_fail(struct redis_link *link, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* Reads no further, but what was received already still comes; or reads on. */
void redis_link_pause(struct redis_link *link, bool paused);

#endif
