#include "cmd/wscat/output/show.h"

#include "cmd/common/exit.h"
#include "cmd/common/hex.h"
#include "cmd/common/units.h"
#include "cmd/wscat/output/pretty.h"
#include "libws/proto/bytes.h"

#include <inttypes.h>
#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const char IN_COLOR[] = "\033[36m", END_COLOR[] = "\033[0m";

void show_init(struct show *show, const struct settings *settings, struct output *output)
{
    bool terminal = isatty(STDOUT_FILENO), escape = terminal && !settings->unescaped;
    *show = (struct show){.settings = settings, .output = output, .escape = escape};
    show->records = (struct records){.wanted = settings->jsonl, .escape = escape, .output = output};
    show->color = color_wanted(settings->common.color, STDOUT_FILENO) &&
                  (terminal || settings->common.color == COLOR_ALWAYS) && !settings->jsonl &&
                  settings->format != FORMAT_RAW;
    show->plain = settings->format == FORMAT_TEXT && !settings->jsonl && !settings->pretty &&
                  settings->timestamps == TIMESTAMPS_NONE && settings->common.verbose < 3 &&
                  !show->escape && !show->color;
}

void show_free(struct show *show)
{
    records_free(&show->records);
    ws_bytes_free(&show->pretty);
}

static bool output_waits(void *output)
{
    return output_pending(output);
}

void show_to_person(struct show *show, struct editor *editor)
{
    show->person = show->records.person = editor;
    if (!editor)
        return;
    show->plain = false;
    editor_set_pending(editor, output_waits, show->output);
    exit_before_message(editor_hide, editor);
}

char *show_quoted(const void *data, size_t len, unsigned flags)
{
    size_t size = HEX_ESCAPE_GROWTH * len + 1;
    char *text = malloc(size);
    if (!text)
        exit_die(WS_EXIT_FAILURE, "out of memory");
    text[0] = '\0';
    if (len > 0)
        hex_escape(data, len, flags, text, size, NULL);
    return text;
}

/* --- messages --- */

static void put(struct show *show, const char *text)
{
    output_write(show->output, text, strlen(text));
}

/* Escapes output to a terminal: a server must not be able to move the cursor or change colours. */
static void write_escaped(struct show *show, const uint8_t *data, size_t len)
{
    char text[4096];
    while (len > 0) {
        size_t used;
        size_t n = hex_escape(data, len, HEX_KEEP_NEWLINE, text, sizeof text, &used);
        output_write(show->output, text, n);
        data += used;
        len -= used;
    }
}

void show_text(struct show *show, const void *data, size_t len)
{
    const uint8_t *text = data, *end;
    editor_hide(show->person);
    if (!show->escape) {
        output_write(show->output, data, len);
        return;
    }
    /* A terminal needs no CR before LF. */
    for (; (end = memmem(text, len, "\r\n", 2)); len -= (size_t)(end + 1 - text), text = end + 1)
        write_escaped(show, text, (size_t)(end - text));
    write_escaped(show, text, len);
}

/* Bytes at the end of `data` that begin a character which is not whole. */
static size_t unfinished(const uint8_t *data, size_t len)
{
    for (size_t back = 1; back <= 3 && back <= len; back++) {
        uint8_t c = data[len - back];
        if ((c & 0xC0) == 0x80)
            continue;
        size_t whole = c >= 0xF0 ? 4 : c >= 0xE0 ? 3 : c >= 0xC0 ? 2 : 1;
        return back < whole ? back : 0;
    }
    return 0;
}

/* A piece of text may end inside of a character, which must be escaped as a whole. */
static void write_piece(struct show *show, const struct ws_event *event, bool whole)
{
    const uint8_t *data = event->data;
    size_t len = event->len;
    while (show->partial_len > 0 && len > 0 && (*data & 0xC0) == 0x80 &&
           show->partial_len < sizeof show->partial) {
        show->partial[show->partial_len++] = *data++;
        len--;
    }
    if (show->partial_len > 0 &&
        (len > 0 || whole || !unfinished(show->partial, show->partial_len))) {
        write_escaped(show, show->partial, show->partial_len);
        show->partial_len = 0;
    }
    size_t rest = whole || show->partial_len > 0 ? 0 : unfinished(data, len);
    write_escaped(show, data, len - rest);
    if (rest > 0) {
        memcpy(show->partial, data + len - rest, rest);
        show->partial_len = rest;
    }
}

static void write_hex(struct show *show, const uint8_t *data, size_t len)
{
    char text[2 * 1024 + 1];
    for (size_t n; len > 0; data += n, len -= n) {
        n = len < 1024 ? len : 1024;
        output_write(show->output, text, hex_format(data, n, 0, text, sizeof text));
    }
}

static void write_base64(struct show *show, const uint8_t *data, size_t len)
{
    enum { STEP = 3 * 512 };
    char text[STEP / 3 * 4 + 1];
    for (size_t n; len > 0; data += n, len -= n) {
        n = len < STEP ? len : STEP;
        int made = EVP_EncodeBlock((unsigned char *)text, data, (int)n);
        output_write(show->output, text, (size_t)made);
    }
}

static void write_payload(struct show *show, const struct ws_event *event, bool whole)
{
    const struct settings *s = show->settings;
    if (s->format == FORMAT_HEX) {
        write_hex(show, event->data, event->len);
        return;
    }
    if (s->format == FORMAT_BASE64) {
        write_base64(show, event->data, event->len);
        return;
    }
    if (s->pretty) {
        ws_bytes_consume(show->pretty, ws_bytes_len(show->pretty));
        if (pretty_json(&show->pretty, (const char *)event->data, event->len)) {
            const uint8_t *text = ws_bytes_data(show->pretty);
            if (show->escape)
                write_escaped(show, text, show->pretty->len);
            else
                output_write(show->output, text, show->pretty->len);
            return;
        }
    }
    if (show->escape)
        write_piece(show, event, whole);
    else
        output_write(show->output, event->data, event->len);
}

static void write_timestamp(struct show *show)
{
    char text[UNITS_TEXT_MAX + 2];
    if (show->settings->timestamps == TIMESTAMPS_ISO) {
        units_format_utc(units_now_utc(), text, UNITS_TEXT_MAX);
    } else {
        int64_t us = ws_clock_us() - show->records.opened_us;
        snprintf(text, sizeof text, "%+.6f", (double)us / 1e6);
    }
    strcat(text, " ");
    put(show, text);
}

bool show_is_raw(const struct show *show)
{
    const struct settings *s = show->settings;
    return s->format == FORMAT_RAW && !s->jsonl && !s->pretty && !s->null_after &&
           s->timestamps == TIMESTAMPS_NONE && s->common.verbose < 3 && !show->escape &&
           !show->color && !show->person;
}

static void show_message(struct show *show, const struct ws_event *event)
{
    const struct settings *s = show->settings;
    bool first = event->type == WS_EVENT_MESSAGE || event->first;
    editor_hide(show->person);
    bool whole = event->type == WS_EVENT_MESSAGE || event->last;
    if (first && show->color)
        put(show, IN_COLOR);
    if (first && show->person)
        put(show, "< ");
    if (first && s->timestamps != TIMESTAMPS_NONE)
        write_timestamp(show);
    write_payload(show, event, whole);
    if (!whole)
        return;
    if (show->color)
        put(show, END_COLOR);
    if (s->null_after)
        output_write(show->output, "", 1);
    else if (s->format != FORMAT_RAW || show->escape)
        put(show, "\n");
}

/* --- for people --- */

static void show_frame(char arrow, const struct ws_frame *frame)
{
    exit_warn("%c %s%s, %" PRIu64 " bytes%s", arrow, ws_opcode_name(frame->opcode),
              frame->fin ? "" : " (to be continued)", frame->length,
              frame->masked ? ", masked" : "");
}

/* -vvv: the payload's first bytes, sixteen a line. */
static void show_payload(char arrow, const void *data, size_t len)
{
    enum { LINE = 16, LINES = 64 };
    char hex[3 * LINE + 1];
    const uint8_t *bytes = data;
    for (size_t at = 0; at < len; at += LINE) {
        if (at == LINE * LINES) {
            exit_warn("%c ... and %zu bytes more", arrow, len - at);
            return;
        }
        hex_format(bytes + at, len - at < LINE ? len - at : LINE, ' ', hex, sizeof hex);
        exit_warn("%c %06zx  %s", arrow, at, hex);
    }
}

static void say_close(const struct show *show, enum record_direction direction,
                      const struct ws_event *event)
{
    char *reason = show_quoted(event->data, event->len, HEX_ESCAPE_TAB), client[40];
    snprintf(client, sizeof client, "client %" PRIu64, show->records.conn);
    exit_warn("%s%s: %u (%s)%s%s",
              direction == RECORD_OUT ? "closing"
              : show->closing         ? "close answered by "
                                      : "closed by ",
              direction == RECORD_OUT ? ""
              : show->records.conn    ? client
                                      : "the server",
              event->code, ws_close_name(event->code), reason[0] ? ": " : "", reason);
    free(reason);
}

/* False for an ordinary close, and for an echo of our own close code. */
static bool is_news(const struct show *show, const struct ws_event *event)
{
    if (!event->clean || show->settings->common.quiet)
        return false;
    if (show->settings->common.verbose > 0)
        return true;
    if (show->closing && event->code == show->closing)
        return false;
    return show->person || show->settings->reconnect ||
           exit_code_for_close(event->code, true) != WS_EXIT_OK || event->len > 0;
}

static void show_control(const struct show *show, char arrow, const char *name,
                         const struct ws_event *event)
{
    if (!show->settings->show_ping_pong)
        return;
    char *payload = show_quoted(event->data, event->len, HEX_ESCAPE_TAB);
    exit_warn("%c %s%s%s", arrow, name, payload[0] ? ": " : "", payload);
    free(payload);
}

void show_round_trip(const struct show *show, int64_t us)
{
    char text[UNITS_TEXT_MAX];
    if (show->settings->show_ping_pong)
        exit_warn("round trip: %s", units_format_duration(us, text, sizeof text));
}

bool show_takes_runs(const struct show *show)
{
    return show->plain;
}

static char end_of_line(const struct show *show)
{
    return show->settings->null_after ? '\0' : '\n';
}

void show_run(struct show *show, const struct ws_event *event, unsigned count)
{
    output_lines(show->output, event->data, event->len, WS_RUN_STEP(event->len), count,
                 end_of_line(show));
}

void show_event(struct show *show, enum record_direction direction, const struct ws_event *event)
{
    unsigned verbose = show->settings->common.verbose;
    char arrow = direction == RECORD_IN ? '<' : '>';
    bool received = direction == RECORD_IN;
    if (show->plain && received && event->type == WS_EVENT_MESSAGE) {
        output_line(show->output, event->data, event->len, end_of_line(show));
        return;
    }
    if (show->records.wanted)
        records_event(&show->records, direction, event);
    if (verbose >= 3)
        show_payload(arrow, event->data, event->len);
    switch (event->type) {
    case WS_EVENT_MESSAGE:
    case WS_EVENT_CHUNK:
        if (!show->settings->jsonl && received)
            show_message(show, event);
        break;
    case WS_EVENT_PING:
        show_control(show, arrow, "ping", event);
        break;
    case WS_EVENT_PONG:
        show_control(show, arrow, "pong", event);
        break;
    case WS_EVENT_CLOSE:
        if (received ? is_news(show, event) : verbose > 0)
            say_close(show, direction, event);
        break;
    case WS_EVENT_FRAME:
        show_frame(arrow, event->frame);
        break;
    default:
        break;
    }
}

void show_closing(struct show *show, unsigned code)
{
    show->closing = code;
}

void show_violation(const struct ws_event *event)
{
    char section[32];
    exit_warn("protocol error at byte %" PRIu64 ": %s (%s)", event->offset,
              ws_error_info(event->error)->explanation,
              ws_error_section(event->error, section, sizeof section));
}
