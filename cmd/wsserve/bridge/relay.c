#include "cmd/wsserve/bridge/relay.h"

#include "cmd/common/units.h"
#include <ws/utf8.h>

#include <stdlib.h>
#include <string.h>

static enum ws_error write_record(struct channel *channel, struct record *record)
{
    struct json json = {0};
    record->utc_us = units_now_utc();
    record_write(&json, record);
    enum ws_error error =
        json.failed ? WS_E_NO_MEMORY : channel_write(channel, json.data, json.len);
    json_free(&json);
    return error;
}

enum ws_error relay_in(struct channel *channel, enum framing framing, const struct ws_conn *conn,
                       int64_t opened_us, const struct ws_event *event)
{
    struct framing_marks marks;
    channel->relayed = true;
    if (framing == FRAMING_JSONL) {
        struct record record = {.elapsed_us = ws_clock_us() - opened_us,
                                .conn = ws_conn_id(conn),
                                .direction = RECORD_IN,
                                .type = event->opcode == WS_OP_TEXT ? RECORD_TEXT : RECORD_BINARY,
                                .data = event->data,
                                .len = event->len};
        return write_record(channel, &record);
    }
    if (!framing_mark(framing, event->len, &marks))
        return WS_E_MESSAGE_TOO_BIG;
    bool last = event->type == WS_EVENT_MESSAGE || event->last;
    enum ws_error error = channel_write(channel, marks.head, marks.head_len);
    if (error == WS_OK)
        error = channel_write(channel, event->data, event->len);
    if (error == WS_OK && last)
        error = channel_write(channel, &marks.tail, marks.tail_len);
    return error;
}

enum ws_error relay_open(struct channel *channel, enum framing framing, const struct ws_conn *conn,
                         const struct ws_request *request)
{
    if (framing != FRAMING_JSONL)
        return WS_OK;
    /* As in every recording: what opens a connection is the response, which is ours. */
    struct record record = {.conn = ws_conn_id(conn), .direction = RECORD_OUT, .type = RECORD_OPEN};
    char *target = strndup(request->target.p, request->target.len);
    record.open.url = target;
    record.open.status = 101;
    enum ws_error error = target ? write_record(channel, &record) : WS_E_NO_MEMORY;
    free(target);
    return error;
}

enum ws_error relay_close(struct channel *channel, enum framing framing, const struct ws_conn *conn,
                          int64_t opened_us, unsigned code, const void *reason, size_t reason_len,
                          bool clean)
{
    if (framing != FRAMING_JSONL)
        return WS_OK;
    struct record record = {.elapsed_us = ws_clock_us() - opened_us,
                            .conn = ws_conn_id(conn),
                            .direction = RECORD_IN,
                            .type = RECORD_CLOSE};
    record.close.code = code;
    record.close.reason = reason;
    record.close.reason_len = reason_len;
    record.close.clean = clean;
    return write_record(channel, &record);
}

unsigned relay_opcode(const struct framing_message *message, bool binary)
{
    if (message->record)
        return message->record->type == RECORD_BINARY ? WS_OP_BINARY : WS_OP_TEXT;
    return binary || !ws_utf8_valid(message->data, message->len) ? WS_OP_BINARY : WS_OP_TEXT;
}

enum ws_error relay_out(struct ws_conn *conn, const struct framing_message *message, bool binary)
{
    const struct record_in *record = message->record;
    switch (record ? record->type : RECORD_TEXT) {
    case RECORD_TEXT:
    case RECORD_BINARY:
        return ws_conn_send(conn, relay_opcode(message, binary), WS_SEND_COPY, message->data,
                            message->len);
    case RECORD_PING:
        return ws_conn_ping(conn, message->data, message->len);
    case RECORD_CLOSE:
        return ws_conn_close(conn, record->code ? record->code : WS_CLOSE_NORMAL, record->reason);
    case RECORD_PONG:
    case RECORD_OPEN:
    case RECORD_ERROR:
        break;
    }
    return WS_OK;
}

bool relay_last(struct framing_reader *reader, struct framing_message *message,
                const struct log *log, uint64_t id)
{
    switch (framing_end(reader, message)) {
    case FRAMING_MESSAGE:
        return true;
    case FRAMING_BAD_RECORD:
        log_line(log, WS_LOG_WARNING, id, "process", "the last record cannot be sent: %s",
                 framing_error(reader));
        return false;
    case FRAMING_TOO_LONG:
        log_line(log, WS_LOG_WARNING, id, "process",
                 "the last message was not sent: the output ended within it");
        return false;
    case FRAMING_NO_MEMORY:
    case FRAMING_MORE:
        break;
    }
    return false;
}
