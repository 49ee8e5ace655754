#include "cmd/wsserve/bridge/fanout.h"

#include "cmd/common/conn_name.h"
#include "cmd/wsserve/bridge/cgi.h"
#include "cmd/wsserve/bridge/relay.h"
#include <ws/hub.h>

#include <stdlib.h>
#include <string.h>

/* conn->user */
struct peer {
    unsigned life;
    int64_t opened_us;
    bool told_close;
    bool waits; /* until the channel takes more */
};

static const struct settings_process *settings_of(const struct fan *fan)
{
    return &fan->serve->settings->process;
}

static struct fan *fan_of(struct channel *channel)
{
    return ws_container_of(channel, struct fan, channel);
}

/* --- out to the clients --- */

/* Whom a record that is no message is for. */
struct choice {
    struct fan *fan;
    const struct framing_message *message;
    uint64_t except;
};

static bool in_group(const struct ws_conn *conn, const char *group)
{
    size_t len = 0;
    const char *name = ws_hub_group(conn, &len);
    return !group || (name && len == strlen(group) && memcmp(name, group, len) == 0);
}

static void tell_one(struct ws_conn *conn, void *context)
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

/* Who is not there any more is no fault: he may have left while the record was on its way. */
static void deliver_to(struct fan *fan, const char *name, const struct framing_message *message)
{
    struct ws_conn *conn =
        ws_registry_find(fan->env->registry, conn_name_parse(name, strlen(name)));
    if (!conn || !ws_conn_upgraded(conn))
        return;
    if (is_message(message)) {
        ws_hub_send(conn, relay_opcode(message, false), message->data, message->len);
        return;
    }
    ws_hub_flush(fan->env->hub);
    relay_out(conn, message, false);
}

static void deliver(struct fan *fan, const struct framing_message *message)
{
    const struct record_in *record = message->record;
    const char *group = record ? record->group : NULL;
    const char *except = record ? record->except : NULL;
    uint64_t except_id = except ? conn_name_parse(except, strlen(except)) : 0;
    struct choice choice = {fan, message, except_id};
    if (record && record->conn) {
        deliver_to(fan, record->conn, message);
        return;
    }
    /* Messages for a group and for all leave in the order that they came in. */
    if (group || fan->grouped || !is_message(message))
        ws_hub_flush(fan->env->hub);
    fan->grouped = group != NULL;
    if (is_message(message))
        ws_hub_publish(fan->env->hub, group, group ? strlen(group) : 0, except_id,
                       relay_opcode(message, settings_of(fan)->binary), message->data,
                       message->len);
    else
        ws_registry_each(fan->env->registry, tell_one, &choice);
}

static bool on_ready(struct channel *channel)
{
    const struct fan *fan = fan_of(channel);
    return !ws_hub_blocked(fan->env->hub) &&
           !(fan->needs_audience && fan->env->registry->open == 0);
}

static void on_input(struct channel *channel, uint8_t *data, size_t len)
{
    struct fan *fan = fan_of(channel);
    struct framing_message message;
    if (fan->heard)
        fan->heard(fan);
    framing_feed(&fan->reader, data, len);
    for (;;) {
        switch (framing_next(&fan->reader, &message)) {
        case FRAMING_MESSAGE:
            deliver(fan, &message);
            break;
        case FRAMING_BAD_RECORD:
            log_line(&fan->serve->log, WS_LOG_WARNING, 0, "process",
                     "a record that cannot be sent: %s", framing_fault(&fan->reader));
            break;
        case FRAMING_TOO_LONG:
            fan->ended(fan, WS_E_MESSAGE_TOO_BIG);
            return;
        case FRAMING_NO_MEMORY:
            fan->ended(fan, WS_E_NO_MEMORY);
            return;
        case FRAMING_MORE:
            return;
        }
    }
}

static void on_end(struct channel *channel, enum ws_error why)
{
    struct fan *fan = fan_of(channel);
    fan->ended(fan, why);
}

static void on_relief(void *context)
{
    struct fan *fan = context;
    channel_resume(&fan->channel);
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
    ws_registry_each(fan_of(channel)->env->registry, resume_one, NULL);
}

static void on_broken(struct channel *channel, enum ws_error why)
{
    struct fan *fan = fan_of(channel);
    (void)why;
    on_drained(channel);
    if (fan->broken)
        fan->broken(fan);
}

static void tell_close(struct fan *fan, struct ws_conn *conn, unsigned code, const void *reason,
                       size_t len, bool clean)
{
    struct peer *peer = ws_conn_user(conn);
    if (!peer || peer->told_close || peer->life != fan->life)
        return;
    peer->told_close = true;
    relay_close(&fan->channel, fan->reader.framing, conn, peer->opened_us, code, reason, len,
                clean);
}

void fan_conn_open(struct fan *fan, struct ws_conn *conn, const struct ws_event *event)
{
    struct peer *peer = calloc(1, sizeof *peer);
    struct ws_str path, query;
    cgi_split_target(event->request->target, &path, &query);
    ws_conn_set_user(conn, peer);
    if (!peer || !ws_hub_join(conn, path.p, path.len)) {
        ws_conn_fail(conn, WS_E_NO_MEMORY);
        return;
    }
    peer->opened_us = ws_clock_us();
    if (!fan)
        return;
    peer->life = fan->life;
    relay_open(&fan->channel, fan->reader.framing, conn, event->request);
    channel_resume(&fan->channel);
}

void fan_conn_event(struct fan *fan, struct ws_conn *conn, const struct ws_event *event)
{
    struct peer *peer = ws_conn_user(conn);
    if (!fan || !peer || peer->life != fan->life)
        return;
    if (event->type == WS_EVENT_CLOSE)
        tell_close(fan, conn, event->code, event->data, event->len, event->clean);
    if (event->type != WS_EVENT_MESSAGE)
        return;
    enum ws_error error =
        relay_in(&fan->channel, fan->reader.framing, conn, peer->opened_us, event);
    if (error == WS_E_NO_MEMORY || error == WS_E_MESSAGE_TOO_BIG)
        ws_conn_fail(conn, error);
    if (channel_full(&fan->channel)) {
        peer->waits = true;
        ws_conn_pause(conn);
    }
}

void fan_conn_close(struct fan *fan, struct ws_conn *conn, const struct ws_end *end)
{
    if (fan)
        tell_close(fan, conn, end->code, NULL, 0, end->clean);
    free(ws_conn_user(conn));
    ws_conn_set_user(conn, NULL);
}

/* --- beginning and end --- */

static const struct channel_user user = {on_ready, on_input, on_end, on_drained, on_broken};

enum ws_error fan_open(struct fan *fan, int in, int out)
{
    const struct ws_conn_config *config;
    fan->env = fan->serve->workers[0].env;
    config = fan->env->config;
    fan->memory = malloc(CHANNEL_READ_SIZE);
    if (!fan->memory)
        return WS_E_NO_MEMORY;
    fan->channel.user = &user;
    fan->reader.framing = settings_of(fan)->framing;
    fan->reader.max = config->session.max_message;
    enum ws_error error =
        channel_open(&fan->channel, fan->env->loop, in, out, fan->memory, config->high_water);
    if (error != WS_OK) {
        free(fan->memory);
        fan->memory = NULL;
        return error;
    }
    ws_hub_on_unblocked(fan->env->hub, on_relief, fan);
    channel_resume(&fan->channel);
    return WS_OK;
}

void fan_finish(struct fan *fan)
{
    struct framing_message message;
    if (framing_end(&fan->reader, &message) == FRAMING_MESSAGE)
        deliver(fan, &message);
    ws_hub_flush(fan->env->hub);
}

void fan_close(struct fan *fan)
{
    if (!fan->memory)
        return;
    ws_registry_each(fan->env->registry, resume_one, NULL);
    ws_hub_on_unblocked(fan->env->hub, NULL, NULL);
    channel_close(&fan->channel);
    framing_free(&fan->reader);
    free(fan->memory);
    fan->memory = NULL;
}
