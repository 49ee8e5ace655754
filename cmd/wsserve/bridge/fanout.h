/*
 * fanout: one source for all clients, and one destination for their messages (--shared, --pipe).
 *
 * Messages from a channel go to every client, or with jsonl to the clients that each record names;
 * what clients send is written to the channel, message by message. One loop only. The source waits
 * while a client is slow, if the hub's policy is to block; clients wait while the channel is full.
 */
#ifndef CMD_WSSERVE_BRIDGE_FANOUT_H
#define CMD_WSSERVE_BRIDGE_FANOUT_H

#include "cmd/wsserve/bridge/channel.h"
#include "cmd/wsserve/bridge/framing.h"
#include "cmd/wsserve/context.h"
#include <ws/handler.h>
#include <ws/hub.h>

#include <stdbool.h>

struct fanout {
    struct server *server;
    const struct ws_server_env *env;
    struct channel channel;
    struct framing_reader reader;
    uint8_t *memory;     /* the channel's */
    unsigned generation; /* of the source; clients that opened in another are not relayed to it */
    bool grouped;        /* the last message was published for a group */
    struct ws_hub_waiter waiter;
    bool needs_audience; /* reading stops while no client is open */
    /* The end of input: WS_E_LOST or an error; WS_E_MESSAGE_TOO_BIG, WS_E_NO_MEMORY of a message.
     */
    void (*on_end)(struct fanout *fanout, enum ws_error why);
    /* The consumer has closed its input. NULL: ignored. */
    void (*on_broken)(struct fanout *fanout);
    /* Input came. NULL: ignored. */
    void (*on_input)(struct fanout *fanout);
};

/* Starts reading from `in` and writing to `out`, as channel_open(), errors too. `server`,
 * `generation` and the callbacks are set before. */
enum ws_error fanout_open(struct fanout *fanout, int in, int out);

/* Publishes a last message that has no end mark, and flushes the hub. */
void fanout_finish(struct fanout *fanout);

/* Closes the channel. `fanout` may be freed at the end of the loop's batch. */
void fanout_close(struct fanout *fanout);

/* For the mode's handlers. NULL: there is no source at the moment. */
void fanout_conn_open(struct fanout *fanout, struct ws_conn *conn, const struct ws_event *event);
void fanout_conn_event(struct fanout *fanout, struct ws_conn *conn, const struct ws_event *event);
void fanout_conn_close(struct fanout *fanout, struct ws_conn *conn, const struct ws_end *end);

#endif
