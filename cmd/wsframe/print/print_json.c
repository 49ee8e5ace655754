#include "cmd/wsframe/print/print_json.h"

#include "cmd/common/exit.h"
#include "cmd/common/hex.h"
#include "cmd/common/record/record.h"
#include "cmd/common/units.h"
#include <ws/close.h>

#include <stdio.h>
#include <stdlib.h>

static void write_out(struct printer *printer)
{
    if (printer->json.failed)
        exit_die(WS_EXIT_FAILURE, "out of memory");
    if (printer->json.len > 0)
        fwrite(printer->json.data, 1, printer->json.len, stdout);
    json_clear(&printer->json);
}

/* --- the document --- */

/* The document is written piecewise around the events, which need not be kept until the end. */
void print_json_begin(struct printer *printer)
{
    struct json *json = &printer->json;
    json_begin_object(json);
    json_member_uint(json, "v", 1);
    json_member_string(json, "input", printer->input);
    json_member_string(json, "form", form_word(printer->form));
    json_end_object(json);
    json->len--; /* drops the closing brace: more members follow */
    write_out(printer);
    fputs(",\"events\":[", stdout);
}

void print_json_end(struct printer *printer)
{
    const struct decode *decode = printer->decode;
    struct json *json = &printer->json;
    fputs(printer->begun ? "\n]," : "],", stdout);
    json_begin_object(json);
    json_member_uint(json, "frames", decode->frames);
    json_member_uint(json, "violations", decode->violations);
    json_member_uint(json, "incomplete", decode->incomplete);
    json_end_object(json);
    json_newline(json);
    if (printer->json.failed)
        exit_die(WS_EXIT_FAILURE, "out of memory");
    fwrite(json->data + 1, 1, json->len - 1, stdout); /* skips the opening brace */
    json_clear(json);
}

static void write_findings(struct json *json, const struct decode_event *event)
{
    char section[64];
    json_key(json, "violations");
    json_begin_array(json);
    for (size_t i = 0; i < event->finding_count; i++) {
        const struct finding *finding = &event->findings[i];
        const struct ws_error_info *info = ws_error_info(finding->error);
        json_begin_object(json);
        json_member_string(json, "name", info->name);
        json_member_string(json, "section",
                           ws_error_section(finding->error, section, sizeof section));
        json_member_string(json, "explanation", info->explanation);
        json_member_uint(json, "offset", finding->offset);
        json_member_string(json, "likely", finding->cause);
        json_end_object(json);
    }
    json_end_array(json);
}

static void write_payload(struct json *json, const struct decode_event *event, bool masked)
{
    json_member_uint(json, "len", event->len);
    json_payload(json, event->payload ? event->payload : (const uint8_t *)"", event->len);
    if (event->compressed)
        json_member_bool(json, "compressed", true);
    if (event->inflated)
        json_member_bool(json, "inflated", true);
    if (event->inflate_problem)
        json_member_string(json, "not_inflated", event->inflate_problem);
    if (event->opcode == WS_OP_CLOSE && event->len >= 2 && event->missing == 0 && !masked) {
        unsigned code = (unsigned)event->payload[0] << 8 | event->payload[1];
        json_member_uint(json, "code", code);
        json_member_text(json, "reason", event->payload + 2, event->len - 2);
    }
}

static void write_frame(struct json *json, const struct decode_event *event, bool keep_mask)
{
    const struct ws_frame *frame = event->frame;
    size_t header = frame->known;
    char hex[2 * WS_HEADER_MAX + 1];
    json_member_bool(json, "fin", frame->fin);
    json_member_uint(json, "rsv", frame->rsv);
    json_member_uint(json, "opcode", frame->opcode);
    hex_format(event->wire, header, 0, hex, sizeof hex);
    json_member_string(json, "header", hex);
    if (frame->known >= 2) {
        json_member_bool(json, "masked", frame->masked);
        json_member_uint(json, "length_bits", frame->length_bytes ? 8u * frame->length_bytes : 7);
    }
    if (frame->known == frame->header_len && frame->known >= 2) {
        if (frame->masked) {
            hex_format(frame->mask_key, 4, 0, hex, sizeof hex);
            json_member_string(json, "key", hex);
        }
        json_member_uint(json, "length", frame->length);
    }
    write_payload(json, event, keep_mask && frame->masked);
}

static void write_head(struct json *json, const struct decode_event *event)
{
    const char *text = (const char *)event->wire;
    if (event->request) {
        json_member_text(json, "method", event->request->method.p, event->request->method.len);
        json_member_text(json, "target", event->request->target.p, event->request->target.len);
    }
    if (event->response) {
        json_member_uint(json, "status", event->response->status);
        json_member_text(json, "reason", event->response->reason.p, event->response->reason.len);
    }
    json_key(json, "headers");
    json_begin_array(json);
    for (size_t i = 0; event->head && i < event->head->count; i++) {
        struct ws_str name = ws_http_name(event->head, text, i);
        struct ws_str value = ws_http_value(event->head, text, i);
        json_begin_array(json);
        json_text(json, name.p, name.len);
        json_text(json, value.p, value.len);
        json_end_array(json);
    }
    json_end_array(json);
}

void print_json(struct printer *printer, const struct decode_event *event, bool wanted)
{
    static const char *const names[] = {"head", "frame", "message", "lost", "closed", "http2"};
    static const char *const notices[] = {"reset", "goaway", "others", "beyond"};
    static const char *const ends[] = {"close", "answer", "reply"};
    struct json *json = &printer->json;
    char time[UNITS_TEXT_MAX];
    if (!wanted && event->finding_count == 0 && event->missing == 0)
        return;
    json_begin_object(json);
    json_member_string(json, "event", names[event->type]);
    if (event->conversation->captured || event->conversation->id > 0)
        json_member_uint(json, "conn", event->conversation->id);
    if (event->conversation->recorded && event->conversation->recorded[0])
        json_member_string(json, "recorded", event->conversation->recorded);
    if (event->conversation->captured)
        json_member_uint(json, "packet", event->packet);
    if (event->utc_us)
        json_member_string(json, "t", units_format_utc(event->utc_us, time, sizeof time));
    if (event->conversation->stream > 0)
        json_member_uint(json, "stream", event->conversation->stream);
    json_member_string(json, "from", sender_name(event->sender));
    json_member_uint(json, "offset", event->offset);
    if (event->type == DECODE_LOST) {
        json_member_uint(json, "len", event->lost);
        json_member_string(json, "why", event->why);
        json_end_object(json);
    } else if (event->type == DECODE_HTTP2) {
        bool code = event->notice == HTTP2_WAS_RESET || event->notice == HTTP2_GOES_AWAY;
        json_member_string(json, "what", notices[event->notice]);
        json_member_uint(json, code ? "error" : "count", event->number);
        if (code)
            json_member_string(json, "name", event->why);
        json_end_object(json);
    } else if (event->type == DECODE_CLOSED) {
        json_member_string(json, "instead_of", ends[event->end]);
        json_member_bool(json, "reset", event->reset);
        json_member_uint(json, "silent_us", (uint64_t)event->silent_us);
        json_member_string(json, "likely", event->why);
        json_end_object(json);
    } else {
        if (event->type == DECODE_HEAD) {
            write_head(json, event);
        } else {
            bool named = event->opcode <= WS_OP_BINARY ||
                         (event->opcode >= WS_OP_CLOSE && event->opcode <= WS_OP_PONG);
            json_member_string(json, "type", named ? ws_opcode_name(event->opcode) : "reserved");
            if (event->type == DECODE_FRAME)
                write_frame(json, event, printer->decode->keep_mask);
            else
                write_payload(json, event, false);
        }
        json_member_uint(json, "missing", event->missing);
        write_findings(json, event);
        json_end_object(json);
    }
    fputs(printer->begun ? ",\n" : "\n", stdout);
    printer->begun = true;
    write_out(printer);
}

/* --- records --- */

static struct record begin_record(const struct decode_event *event, enum record_type type)
{
    int64_t began = event->conversation->began_us;
    const char *recorded = event->conversation->recorded, *name = recorded ? recorded : "";
    bool numbered = *name && event->conversation->recorded_is_number;
    return (struct record){
        .utc_us = event->utc_us,
        .elapsed_us = event->utc_us > began ? event->utc_us - began : 0,
        .conn = numbered ? strtoull(name, NULL, 10) : event->conversation->id,
        .conn_name = *name && !numbered ? name : NULL,
        .stream = event->conversation->stream,
        .direction = event->sender == SENDER_SERVER ? RECORD_IN : RECORD_OUT,
        .type = type,
    };
}

/* A NUL-terminated copy for the record, cut to `size`. */
static const char *copy(struct ws_str text, char *to, size_t size)
{
    if (text.len == 0)
        return NULL;
    snprintf(to, size, "%.*s", (int)(text.len < size ? text.len : size - 1), text.p);
    return to;
}

static void record_open(struct printer *printer, const struct decode_event *event)
{
    char subprotocol[256], extensions[1024];
    struct record record = begin_record(event, RECORD_OPEN);
    record.open.url = event->conversation->url[0] ? event->conversation->url : NULL;
    record.open.status = event->response->status;
    record.open.subprotocol = copy(event->response->subprotocol, subprotocol, sizeof subprotocol);
    record.open.extensions = copy(event->response->extensions, extensions, sizeof extensions);
    record_write(&printer->json, &record);
}

static void record_message(struct printer *printer, const struct decode_event *event)
{
    struct record record = begin_record(event, RECORD_BINARY);
    const uint8_t *data = event->payload;
    if (event->compressed && !event->inflated) { /* what it says is not known */
        record = begin_record(event, RECORD_ERROR);
        record.error.error = WS_E_INFLATE;
        record.error.offset = event->offset;
        record.error.has_offset = true;
        record_write(&printer->json, &record);
        return;
    }
    record.data = data;
    record.len = event->len;
    switch (event->opcode) {
    case WS_OP_TEXT:
        record.type = RECORD_TEXT;
        break;
    case WS_OP_PING:
        record.type = RECORD_PING;
        break;
    case WS_OP_PONG:
        record.type = RECORD_PONG;
        break;
    case WS_OP_CLOSE:
        record.type = RECORD_CLOSE;
        record.close.clean = true;
        record.close.code = WS_CLOSE_NO_CODE;
        if (event->len >= 2) {
            record.close.code = (unsigned)data[0] << 8 | data[1];
            record.close.reason = (const char *)data + 2;
            record.close.reason_len = event->len - 2;
        }
        break;
    case WS_OP_BINARY:
    case WS_OP_CONTINUATION: /* its beginning is not in the input */
        break;
    default:
        return; /* the violation was reported already */
    }
    record_write(&printer->json, &record);
}

void print_jsonl(struct printer *printer, const struct decode_event *event, bool wanted)
{
    for (size_t i = 0; i < event->finding_count; i++) {
        struct record record = begin_record(event, RECORD_ERROR);
        record.error.error = event->findings[i].error;
        record.error.offset = event->findings[i].offset;
        record.error.has_offset = true;
        record_write(&printer->json, &record);
    }
    if (wanted && event->type == DECODE_HEAD && event->response)
        record_open(printer, event);
    if (wanted && event->type == DECODE_MESSAGE)
        record_message(printer, event);
    if (wanted && event->type == DECODE_CLOSED && event->end == END_OF_FRAMES) {
        struct record record = begin_record(event, RECORD_CLOSE);
        record.close.code = WS_CLOSE_ABNORMAL;
        record_write(&printer->json, &record);
    }
    write_out(printer);
}
