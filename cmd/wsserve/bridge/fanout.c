#include "cmd/wsserve/bridge/fanout.h"

#include "cmd/common/conn_name.h"
#include "cmd/common/log.h"
#include "cmd/wsserve/bridge/relay.h"
#include "cmd/wsserve/cluster/cluster.h"
#include "cmd/wsserve/options/settings.h"
#include "cmd/wsserve/request/target.h"
#include <ws/hub.h>
#include <ws/server_env.h>

#include <stdlib.h>
#include <string.h>

/* conn->user */
struct peer {
    unsigned generation;
    int64_t opened_us;
    bool close_relayed;
    bool waits; /* until the channel takes more */
};

static const struct settings_process *settings_of(const struct fanout *fanout)
{
    return &fanout->server->settings->process;
}

static struct fanout *fanout_of(struct channel *channel)
{
    return ws_container_of(channel, struct fanout, channel);
}

/* --- out to the clients --- */

/* The receivers of a record that is no message. */
struct choice {
    struct fanout *fanout;
    const struct framing_message *message;
    uint64_t except;
};

static bool in_group(const struct ws_conn *conn, const char *group)
{
    size_t len = 0;
    const char *name = ws_hub_group(conn, &len);
    return !group || (name && len == strlen(group) && memcmp(name, group, len) == 0);
}

static void send_one(struct ws_conn *conn, void *context)
{
    const struct choice *choice = context;
    if (ws_conn_upgraded(conn) && ws_conn_id(conn) != choice->except &&
        in_group(conn, choice->message->record->group))
        relay_out(conn, choice->message, false);
}

static bool is_message(const struct framing_message *message)
{
    return !message->record || message->record->type == RECORD_TEXT ||
           message->record->type == RECORD_BINARY;
}

/* The id in a record's "conn" or "except"; 0 after a line in the log. */
static uint64_t id_of(const struct fanout *fanout, const char *member, const char *name)
{
    uint64_t id = conn_name_parse(name, strlen(name));
    if (id == 0)
        log_line(fanout->server->log, WS_LOG_WARNING, 0, "process",
                 "a record's \"%s\" is no connection of this server, whose names are strings as "
                 "its own records have them: %.*s",
                 member, CONN_NAME_MAX, name);
    return id;
}

/* The client may have left while the record was on its way. */
static void deliver_to(struct fanout *fanout, const char *name,
                       const struct framing_message *message)
{
    uint64_t id = id_of(fanout, "conn", name);
    struct ws_conn *conn = id ? ws_registry_find(fanout->env->registry, id) : NULL;
    if (id && (!conn || !ws_conn_upgraded(conn)))
        log_line(fanout->server->log, WS_LOG_DEBUG, id, "process",
                 "it is not there any more: a record for it is dropped");
    if (!conn || !ws_conn_upgraded(conn))
        return;
    if (is_message(message)) {
        ws_hub_send(conn, relay_opcode(message, false), message->data, message->len);
        return;
    }
    ws_hub_flush(fanout->env->hub);
    relay_out(conn, message, false);
}

static void deliver(struct fanout *fanout, const struct framing_message *message)
{
    const struct record_in *record = message->record;
    const char *group = record ? record->group : NULL;
    const char *except = record ? record->except : NULL;
    uint64_t except_id = except ? id_of(fanout, "except", except) : 0;
    struct choice choice = {fanout, message, except_id};
    if (record && record->conn) {
        deliver_to(fanout, record->conn, message);
        return;
    }
    /* Keep the order of messages for a group and for all. */
    if (group || fanout->grouped || !is_message(message))
        ws_hub_flush(fanout->env->hub);
    fanout->grouped = group != NULL;
    if (!is_message(message)) {
        ws_registry_each(fanout->env->registry, send_one, &choice);
        return;
    }
    unsigned opcode = relay_opcode(message, settings_of(fanout)->binary);
    size_t group_len = group ? strlen(group) : 0;
    ws_hub_publish(fanout->env->hub, group, group_len, except_id, opcode, message->data,
                   message->len);
    cluster_publish(&fanout->server->workers[0], group, group_len, opcode, message->data,
                    message->len);
}

static bool on_ready(struct channel *channel)
{
    const struct fanout *fanout = fanout_of(channel);
    return !ws_hub_blocked(fanout->env->hub) &&
           !(fanout->needs_audience && ws_registry_open_count(fanout->env->registry) == 0);
}

static void on_input(struct channel *channel, uint8_t *data, size_t len)
{
    struct fanout *fanout = fanout_of(channel);
    struct framing_message message;
    if (fanout->on_input)
        fanout->on_input(fanout);
    framing_feed(&fanout->reader, data, len);
    for (;;) {
        switch (framing_next(&fanout->reader, &message)) {
        case FRAMING_MESSAGE:
            deliver(fanout, &message);
            break;
        case FRAMING_BAD_RECORD:
            log_line(fanout->server->log, WS_LOG_WARNING, 0, "process",
                     "a record that cannot be sent: %s", framing_error(&fanout->reader));
            break;
        case FRAMING_TOO_LONG:
            fanout->on_end(fanout, WS_E_MESSAGE_TOO_BIG);
            return;
        case FRAMING_NO_MEMORY:
            fanout->on_end(fanout, WS_E_NO_MEMORY);
            return;
        case FRAMING_MORE:
            return;
        }
    }
}

static void on_end(struct channel *channel, enum ws_error why)
{
    struct fanout *fanout = fanout_of(channel);
    fanout->on_end(fanout, why);
}

static void on_unblocked(struct ws_hub_waiter *waiter)
{
    channel_resume(&ws_container_of(waiter, struct fanout, waiter)->channel);
}

/* --- in from the clients --- */

static void resume_one(struct ws_conn *conn, void *context)
{
    struct peer *peer = ws_conn_user(conn);
    (void)context;
    if (!peer || !peer->waits)
        return;
    peer->waits = false;
    ws_conn_resume(conn);
}

static void on_drained(struct channel *channel)
{
    ws_registry_each(fanout_of(channel)->env->registry, resume_one, NULL);
}

static void on_broken(struct channel *channel, enum ws_error why)
{
    struct fanout *fanout = fanout_of(channel);
    (void)why;
    on_drained(channel);
    if (fanout->on_broken)
        fanout->on_broken(fanout);
}

static void relay_close_once(struct fanout *fanout, struct ws_conn *conn, unsigned code,
                             const void *reason, size_t len, bool clean)
{
    struct peer *peer = ws_conn_user(conn);
    if (!peer || peer->close_relayed || peer->generation != fanout->generation)
        return;
    peer->close_relayed = true;
    relay_close(&fanout->channel, fanout->reader.framing, conn, peer->opened_us, code, reason, len,
                clean);
}

void fanout_conn_open(struct fanout *fanout, struct ws_conn *conn, const struct ws_event *event)
{
    struct peer *peer = calloc(1, sizeof *peer);
    struct ws_str path, query;
    target_split(event->request->target, &path, &query);
    ws_conn_set_user(conn, peer);
    if (!peer || !ws_hub_join(conn, path.p, path.len)) {
        ws_conn_fail(conn, WS_E_NO_MEMORY);
        return;
    }
    peer->opened_us = ws_clock_us();
    if (!fanout)
        return;
    peer->generation = fanout->generation;
    relay_open(&fanout->channel, fanout->reader.framing, conn, event->request);
    channel_resume(&fanout->channel);
}

void fanout_conn_event(struct fanout *fanout, struct ws_conn *conn, const struct ws_event *event)
{
    struct peer *peer = ws_conn_user(conn);
    if (!fanout || !peer || peer->generation != fanout->generation)
        return;
    if (event->type == WS_EVENT_CLOSE)
        relay_close_once(fanout, conn, event->code, event->data, event->len, event->clean);
    if (event->type != WS_EVENT_MESSAGE)
        return;
    enum ws_error error =
        relay_in(&fanout->channel, fanout->reader.framing, conn, peer->opened_us, event);
    if (error == WS_E_NO_MEMORY || error == WS_E_MESSAGE_TOO_BIG)
        ws_conn_fail(conn, error);
    if (channel_full(&fanout->channel)) {
        peer->waits = true;
        ws_conn_pause(conn);
    }
}

void fanout_conn_close(struct fanout *fanout, struct ws_conn *conn, const struct ws_end *end)
{
    if (fanout)
        relay_close_once(fanout, conn, end->code, NULL, 0, end->clean);
    free(ws_conn_user(conn));
    ws_conn_set_user(conn, NULL);
}

/* --- beginning and end --- */

static const struct channel_user user = {on_ready, on_input, on_end, on_drained, on_broken};

enum ws_error fanout_open(struct fanout *fanout, int in, int out)
{
    const struct ws_conn_config *config;
    fanout->env = fanout->server->workers[0].env;
    config = &fanout->env->conn.config;
    fanout->memory = malloc(CHANNEL_READ_SIZE);
    if (!fanout->memory)
        return WS_E_NO_MEMORY;
    fanout->channel.user = &user;
    fanout->reader.framing = settings_of(fanout)->framing;
    fanout->reader.max = config->session.max_message;
    enum ws_error error = channel_open(&fanout->channel, fanout->env->conn.loop, in, out,
                                       fanout->memory, config->high_water);
    if (error != WS_OK) {
        free(fanout->memory);
        fanout->memory = NULL;
        return error;
    }
    fanout->waiter.unblocked = on_unblocked;
    ws_hub_on_unblocked(fanout->env->hub, &fanout->waiter);
    channel_resume(&fanout->channel);
    return WS_OK;
}

void fanout_finish(struct fanout *fanout)
{
    struct framing_message message;
    if (relay_last(&fanout->reader, &message, fanout->server->log, 0))
        deliver(fanout, &message);
    ws_hub_flush(fanout->env->hub);
}

void fanout_close(struct fanout *fanout)
{
    if (!fanout->memory)
        return;
    ws_registry_each(fanout->env->registry, resume_one, NULL);
    ws_hub_no_waiter(fanout->env->hub, &fanout->waiter);
    channel_close(&fanout->channel);
    framing_free(&fanout->reader);
    free(fanout->memory);
    fanout->memory = NULL;
}
