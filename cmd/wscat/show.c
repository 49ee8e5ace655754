#include "cmd/wscat/show.h"

#include "cmd/common/exit.h"
#include "cmd/common/hex.h"
#include "cmd/common/record.h"
#include "cmd/common/units.h"
#include "libws/tls/tls.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

void show_init(struct show *show, const struct settings *settings, struct output *output)
{
    *show = (struct show){.settings = settings, .output = output};
    show->escape = isatty(STDOUT_FILENO);
}

void show_free(struct show *show)
{
    json_free(&show->json);
}

/* --- records --- */

static struct record begin_record(const struct show *show, enum record_direction direction,
                                  enum record_type type)
{
    return (struct record){
        .utc_us = units_now_utc(),
        .elapsed_us = show->opened_us ? ws_clock_us() - show->opened_us : 0,
        .direction = direction,
        .type = type,
    };
}

static void write_record(struct show *show, const struct record *record)
{
    record_write(&show->json, record);
    if (show->json.failed)
        exit_die(WS_EXIT_FAILURE, "out of memory");
    output_write(show->output, show->json.data, show->json.len);
    json_clear(&show->json);
}

static void record_data(struct show *show, enum record_direction direction, enum record_type type,
                        const void *data, size_t len)
{
    struct record record = begin_record(show, direction, type);
    record.data = data;
    record.len = len;
    write_record(show, &record);
}

static void record_close(struct show *show, enum record_direction direction, unsigned code,
                         const char *reason, size_t reason_len, bool clean)
{
    struct record record = begin_record(show, direction, RECORD_CLOSE);
    record.close.code = code;
    record.close.reason = reason;
    record.close.reason_len = reason_len;
    record.close.clean = clean;
    write_record(show, &record);
}

static void record_event(struct show *show, const struct ws_event *event)
{
    struct record record;
    switch (event->type) {
    case WS_EVENT_MESSAGE:
        record_data(show, RECORD_IN, event->opcode == WS_OP_TEXT ? RECORD_TEXT : RECORD_BINARY,
                    event->data, event->len);
        break;
    case WS_EVENT_PING:
        record_data(show, RECORD_IN, RECORD_PING, event->data, event->len);
        break;
    case WS_EVENT_PONG:
        record_data(show, RECORD_IN, RECORD_PONG, event->data, event->len);
        break;
    case WS_EVENT_CLOSE:
        record_close(show, RECORD_IN, event->code, (const char *)event->data, event->len,
                     event->clean);
        break;
    case WS_EVENT_ERROR:
        record = begin_record(show, RECORD_IN, RECORD_ERROR);
        record.error.error = event->error;
        record.error.offset = event->offset;
        record.error.has_offset = true;
        write_record(show, &record);
        break;
    default:
        break;
    }
}

/* --- messages --- */

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

static void show_message(struct show *show, const struct ws_event *event)
{
    bool whole = event->type == WS_EVENT_MESSAGE || event->last;
    if (show->escape)
        write_escaped(show, event->data, event->len);
    else
        output_write(show->output, event->data, event->len);
    /* --binary prints the bytes only, without a newline. */
    if (whole && (!show->settings->binary || show->escape))
        output_write(show->output, "\n", 1);
}

/* --- for people --- */

static void show_frame(const struct ws_frame *frame)
{
    exit_warn("< %s%s, %" PRIu64 " bytes%s", ws_opcode_name(frame->opcode),
              frame->fin ? "" : " (to be continued)", frame->length,
              frame->masked ? ", masked" : "");
}

/* -vvv: the payload's first bytes, sixteen a line. */
static void show_payload(const char *arrow, const void *data, size_t len)
{
    enum { LINE = 16, LINES = 64 };
    char hex[3 * LINE + 1];
    const uint8_t *bytes = data;
    for (size_t at = 0; at < len; at += LINE) {
        if (at == LINE * LINES) {
            exit_warn("%s ... and %zu bytes more", arrow, len - at);
            return;
        }
        hex_format(bytes + at, len - at < LINE ? len - at : LINE, ' ', hex, sizeof hex);
        exit_warn("%s %06zx  %s", arrow, at, hex);
    }
}

/* Text from the peer, escaped for a terminal and cut. */
static const char *quote(const void *data, size_t len, char *text, size_t size)
{
    size_t used;
    text[0] = '\0';
    if (len > 0)
        hex_escape(data, len, 0, text, size, &used);
    return text;
}

static void say_close(const struct ws_event *event)
{
    char reason[4 * WS_CLOSE_REASON_MAX + 1];
    quote(event->data, event->len, reason, sizeof reason);
    exit_warn("closed by the server: %u (%s)%s%s", event->code, ws_close_name(event->code),
              reason[0] ? ": " : "", reason);
}

/* False for an ordinary close, and for an echo of our own close code. */
static bool is_news(const struct show *show, const struct ws_event *event)
{
    if (!event->clean || show->settings->common.quiet)
        return false;
    if (show->settings->common.verbose > 0)
        return true;
    if (show->closing && event->code == show->settings->close_code)
        return false;
    return exit_code_for_close(event->code, true) != WS_EXIT_OK || event->len > 0;
}

void show_event(struct show *show, const struct ws_event *event)
{
    unsigned verbose = show->settings->common.verbose;
    if (show->settings->jsonl)
        record_event(show, event);
    if (verbose >= 3)
        show_payload("<", event->data, event->len);
    switch (event->type) {
    case WS_EVENT_MESSAGE:
    case WS_EVENT_CHUNK:
        if (!show->settings->jsonl)
            show_message(show, event);
        break;
    case WS_EVENT_CLOSE:
        if (is_news(show, event))
            say_close(event);
        break;
    case WS_EVENT_FRAME:
        show_frame(event->frame);
        break;
    default:
        break;
    }
}

void show_sent(struct show *show, unsigned opcode, const void *data, size_t len)
{
    if (show->settings->jsonl)
        record_data(show, RECORD_OUT, opcode == WS_OP_TEXT ? RECORD_TEXT : RECORD_BINARY, data,
                    len);
    if (show->settings->common.verbose >= 2)
        exit_warn("> %s, %zu bytes", ws_opcode_name(opcode), len);
    if (show->settings->common.verbose >= 3)
        show_payload(">", data, len);
}

void show_close_sent(struct show *show, unsigned code, const char *reason)
{
    show->closing = true;
    if (show->settings->jsonl)
        record_close(show, RECORD_OUT, code, reason, reason ? strlen(reason) : 0, true);
    if (show->settings->common.verbose > 0)
        exit_warn("closing: %u (%s)", code, ws_close_name(code));
}

static void show_head(const struct ws_response *response)
{
    char name[256], value[1024];
    exit_warn("< HTTP/1.%u %u %s", response->head->minor, response->status,
              quote(response->reason.p, response->reason.len, value, sizeof value));
    for (uint32_t i = 0; i < response->head->count; i++) {
        struct ws_str n = ws_http_name(response->head, response->buffer, i);
        struct ws_str v = ws_http_value(response->head, response->buffer, i);
        exit_warn("< %s: %s", quote(n.p, n.len, name, sizeof name),
                  quote(v.p, v.len, value, sizeof value));
    }
}

/* A NUL-terminated copy, or NULL for an empty string. */
static char *copy(struct ws_str s)
{
    char *text = s.len ? strndup(s.p, s.len) : NULL;
    if (s.len && !text)
        exit_die(WS_EXIT_FAILURE, "out of memory");
    return text;
}

void show_tls(const struct ws_tls *tls)
{
    char peer[256];
    ws_tls_peer(tls, peer, sizeof peer);
    exit_warn("< %s, %s%s; %s%s", ws_tls_version(tls), ws_tls_cipher(tls),
              ws_tls_resumed(tls) ? ", resumed" : "",
              peer[0] ? "certificate of " : "no certificate", peer);
}

void show_connected(const struct show *show)
{
    const struct ws_proxy *proxy = &show->settings->target.proxy;
    if (proxy->host && show->settings->common.verbose > 0)
        exit_warn(strchr(proxy->host, ':') ? "through the proxy [%s]:%u"
                                           : "through the proxy %s:%u",
                  proxy->host, proxy->port);
}

void show_open(struct show *show, const struct ws_event *event)
{
    const struct ws_response *response = event->response;
    show->opened_us = ws_clock_us();
    if (show->settings->common.verbose > 0)
        show_head(response);
    if (!show->settings->jsonl)
        return;
    char *subprotocol = copy(response->subprotocol), *extensions = copy(response->extensions);
    char url[1024];
    const struct ws_url *u = &show->settings->target.url;
    if (u->unix_path)
        snprintf(url, sizeof url, "%s+unix:%s:%s", u->secure ? "wss" : "ws", u->unix_path,
                 u->target);
    else
        snprintf(url, sizeof url, "%s://%s%s", u->secure ? "wss" : "ws", u->authority, u->target);
    struct record_timing timing = {.dns = show->times.resolve_us,
                                   .tcp = show->times.connect_us,
                                   .proxy = show->times.proxy_us ? show->times.proxy_us : -1,
                                   .tls = show->tls_us,
                                   .upgrade = show->upgrade_us};
    struct record record = begin_record(show, RECORD_IN, RECORD_OPEN);
    record.open.url = url;
    record.open.status = response->status;
    record.open.subprotocol = subprotocol;
    record.open.extensions = extensions;
    record.open.timing = &timing;
    write_record(show, &record);
    free(subprotocol);
    free(extensions);
}

/* Prints the first lines of a refusal's body if it is text. */
static void show_body(struct ws_str body)
{
    char text[4 * WS_RESPONSE_BODY_MAX + 1];
    size_t begin = 0;
    for (int lines = 0; lines < 10 && begin < body.len; lines++) {
        const char *newline = memchr(body.p + begin, '\n', body.len - begin);
        size_t end = newline ? (size_t)(newline - body.p) : body.len;
        size_t len = end - begin;
        if (len > 0 && body.p[begin + len - 1] == '\r')
            len--;
        if (len > 0)
            exit_warn("  %s", quote(body.p + begin, len, text, sizeof text));
        begin = end + 1;
    }
}

void show_refusal(const struct ws_event *event)
{
    const struct ws_error_info *info = ws_error_info(event->error);
    const struct ws_response *response = event->response;
    char section[32], text[512];
    ws_error_section(event->error, section, sizeof section);
    if (event->error == WS_E_STATUS) {
        exit_warn("the server refused the upgrade: HTTP status %u %s", response->status,
                  quote(response->reason.p, response->reason.len, text, sizeof text));
        int location = ws_http_find(response->head, response->buffer, "Location", 0);
        if (location >= 0) {
            struct ws_str to = ws_http_value(response->head, response->buffer, (size_t)location);
            exit_warn("  it redirects to %s", quote(to.p, to.len, text, sizeof text));
        }
        show_body(response->body);
    } else if (response && response->cause) {
        exit_warn("%s (%s): %s", info->explanation, section, response->cause);
    } else if (!response && event->offset == 0 && event->error == WS_E_HTTP_SYNTAX) {
        exit_warn("the server does not speak HTTP (%s)", section);
    } else {
        exit_warn("%s (%s)", info->explanation, section);
    }
}

void show_violation(const struct ws_event *event)
{
    char section[32];
    exit_warn("protocol error at byte %" PRIu64 ": %s (%s)", event->offset,
              ws_error_info(event->error)->explanation,
              ws_error_section(event->error, section, sizeof section));
}
