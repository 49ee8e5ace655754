#include "cmd/wsframe/print/print_text.h"

#include "cmd/common/hex.h"
#include "cmd/wsframe/print/annotate.h"
#include "cmd/wsframe/print/diagram.h"
#include "cmd/wsframe/print/text_line.h"
#include <ws/close.h>

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

enum {
    TEXT_SHOWN = 64, /* bytes of a payload shown without -v */
    HEX_SHOWN = 16,
};

static const char dim[] = "\033[2m", red[] = "\033[31m", cyan[] = "\033[36m",
                  magenta[] = "\033[35m", plain[] = "\033[0m";

static const char *paint(const struct printer *printer, const char *color)
{
    return printer->color ? color : "";
}

/* "1 byte", "5 bytes" */
static const char *s(uint64_t count)
{
    return count == 1 ? "" : "s";
}

/* --- the beginning of a line --- */

static char arrow(enum sender sender)
{
    return sender == SENDER_CLIENT ? '>' : sender == SENDER_SERVER ? '<' : '-';
}

/* The path of a URL, which begins with a scheme and a host if it has a path. */
static const char *path_of(const char *url)
{
    const char *host = strstr(url, "://");
    const char *path = host ? strchr(host + strlen("://"), '/') : NULL;
    return path ? path : url;
}

static bool has_name(const struct conversation_info *conversation)
{
    return conversation->recorded && conversation->recorded[0];
}

/* Prints the connection that the next lines belong to, of several or of a capture, and the stream
 * of HTTP/2. */
static void say_conversation(struct printer *printer, const struct conversation_info *conversation)
{
    char a[PACKET_END_TEXT], b[PACKET_END_TEXT];
    bool captured = conversation->captured;
    if ((!captured && !conversation->http2 && conversation->id == 0) ||
        (printer->begun && printer->conversation == conversation->id &&
         printer->stream == conversation->stream))
        return;
    /* The client first. */
    unsigned client = conversation->client_end;
    printf("%s%s", printer->begun ? "\n" : "", paint(printer, dim));
    if (captured)
        printf("connection %" PRIu64 "  %s > %s%s%s%s", conversation->id,
               packet_end_text(&conversation->ends[client], conversation->v6, a),
               packet_end_text(&conversation->ends[!client], conversation->v6, b),
               conversation->tls ? "  " : "", conversation->tls ? conversation->tls : "",
               conversation->http2 ? "  " : "");
    else if (conversation->id > 0)
        printf("connection %" PRIu64 "%s", conversation->id, has_name(conversation) ? "  " : "");
    if (has_name(conversation))
        printer_escaped((const uint8_t *)conversation->recorded, strlen(conversation->recorded));
    if (conversation->http2)
        fputs("HTTP/2", stdout);
    if (conversation->stream > 0) {
        const char *path = path_of(conversation->url);
        printf(" stream %" PRIu32 "  ", conversation->stream);
        printer_escaped((const uint8_t *)path, strlen(path));
    }
    printf("%s\n", paint(printer, plain));
    printer->begun = true;
    printer->conversation = conversation->id;
    printer->stream = conversation->stream;
}

/* "   0.000500  0x0094  > " */
static void begin_line(struct printer *printer, const struct decode_event *event,
                       struct text_line *line)
{
    const struct conversation_info *conversation = event->conversation;
    say_conversation(printer, conversation);
    if (conversation->captured && (event->utc_us || conversation->began_us)) {
        uint64_t us = event->utc_us > conversation->began_us
                          ? (uint64_t)(event->utc_us - conversation->began_us)
                          : 0;
        text_line_string(line, paint(printer, dim));
        text_line_uint(line, us / 1000000, 4);
        text_line_char(line, '.');
        text_line_zeros(line, us % 1000000, 6);
        text_line_string(line, paint(printer, plain));
        text_line_string(line, "  ");
    }
    text_line_string(line, paint(printer, dim));
    text_line_string(line, "0x");
    text_line_hex(line, event->offset, 4);
    text_line_string(line, paint(printer, plain));
    text_line_string(line, "  ");
    text_line_string(line, paint(printer, event->sender == SENDER_CLIENT ? cyan : magenta));
    text_line_char(line, arrow(event->sender));
    text_line_string(line, paint(printer, plain));
    text_line_char(line, ' ');
}

/* --- payloads --- */

/* Are payloads shown to their end? */
static bool shows_all(const struct settings *settings)
{
    return settings->common.verbose || settings->decode.follow;
}

size_t print_text_binary_shown(const struct settings *settings)
{
    return shows_all(settings) ? 0 : HEX_SHOWN;
}

static void put_quoted(const struct printer *printer, struct text_line *line, const uint8_t *data,
                       size_t len)
{
    size_t most = shows_all(printer->settings) ? len : TEXT_SHOWN;
    /* Does not cut inside a character. */
    if (len > most)
        while (most > 0 && (data[most] & 0xC0) == 0x80)
            most--;
    if (most > len)
        most = len;
    text_line_char(line, '"');
    text_line_escaped(line, data, most, HEX_ESCAPE_BACKSLASH);
    text_line_char(line, '"');
    if (most < len)
        text_line_string(line, "...");
}

/* Payloads that a line has no room for, as a dump under it. */
static void put_rows(struct text_line *line, const uint8_t *data, size_t len)
{
    enum { ROW = 16, INDENT = 12, OFFSET_DIGITS = 4 };
    for (size_t row = 0; row < len; row += ROW) {
        size_t n = len - row < ROW ? len - row : ROW;
        text_line_char(line, '\n');
        text_line_padded(line, "", INDENT);
        text_line_hex(line, row, OFFSET_DIGITS);
        text_line_string(line, "  ");
        text_line_bytes(line, data + row, n, ' ');
        text_line_padded(line, "", 3 * (ROW - n) + 2);
        for (size_t i = 0; i < n; i++)
            text_line_char(
                line, (char)(data[row + i] >= 0x20 && data[row + i] < 0x7F ? data[row + i] : '.'));
    }
}

static void put_bytes(const struct printer *printer, struct text_line *line, const uint8_t *data,
                      size_t len)
{
    size_t most = len < HEX_SHOWN ? len : HEX_SHOWN;
    if (len > HEX_SHOWN && shows_all(printer->settings)) {
        put_rows(line, data, len);
        return;
    }
    text_line_bytes(line, data, most, ' ');
    if (most < len)
        text_line_string(line, " ...");
}

/* Is it printable text only? */
static bool is_text(const uint8_t *data, size_t len)
{
    for (size_t i = 0; i < len && i < TEXT_SHOWN; i++)
        if ((data[i] < 0x20 && data[i] != '\t' && data[i] != '\n' && data[i] != '\r') ||
            data[i] == 0x7F)
            return false;
    return ws_utf8_valid(data, len);
}

static void put_payload(const struct printer *printer, const struct decode_event *event,
                        struct text_line *line)
{
    const uint8_t *data = event->payload;
    size_t len = event->len;
    bool masked = printer->decode->keep_mask && event->frame && event->frame->masked;
    if (event->opcode == WS_OP_CLOSE && len >= 2 && !masked) {
        unsigned code = (unsigned)data[0] << 8 | data[1];
        text_line_uint(line, code, 0);
        text_line_string(line, " (");
        text_line_string(line, ws_close_name(code));
        text_line_char(line, ')');
        if (len > 2) {
            text_line_char(line, ' ');
            put_quoted(printer, line, data + 2, len - 2);
        }
        return;
    }
    if (len == 0)
        return;
    bool compressed = event->compressed && !event->inflated;
    if (masked || compressed) {
        text_line_string(line, masked ? "masked: " : "compressed: ");
        put_bytes(printer, line, data, len);
    } else if (event->opcode == WS_OP_TEXT ||
               (event->opcode != WS_OP_BINARY && is_text(data, len))) {
        put_quoted(printer, line, data, len);
    } else {
        put_bytes(printer, line, data, len);
    }
}

/* --- the kinds of lines --- */

/* "text          FIN RSV1" */
static void put_opcode(const struct decode_event *event, struct text_line *line)
{
    const struct ws_frame *frame = event->frame;
    char name[] = "reserved 0x0", flags[] = "FIN RSV1 RSV2 RSV3";
    size_t used = frame->fin ? 3 : 1;
    name[sizeof name - 2] = "0123456789abcdef"[event->opcode & 15];
    if (!frame->fin)
        flags[0] = '-';
    for (unsigned bit = 1; bit <= 3; bit++) {
        if (!(frame->rsv & 8u >> bit))
            continue;
        memcpy(flags + used, " RSV", 4);
        flags[used + 4] = (char)('0' + bit);
        used += 5;
    }
    flags[used] = '\0';
    bool named = strcmp(ws_opcode_name(event->opcode), "reserved") != 0;
    text_line_padded(line, named ? ws_opcode_name(event->opcode) : name, 12);
    text_line_string(line, "  ");
    text_line_padded(line, flags, 8);
}

static void put_frame(const struct printer *printer, const struct decode_event *event,
                      struct text_line *line)
{
    enum { KEY_WIDTH = 14 };
    const struct ws_frame *frame = event->frame;
    size_t width = event->len > 0 ? KEY_WIDTH : 0;
    put_opcode(event, line);
    if (frame->known < 2)
        return;
    if (frame->known < 2u + frame->length_bytes) {
        text_line_string(line, "  length cut off");
        return;
    }
    text_line_char(line, ' ');
    text_line_uint(line, frame->length, 6);
    text_line_string(line, frame->length == 1 ? " byte   " : " bytes  ");
    if (frame->masked && frame->known == frame->header_len) {
        text_line_string(line, "key ");
        text_line_bytes(line, frame->mask_key, 4, 0);
        if (width > 0)
            text_line_string(line, "  ");
    } else {
        text_line_padded(line, frame->masked ? "key cut off" : "no mask", width);
    }
    put_payload(printer, event, line);
}

static void put_message(const struct printer *printer, const struct decode_event *event,
                        struct text_line *line)
{
    text_line_padded(line, ws_opcode_name(event->opcode), 12);
    text_line_string(line, "  ");
    text_line_uint(line, event->len, 6);
    text_line_string(line, " byte");
    text_line_string(line, s(event->len));
    if (event->len > 0)
        text_line_string(line, event->len == 1 ? "   " : "  ");
    put_payload(printer, event, line);
}

static void print_str(struct ws_str text)
{
    printer_escaped((const uint8_t *)text.p, text.len);
}

static void print_headers(const struct decode_event *event)
{
    const char *text = (const char *)event->wire;
    for (size_t i = 0; i < event->head->count; i++) {
        fputs("\n            ", stdout);
        print_str(ws_http_name(event->head, text, i));
        fputs(": ", stdout);
        print_str(ws_http_value(event->head, text, i));
    }
}

static void print_first_line(const struct decode_event *event)
{
    if (event->request && event->conversation->http2) {
        fputs("CONNECT ", stdout);
        print_str(event->request->target);
        fputs(" HTTP/2", stdout);
        return;
    }
    if (event->response && event->conversation->http2) {
        printf("HTTP/2 %u", event->response->status);
        return;
    }
    const uint8_t *end = memchr(event->wire, '\n', event->wire_len);
    size_t len = end ? (size_t)(end - event->wire) : event->wire_len;
    if (len > 0 && event->wire[len - 1] == '\r')
        len--;
    printer_escaped(event->wire, len < 200 ? len : 200);
}

static bool is_acceptance(const struct decode_event *event)
{
    unsigned status = event->response ? event->response->status : 0;
    return status == 101 || (event->conversation->http2 && status / 100 == 2);
}

static void print_head(const struct printer *printer, const struct decode_event *event)
{
    print_first_line(event);
    if (event->request)
        fputs(event->request->upgrade ? "  (asks for a WebSocket)" : "  (asks for no WebSocket)",
              stdout);
    if (is_acceptance(event)) {
        fputs(event->finding_count == 0 ? "  (accepted" : " (must be refused", stdout);
        if (event->response->subprotocol.len > 0) {
            fputs("; subprotocol ", stdout);
            print_str(event->response->subprotocol);
        }
        if (event->response->extensions.len > 0) {
            fputs("; ", stdout);
            print_str(event->response->extensions);
        }
        putchar(')');
    }
    if (event->head && printer->settings->common.verbose)
        print_headers(event);
}

static void print_notice(const struct decode_event *event)
{
    switch (event->notice) {
    case HTTP2_WAS_RESET:
        printf("RST_STREAM %s (%" PRIu64 ")", event->why, event->number);
        break;
    case HTTP2_GOES_AWAY:
        printf("GOAWAY %s (%" PRIu64 "): no new streams after it", event->why, event->number);
        break;
    case HTTP2_OTHERS:
        printf("%" PRIu64 " stream%s of no WebSocket", event->number, s(event->number));
        break;
    case HTTP2_BEYOND:
        printf("%" PRIu64 " WebSocket%s not shown: too many were open at once", event->number,
               s(event->number));
        break;
    }
}

static void print_closed(const struct decode_event *event)
{
    static const char *const missing[] = {
        [END_OF_FRAMES] = "without a close frame",
        [END_OF_ANSWER] = "before the answer to the upgrade",
        [END_OF_REPLY] = "in place of a reply to the close frame",
    };
    printf("%s %s",
           event->reset                  ? "reset"
           : event->conversation->stream ? "end of the stream"
                                         : "end of the connection",
           missing[event->end]);
    if (event->silent_us >= 1000)
        printf(", after %" PRId64 ".%03d s of silence", event->silent_us / 1000000,
               (int)(event->silent_us / 1000 % 1000));
    printf(" (programs say 1006)\n          likely: %s", event->why);
}

static void print_findings(struct printer *printer, const struct decode_event *event, bool indented)
{
    char text[PRINTER_FINDING_MAX];
    const char *indent = indented ? "        " : "";
    for (size_t i = 0; i < event->finding_count; i++) {
        const struct finding *f = &event->findings[i];
        printf("%s%s! %s%s\n", indent, paint(printer, red), printer_finding(f, text),
               paint(printer, plain));
        if (f->cause && (i == 0 || f->cause != f[-1].cause))
            printf("%s  likely: %s\n", indent, f->cause);
    }
}

static void print_missing(const struct printer *printer, const struct decode_event *event)
{
    const struct ws_frame *frame = event->frame;
    printf("        %s! incomplete: ", paint(printer, red));
    if (event->type == DECODE_HEAD)
        fputs("the head does not end", stdout);
    else if (frame->known < 2)
        fputs("1 byte of the header is present, at least 1 is missing", stdout);
    else if (frame->known < frame->header_len)
        printf("%u of %u bytes of the header are present, %u %s missing", frame->known,
               frame->header_len, (unsigned)(frame->header_len - frame->known),
               frame->header_len - frame->known == 1 ? "is" : "are");
    else
        printf("%zu of %" PRIu64 " bytes of the payload are present, %" PRIu64 " %s missing",
               event->wire_len - frame->known, frame->length, event->missing,
               event->missing == 1 ? "is" : "are");
    printf("%s\n", paint(printer, plain));
    if (!event->conversation->captured && frame && frame->known == frame->header_len &&
        event->missing > (1u << 20) && event->missing > 100 * (uint64_t)event->wire_len)
        puts("          likely: not the beginning of a frame, so that the length is meaningless");
}

/* What follows the beginning of a line that is of no frame or message. */
static void print_other(const struct printer *printer, const struct decode_event *event)
{
    switch (event->type) {
    case DECODE_HEAD:
        print_head(printer, event);
        break;
    case DECODE_HTTP2:
        print_notice(event);
        break;
    case DECODE_CLOSED:
        print_closed(event);
        break;
    case DECODE_LOST:
        printf("%s%" PRIu64 " byte%s: %s%s", paint(printer, event->harmless ? dim : red),
               event->lost, s(event->lost), event->why ? event->why : "not read",
               paint(printer, plain));
        break;
    case DECODE_FRAME:
    case DECODE_MESSAGE:
    case DECODE_END:
        break;
    }
    putchar('\n');
}

static void print_line(struct printer *printer, const struct decode_event *event)
{
    struct text_line line;
    line.len = 0;
    begin_line(printer, event, &line);
    if (event->type == DECODE_FRAME || event->type == DECODE_MESSAGE) {
        if (event->type == DECODE_FRAME)
            put_frame(printer, event, &line);
        else
            put_message(printer, event, &line);
        text_line_char(&line, '\n');
        text_line_write(&line);
    } else {
        text_line_write(&line);
        print_other(printer, event);
    }
}

void print_text(struct printer *printer, const struct decode_event *event, bool wanted)
{
    if (!wanted) {
        if (event->finding_count > 0 || event->missing > 0)
            say_conversation(printer, event->conversation);
        /* Where messages are shown, one that is not whole is a frame. */
        if (event->missing > 0 && event->type == DECODE_FRAME)
            print_line(printer, event);
        print_findings(printer, event, true);
        if (event->missing > 0)
            print_missing(printer, event);
        return;
    }
    print_line(printer, event);
    if (event->inflate_problem)
        printf("        not inflated: %s\n", event->inflate_problem);
    print_findings(printer, event, true);
    if (event->missing > 0)
        print_missing(printer, event);
    if (event->type == DECODE_FRAME && printer->settings->decode.diagram)
        diagram(event);
    if (event->type == DECODE_FRAME && printer->settings->decode.bytes)
        annotate(event);
}
