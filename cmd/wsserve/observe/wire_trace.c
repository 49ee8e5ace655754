#include "cmd/wsserve/observe/wire_trace.h"

#include "cmd/common/hex.h"
#include "cmd/common/record/sent_reader.h"
#include "cmd/wsserve/observe/last_frames.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { HEAD_MAX = 3000, FIELDS_MAX = LAST_FRAMES_FIELDS + 3 };

/* A fragmented message, in one direction. */
struct fragments {
    unsigned count;
    uint64_t total; /* bytes of payload */
};

struct wire_trace {
    struct sent_reader reader;
    bool answered; /* the head of an answer was sent: frames follow, or a body */
    bool reading;  /* `reader` has begun */
    struct fragments in, out;
};

static struct wire_trace *trace_of(struct wire_trace **trace)
{
    if (!*trace)
        *trace = calloc(1, sizeof **trace);
    return *trace;
}

/* --- heads --- */

struct head {
    char text[HEAD_MAX];
    size_t len;
};

static void add(struct head *head, const char *text, size_t len)
{
    size_t room = sizeof head->text - 1 - head->len;
    if (len > room)
        len = room;
    memcpy(head->text + head->len, text, len);
    head->len += len;
    head->text[head->len] = '\0';
}

static bool is_secret(struct ws_str name)
{
    static const char *const secrets[] = {"Authorization", "Proxy-Authorization", "Cookie",
                                          "Set-Cookie"};
    for (size_t i = 0; i < sizeof secrets / sizeof *secrets; i++)
        if (ws_str_equal_case(name, secrets[i]))
            return true;
    return false;
}

static void add_header(struct head *head, struct ws_str name, struct ws_str value)
{
    add(head, "; ", 2);
    add(head, name.p, name.len);
    add(head, ": ", 2);
    if (is_secret(name))
        add(head, "***", 3);
    else
        add(head, value.p, value.len);
}

void wire_trace_request(const struct log *log, uint64_t conn, const struct ws_request *request,
                        const char *target)
{
    struct head head = {.len = 0};
    add(&head, request->method.p, request->method.len);
    add(&head, " ", 1);
    add(&head, target, strlen(target));
    add(&head, request->head->minor ? " HTTP/1.1" : " HTTP/1.0", 9);
    for (size_t i = 0; i < request->head->count; i++)
        add_header(&head, ws_http_name(request->head, request->buffer, i),
                   ws_http_value(request->head, request->buffer, i));
    log_line(log, WS_LOG_DEBUG, conn, "head", "in: %s", head.text);
}

/* An answer's head of `len` bytes, which we have written. */
static void log_answer(const struct log *log, uint64_t conn, const char *text, size_t len)
{
    struct head head = {.len = 0};
    size_t line = strcspn(text, "\r");
    add(&head, text, line);
    for (const char *at = text + line + 2; at + 2 < text + len; at += line + 2) {
        line = strcspn(at, "\r");
        const char *colon = memchr(at, ':', line);
        if (colon && colon + 2 <= at + line)
            add_header(&head, (struct ws_str){at, (size_t)(colon - at)},
                       (struct ws_str){colon + 2, line - (size_t)(colon - at) - 2});
    }
    log_line(log, WS_LOG_DEBUG, conn, "head", "out: %s", head.text);
}

/* --- frames --- */

static void log_frame(const struct log *log, uint64_t conn, const char *direction,
                      struct fragments *message, const struct ws_frame *frame)
{
    struct log_field fields[FIELDS_MAX];
    size_t n = 0;
    fields[n++] = log_word("dir", direction);
    n += last_frames_fields(frame, fields + n);
    if (!ws_opcode_is_control(frame->opcode)) {
        if (frame->opcode != WS_OP_CONTINUATION)
            *message = (struct fragments){0};
        message->count++;
        message->total += frame->length;
        if (!frame->fin || message->count > 1) {
            fields[n++] = log_number("fragment", message->count);
            fields[n++] = log_number("total", message->total);
        }
    }
    log_fields(log, WS_LOG_DEBUG, conn, "frame", fields, n, "%s", "");
}

static const char *name_of(const struct ws_event *event)
{
    switch (event->type) {
    case WS_EVENT_MESSAGE:
    case WS_EVENT_CHUNK:
        return event->opcode == WS_OP_TEXT ? "text" : "binary";
    case WS_EVENT_PING:
        return "ping";
    case WS_EVENT_PONG:
        return "pong";
    case WS_EVENT_CLOSE:
        return event->clean ? "close" : NULL;
    case WS_EVENT_ERROR:
        return event->len > 0 ? "text before the error" : NULL;
    default:
        return NULL;
    }
}

static void log_payload(const struct log *log, uint64_t conn, const char *direction,
                        const struct ws_event *event)
{
    char hex[3 * WIRE_TRACE_PAYLOAD + 1] = "", code[32] = "";
    const char *name = name_of(event);
    const uint8_t *data = event->data;
    const size_t whole = event->len;
    size_t len = whole < WIRE_TRACE_PAYLOAD ? whole : WIRE_TRACE_PAYLOAD;
    if (!name)
        return;
    if (event->type == WS_EVENT_ERROR)
        data += whole - len; /* its end, next to the offending byte */
    if (event->type == WS_EVENT_CLOSE)
        snprintf(code, sizeof code, ", code %u", event->code);
    hex_format(data, len, ' ', hex, sizeof hex);
    const struct log_field fields[] = {log_word("dir", direction), log_number("len", whole),
                                       log_word("hex", hex),
                                       log_text("text", (const char *)data, len)};
    log_fields(log, WS_LOG_DEBUG, conn, "payload", fields, 4, "%s%s%s", name, code,
               len < whole ? ", cut" : "");
}

void wire_trace_frame(struct wire_trace **trace, const struct log *log, const struct ws_conn *conn,
                      const struct ws_frame *frame)
{
    struct wire_trace *t = trace_of(trace);
    if (t)
        log_frame(log, ws_conn_id(conn), "in", &t->in, frame);
}

void wire_trace_payload(const struct log *log, const struct ws_conn *conn,
                        const struct ws_event *event)
{
    log_payload(log, ws_conn_id(conn), "in", event);
}

/* --- what is sent --- */

struct sent_context {
    struct wire_trace *trace;
    const struct log *log;
    uint64_t conn;
    bool payloads;
};

static void on_sent(void *context, const struct ws_event *event)
{
    const struct sent_context *sent = context;
    if (event->type == WS_EVENT_FRAME)
        log_frame(sent->log, sent->conn, "out", &sent->trace->out, event->frame);
    else if (sent->payloads)
        log_payload(sent->log, sent->conn, "out", event);
}

void wire_trace_sent(struct wire_trace **trace, const struct log *log, const struct ws_conn *conn,
                     const struct ws_out *out, bool frames, bool payloads)
{
    struct wire_trace *t = trace_of(trace);
    frames = frames && ws_conn_upgraded(conn);
    uint8_t *bytes = t && (!t->answered || frames) ? sent_reader_copy(out) : NULL;
    if (!bytes)
        return;
    size_t head = t->answered ? 0 : sent_reader_head(bytes, out->bytes);
    if (head > 0)
        log_answer(log, ws_conn_id(conn), (const char *)bytes, head);
    t->answered |= head > 0;
    if (frames && head < out->bytes) {
        if (!t->reading)
            sent_reader_begin(&t->reader, conn, true, false);
        t->reading = true;
        sent_reader_feed(&t->reader, bytes + head, out->bytes - head, on_sent,
                         &(struct sent_context){t, log, ws_conn_id(conn), payloads});
    }
    free(bytes);
}

void wire_trace_free(struct wire_trace *trace)
{
    if (!trace)
        return;
    if (trace->reading)
        sent_reader_free(&trace->reader);
    free(trace);
}
