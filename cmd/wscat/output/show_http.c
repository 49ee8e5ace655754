#include "cmd/wscat/output/show_http.h"

#include "cmd/common/exit.h"
#include "cmd/common/options/secret.h"
#include "cmd/common/options/target_hint.h"
#include <ws/tls.h>

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void show_http_tls(const struct ws_tls *tls)
{
    char peer[256];
    ws_tls_peer(tls, peer, sizeof peer);
    exit_warn("< %s, %s%s; %s%s", ws_tls_version(tls), ws_tls_cipher(tls),
              ws_tls_resumed(tls) ? ", resumed" : "",
              peer[0] ? "certificate of " : "no certificate", peer);
}

void show_http_version(const struct settings *settings, const struct ws_conn *conn)
{
    uint64_t carrier;
    uint32_t stream;
    if (!ws_conn_stream(conn, &carrier, &stream)) {
        if (!settings->common.quiet)
            exit_warn("HTTP/2 was not agreed on: connected over HTTP/1.1");
    } else if (settings->common.verbose > 0) {
        exit_warn("< HTTP/2, stream %" PRIu32 "; heads are shown in the form of HTTP/1.1", stream);
    }
}

void show_http_proxy(const struct ws_proxy *proxy)
{
    exit_warn(strchr(proxy->host, ':') ? "through the proxy [%s]:%u" : "through the proxy %s:%u",
              proxy->host, proxy->port);
}

/* A target, or where a redirect leads, may have a token. */
static void show_line(char arrow, const char *line, size_t len)
{
    char *text = secret_without_token(line, len);
    exit_warn("%c %s", arrow, text ? text : "");
    free(text);
}

void show_http_head(char arrow, const char *head, size_t len)
{
    const char *end = head + len;
    while (head < end) {
        const char *line_end = memchr(head, '\n', (size_t)(end - head));
        size_t n = line_end ? (size_t)(line_end - head) : (size_t)(end - head);
        size_t text = n > 0 && head[n - 1] == '\r' ? n - 1 : n;
        const char *colon = memchr(head, ':', text);
        if (text > 0 && colon && target_header_secret(head, (size_t)(colon - head)))
            exit_warn("%c %.*s: [not shown]", arrow, (int)(colon - head), head);
        else if (text > 0)
            show_line(arrow, head, text);
        head += n + (line_end != NULL);
    }
}

void show_http_response(const struct ws_response *response)
{
    const struct ws_http_head *head = response->head;
    show_http_head('<', response->buffer + head->start, head->length - head->start);
}

void show_http_include(struct show *show, const struct ws_response *response)
{
    const struct ws_http_head *head = response->head;
    show_text(show, response->buffer + head->start, head->length - head->start);
}

/* Prints the first lines of a refusal's body if it is text. */
static void show_body(struct ws_str body)
{
    size_t begin = 0;
    for (int lines = 0; lines < 10 && begin < body.len; lines++) {
        const char *newline = memchr(body.p + begin, '\n', body.len - begin);
        size_t end = newline ? (size_t)(newline - body.p) : body.len;
        size_t len = end - begin;
        if (len > 0 && body.p[begin + len - 1] == '\r')
            len--;
        char *text = show_quoted(body.p + begin, len, 0);
        if (len > 0)
            exit_warn("  %s", text);
        free(text);
        begin = end + 1;
    }
}

static void show_status(const struct target *target, const struct ws_response *response)
{
    char *reason = show_quoted(response->reason.p, response->reason.len, 0);
    exit_warn("the server refused the upgrade: HTTP status %u %s%s", response->status, reason,
              target_hint_status(target, response->status));
    free(reason);
    int location = ws_http_find(response->head, response->buffer, "Location", 0);
    if (location >= 0) {
        struct ws_str to = ws_http_value(response->head, response->buffer, (size_t)location);
        char *text = show_quoted(to.p, to.len, 0);
        exit_warn("  it redirects to %s", text);
        free(text);
    }
    show_body(response->body);
}

void show_http_refusal(const struct target *target, const struct ws_event *event)
{
    const struct ws_error_info *info = ws_error_info(event->error);
    const struct ws_response *response = event->response;
    char section[32], text[TARGET_ANSWER_MAX];
    ws_error_section(event->error, section, sizeof section);
    if (event->error == WS_E_STATUS)
        show_status(target, response);
    else if (response && response->cause)
        exit_warn("%s (%s): %s", info->explanation, section, response->cause);
    else
        exit_warn("%s (%s)", target_hint_answer(event, text), section);
}

void show_http_declined(const struct ws_response *response, const char *const *offered,
                        bool compression)
{
    if (offered && offered[0] && response->subprotocol.len == 0)
        exit_warn("the server chose no subprotocol, though %s%s offered", offered[0],
                  offered[1] ? " and others were" : " was");
    if (compression && response->extensions.len == 0)
        exit_warn("the server declined compression");
}
