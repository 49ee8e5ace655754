/*
 * fanout: one source for all clients, and one place for what they say.
 *
 * What --shared and --pipe have in common: messages out of a channel go to every client, or with
 * jsonl to whom each record names; what clients send goes into it, whole. Both run on one loop. The
 * source waits while a client cannot follow, if the hub's policy is to wait, and clients wait while
 * what they say is not taken.
 */
#ifndef CMD_WSSERVE_BRIDGE_FANOUT_H
#define CMD_WSSERVE_BRIDGE_FANOUT_H

#include "cmd/wsserve/bridge/channel.h"
#include "cmd/wsserve/bridge/framing.h"
#include "cmd/wsserve/context.h"
#include <ws/handler.h>

#include <stdbool.h>

struct fanout {
    struct server *server;
    const struct ws_conn_env *env;
    struct channel channel;
    struct framing_reader reader;
    uint8_t *memory;     /* the channel's */
    unsigned generation; /* which one of the mode's; whoever opened in another is not known here */
    bool grouped;        /* what was published last was for a group */
    bool needs_audience; /* nothing is read while nobody is there */
    /* No more comes of it, or WS_E_MESSAGE_TOO_BIG, WS_E_NO_MEMORY. */
    void (*on_end)(struct fanout *fanout, enum ws_error why);
    /* Nobody takes what clients say any more. NULL: that is his right. */
    void (*on_broken)(struct fanout *fanout);
    /* Something came. NULL: nobody wants to know. */
    void (*on_input)(struct fanout *fanout);
};

/* Begins with the descriptors as channel_open(), errors too. The members `serve` and `ended` are
 * set. Reading begins at once. */
enum ws_error fanout_open(struct fanout *fanout, int in, int out);

/* The last message, whose end needed no mark, goes out, and so does whatever waits in the hub. */
void fanout_finish(struct fanout *fanout);

/* Closes the channel. The memory of `fanout` may go at the end of the batch after the one that this
 * is called in. */
void fanout_close(struct fanout *fanout);

/* For the handlers of the mode; `fanout` may be NULL where there is none at the moment. */
void fanout_conn_open(struct fanout *fanout, struct ws_conn *conn, const struct ws_event *event);
void fanout_conn_event(struct fanout *fanout, struct ws_conn *conn, const struct ws_event *event);
void fanout_conn_close(struct fanout *fanout, struct ws_conn *conn, const struct ws_end *end);

#endif
