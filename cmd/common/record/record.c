#include "cmd/common/record/record.h"

#include "cmd/common/conn_name.h"
#include "cmd/common/units.h"
#include <ws/close.h>
#include <ws/frame.h>

#include <stdio.h>

const char *record_type_name(enum record_type type)
{
    static const char *const names[] = {"open", "text", "binary", "ping", "pong", "close", "error"};
    return (unsigned)type < sizeof names / sizeof *names ? names[type] : "error";
}

bool record_of_event(struct record *record, const struct ws_event *event)
{
    switch (event->type) {
    case WS_EVENT_MESSAGE:
        record->type = event->opcode == WS_OP_TEXT ? RECORD_TEXT : RECORD_BINARY;
        break;
    case WS_EVENT_PING:
        record->type = RECORD_PING;
        break;
    case WS_EVENT_PONG:
        record->type = RECORD_PONG;
        break;
    case WS_EVENT_CLOSE:
        record->type = RECORD_CLOSE;
        record->close.code = event->code;
        record->close.reason = (const char *)event->data;
        record->close.reason_len = event->len;
        record->close.clean = event->clean;
        return true;
    case WS_EVENT_ERROR:
        record->type = RECORD_ERROR;
        record->error.error = event->error;
        record->error.offset = event->offset;
        record->error.has_offset = true;
        record->error.status = event->response ? event->response->status : 0;
        return true;
    default:
        return false;
    }
    record->data = event->data;
    record->len = event->len;
    return true;
}

char *record_requested_url(bool tls, struct ws_str host, struct ws_str target)
{
    bool absolute = target.len > 0 && target.p[0] != '/';
    char *url = NULL;
    int made = absolute ? asprintf(&url, "%.*s", (int)target.len, target.p)
                        : asprintf(&url, "%s://%.*s%.*s", tls ? "wss" : "ws", (int)host.len, host.p,
                                   (int)target.len, target.p);
    return made < 0 ? NULL : url;
}

static void write_timing(struct json *json, const struct record_timing *timing)
{
    const struct {
        const char *name;
        int64_t us;
    } steps[] = {{"dns", timing->dns},
                 {"tcp", timing->tcp},
                 {"proxy", timing->proxy},
                 {"tls", timing->tls},
                 {"upgrade", timing->upgrade}};
    json_key(json, "timing_us");
    json_begin_object(json);
    for (size_t i = 0; i < sizeof steps / sizeof *steps; i++)
        if (steps[i].us >= 0)
            json_member_int(json, steps[i].name, steps[i].us);
    json_end_object(json);
}

static void write_open(struct json *json, const struct record *record)
{
    json_member_uint(json, "len", 0);
    json_member_string(json, "url", record->open.url);
    json_key(json, "status");
    if (record->open.status)
        json_uint(json, record->open.status);
    else
        jw_null(json);
    json_member_string(json, "subprotocol", record->open.subprotocol);
    json_member_string(json, "extensions", record->open.extensions);
    if (record->open.timing)
        write_timing(json, record->open.timing);
}

static void write_close(struct json *json, const struct record *record)
{
    size_t reason_len = record->close.reason ? record->close.reason_len : 0;
    bool coded = record->close.clean && record->close.code != WS_CLOSE_NO_CODE;
    /* The length of the close frame's payload: two bytes of code and the reason (RFC 6455
     * 5.5.1). */
    json_member_uint(json, "len", coded ? 2 + reason_len : 0);
    json_member_uint(json, "code", record->close.code);
    json_member_text(json, "reason", record->close.reason, reason_len);
    json_member_bool(json, "clean", record->close.clean);
}

static void write_error(struct json *json, const struct record *record)
{
    const struct ws_error_info *info = ws_error_info(record->error.error);
    char section[64];
    json_member_uint(json, "len", 0);
    json_member_string(json, "name", info->name);
    json_member_string(json, "explanation", info->explanation);
    json_member_string(json, "section",
                       ws_error_section(record->error.error, section, sizeof section));
    if (record->error.has_offset)
        json_member_uint(json, "offset", record->error.offset);
    if (record->error.status)
        json_member_uint(json, "status", record->error.status);
}

void record_write(struct json *json, const struct record *record)
{
    char time[UNITS_TEXT_MAX], name[CONN_NAME_MAX];
    json_begin_object(json);
    json_member_int(json, "v", 1);
    json_member_string(json, "t", units_format_utc(record->utc_us, time, sizeof time));
    json_member_int(json, "us", record->elapsed_us);
    if (record->conn_name)
        json_member_string(json, "conn", record->conn_name);
    else if (record->conn && conn_name_is_text())
        json_member_string(json, "conn", conn_name(record->conn, name));
    else if (record->conn)
        json_member_uint(json, "conn", record->conn);
    if (record->stream)
        json_member_uint(json, "stream", record->stream);
    json_member_string(json, "dir", record->direction == RECORD_IN ? "in" : "out");
    json_member_string(json, "type", record_type_name(record->type));
    switch (record->type) {
    case RECORD_OPEN:
        write_open(json, record);
        break;
    case RECORD_TEXT:
    case RECORD_BINARY:
    case RECORD_PING:
    case RECORD_PONG:
        json_member_uint(json, "len", record->len);
        json_payload(json, record->data, record->len);
        break;
    case RECORD_CLOSE:
        write_close(json, record);
        break;
    case RECORD_ERROR:
        write_error(json, record);
        break;
    }
    json_end_object(json);
    json_newline(json);
}
