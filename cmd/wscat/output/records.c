#include "cmd/wscat/output/records.h"

#include "cmd/common/exit.h"
#include "cmd/common/units.h"
#include "libws/proto/deflate_offer.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct record begin_record(const struct records *r, enum record_direction direction,
                                  enum record_type type)
{
    return (struct record){
        .utc_us = units_now_utc(),
        .elapsed_us = r->opened_us ? ws_clock_us() - r->opened_us : 0,
        .conn = r->conn,
        .direction = direction,
        .type = type,
    };
}

void records_free(struct records *r)
{
    json_free(&r->json);
}

/* The length in UTF-8 of a character of C1, of DEL, or of those that change the direction of
 * writing, at the beginning of `text`; 0 for others. */
static size_t json_control(const char *text, size_t len, uint32_t *c)
{
    const uint8_t *p = (const uint8_t *)text;
    if (p[0] == 0x7F) {
        *c = 0x7F;
        return 1;
    }
    if (len >= 2 && (p[0] & 0xE0) == 0xC0) {
        *c = (uint32_t)(p[0] & 0x1F) << 6 | (p[1] & 0x3F);
        return *c < 0xA0 || *c == 0x61C ? 2 : 0;
    }
    if (len >= 3 && (p[0] & 0xF0) == 0xE0) {
        *c = (uint32_t)(p[0] & 0x0F) << 12 | (uint32_t)(p[1] & 0x3F) << 6 | (p[2] & 0x3F);
        bool turns = *c == 0x200E || *c == 0x200F || (*c >= 0x202A && *c <= 0x202E) ||
                     (*c >= 0x2066 && *c <= 0x2069);
        return turns ? 3 : 0;
    }
    return 0;
}

/* JSON strings escape what is below a blank; on a terminal the characters above ASCII that control
 * it are escaped too, as JSON does it. */
static void write_escaped(struct records *r)
{
    const char *text = r->json.data;
    size_t len = r->json.len, from = 0;
    for (size_t at = 0; at < len; at++) {
        uint32_t c = 0;
        size_t n = json_control(text + at, len - at, &c);
        if (n == 0)
            continue;
        char escape[8];
        snprintf(escape, sizeof escape, "\\u%04x", c);
        output_write(r->output, text + from, at - from);
        output_write(r->output, escape, strlen(escape));
        at += n - 1;
        from = at + 1;
    }
    output_write(r->output, text + from, len - from);
}

static void write_record(struct records *r, const struct record *record)
{
    record_write(&r->json, record);
    if (r->json.failed)
        exit_die(WS_EXIT_FAILURE, "out of memory");
    editor_hide(r->person);
    if (r->escape)
        write_escaped(r);
    else
        output_write(r->output, r->json.data, r->json.len);
    json_clear(&r->json);
}

void records_event(struct records *r, enum record_direction direction, const struct ws_event *event)
{
    struct record record = begin_record(r, direction, RECORD_ERROR);
    if (record_of_event(&record, event))
        write_record(r, &record);
}

void records_failure(struct records *r, enum ws_error error)
{
    if (!r->wanted)
        return;
    struct record record = begin_record(r, RECORD_IN, RECORD_ERROR);
    record.error.error = error;
    write_record(r, &record);
}

/* A NUL-terminated copy, or NULL for an empty string. */
static char *copy(struct ws_str s)
{
    char *text = s.len ? strndup(s.p, s.len) : NULL;
    if (s.len && !text)
        exit_die(WS_EXIT_FAILURE, "out of memory");
    return text;
}

void records_open(struct records *r, const struct ws_response *response, const char *url,
                  const struct record_timing *timing)
{
    if (!r->wanted)
        return;
    char *subprotocol = copy(response->subprotocol), *extensions = copy(response->extensions);
    struct record record = begin_record(r, RECORD_IN, RECORD_OPEN);
    record.elapsed_us = 0;
    record.open.url = url;
    record.open.status = response->status;
    record.open.subprotocol = subprotocol;
    record.open.extensions = extensions;
    record.open.timing = timing;
    write_record(r, &record);
    free(subprotocol);
    free(extensions);
}

void records_client(struct records *r, const struct ws_conn *conn, const struct ws_request *request,
                    const char *subprotocol)
{
    if (!r->wanted)
        return;
    const struct ws_deflate *deflate = ws_session_deflate(ws_conn_session(conn));
    char extensions[WS_DEFLATE_TEXT_MAX] = "";
    char *url = record_requested_url(ws_conn_tls(conn) != NULL, request->host, request->target);
    if (!url)
        exit_die(WS_EXIT_FAILURE, "out of memory");
    if (deflate)
        ws_deflate_write_agreed(&deflate->params, extensions);
    struct record record = begin_record(r, RECORD_OUT, RECORD_OPEN);
    record.elapsed_us = 0;
    record.open.url = url;
    record.open.status = 101;
    record.open.subprotocol = subprotocol;
    record.open.extensions = extensions[0] ? extensions : NULL;
    write_record(r, &record);
    free(url);
}
