#include "cmd/common/options/target_hint.h"

#include "cmd/common/hex.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

enum { QUOTED_MAX = 40 };

const char *target_hint_connect(const struct target *t, enum ws_error error,
                                char text[TARGET_HINT_MAX])
{
    bool tried_default =
        error == WS_E_CONNECT && !t->url.has_port && !t->url.unix_path && !t->proxy.host;
    text[0] = '\0';
    if (tried_default)
        snprintf(text, TARGET_HINT_MAX, " (port %u is the default; the URL names none)",
                 (unsigned)t->url.port);
    return text;
}

const char *target_hint_tls(enum ws_tls_rejection rejection)
{
    switch (rejection) {
    case WS_TLS_REJECTED_ISSUER:
        return " (--ca=FILE names an authority to trust; for tests only, -k, --insecure, accepts "
               "any certificate)";
    case WS_TLS_REJECTED_NAME:
        return " (--tls-domain=NAME checks it against another name)";
    case WS_TLS_REJECTED_OURS:
        return " (--cert=FILE and --key=FILE are what this client shows)";
    case WS_TLS_REJECTED_NOT:
        break;
    }
    return "";
}

static const char *header_sent(const struct target *t, const char *name)
{
    for (size_t i = 0; i < t->request_header_count; i++)
        if (strcasecmp(t->request_headers[i].name, name) == 0)
            return t->request_headers[i].value;
    return NULL;
}

/* Has the origin a path, if only "/"? No browser sends such a one (RFC 6454 7). */
static bool has_path(const char *origin)
{
    const char *host = origin ? strstr(origin, "://") : NULL;
    return host && strchr(host + 3, '/');
}

const char *target_hint_status(const struct target *t, unsigned status)
{
    if (status == 403 && has_path(header_sent(t, "Origin")))
        return " (an origin has no path, not even a final slash: --origin=http://HOST:PORT)";
    if (status != 401)
        return "";
    if (header_sent(t, "Authorization"))
        return " (it does not accept the credentials that were given)";
    return " (it wants credentials: --auth=USER:PASSWORD or --bearer=TOKEN)";
}

/* --- what is no HTTP --- */

/* Servers that speak first begin with one of these. */
static const struct {
    const char *begin, *protocol;
} others[] = {
    {"SSH-", "SSH"},  {"220 ", "SMTP or FTP"}, {"220-", "SMTP or FTP"}, {"+OK", "POP3"},
    {"* OK", "IMAP"}, {"RFB ", "VNC (RFB)"},   {"-ERR", "Redis"},       {"-DENIED", "Redis"},
};

/* Of TLS records: an alert, with which servers answer a request without TLS, or a handshake. */
static bool is_tls(const struct ws_event *event)
{
    return event->error == WS_E_HTTP_TLS || (event->len > 0 && event->data[0] == 0x15);
}

/* Quotes the first line of what the server sent. */
static void quote(const struct ws_event *event, char text[TARGET_ANSWER_MAX])
{
    size_t len = 0;
    while (len < event->len && len < QUOTED_MAX && event->data[len] != '\r' &&
           event->data[len] != '\n')
        len++;
    int begun = snprintf(text, TARGET_ANSWER_MAX, "the server does not speak HTTP: it sent '");
    size_t used = (size_t)begun;
    used += hex_escape(event->data, len, 0, text + used, TARGET_ANSWER_MAX - used - 1, NULL);
    memcpy(text + used, "'", 2);
}

const char *target_hint_answer(const struct ws_event *event, char text[TARGET_ANSWER_MAX])
{
    const struct ws_error_info *info = ws_error_info(event->error);
    const char *data = (const char *)event->data;
    if (info->category != WS_CAT_UPGRADE || event->response)
        return info->explanation;
    if (is_tls(event))
        return "the server speaks TLS at this port: write wss://";
    if (event->len <= 1)
        return event->error == WS_E_HTTP_SYNTAX && event->offset == 0
                   ? "the server does not speak HTTP"
                   : info->explanation;
    if (event->len >= 5 && memcmp(data, "HTTP/", 5) == 0)
        return info->explanation;
    for (size_t i = 0; i < sizeof others / sizeof others[0]; i++) {
        size_t len = strlen(others[i].begin);
        if (event->len >= len && memcmp(data, others[i].begin, len) == 0) {
            snprintf(text, TARGET_ANSWER_MAX, "the server does not speak HTTP, but %s",
                     others[i].protocol);
            return text;
        }
    }
    quote(event, text);
    return text;
}
