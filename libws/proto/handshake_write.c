#include <ws/handshake.h>

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

enum { REFUSAL_HEADERS_MAX = 32 };

/* Seconds: long enough for another connection to have ended. */
static const char RETRY_AFTER[] = "1";

bool ws_header_valid(const char *name, const char *value)
{
    return ws_http_is_token((struct ws_str){name, strlen(name)}) &&
           ws_http_is_value((struct ws_str){value, strlen(value)});
}

static bool headers_valid(const struct ws_header *headers, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (!ws_header_valid(headers[i].name, headers[i].value ? headers[i].value : ""))
            return false;
    return true;
}

/* A head is counted first (`at` is NULL) and then written, whole or not at all. */
struct text {
    char *at;
    size_t len;
};

static void put_n(struct text *t, const char *s, size_t len)
{
    if (t->at)
        memcpy(t->at + t->len, s, len);
    t->len += len;
}

static void put(struct text *t, const char *s)
{
    put_n(t, s, strlen(s));
}

static void put_header(struct text *t, const char *name, const char *value)
{
    put(t, name);
    put(t, ": ");
    put(t, value);
    put(t, "\r\n");
}

static void put_headers(struct text *t, const struct ws_header *headers, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (headers[i].value)
            put_header(t, headers[i].name, headers[i].value);
}

static void build_accept(struct text *t, const char *accept, const struct ws_acceptance *a)
{
    put(t, "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n");
    if (accept[0])
        put_header(t, "Sec-WebSocket-Accept", accept);
    if (a && a->date)
        put_header(t, "Date", a->date);
    if (a && a->subprotocol)
        put_header(t, "Sec-WebSocket-Protocol", a->subprotocol);
    if (a && a->extensions)
        put_header(t, "Sec-WebSocket-Extensions", a->extensions);
    if (a)
        put_headers(t, a->headers, a->header_count);
    put(t, "\r\n");
}

enum ws_error ws_handshake_write_accept(struct ws_out *out, struct ws_str key,
                                        const struct ws_acceptance *acceptance)
{
    char accept[WS_ACCEPT_LEN + 1] = "";
    if (acceptance && (!headers_valid(acceptance->headers, acceptance->header_count) ||
                       (acceptance->subprotocol &&
                        !ws_header_valid("Sec-WebSocket-Protocol", acceptance->subprotocol))))
        return WS_E_ARGUMENT;
    if (key.len > 0 && !ws_handshake_accept(key.p, key.len, accept))
        return WS_E_INTERNAL;
    struct text t = {0};
    build_accept(&t, accept, acceptance);
    t.at = (char *)ws_out_reserve(out, t.len);
    if (!t.at)
        return WS_E_NO_MEMORY;
    t.len = 0;
    build_accept(&t, accept, acceptance);
    return WS_OK;
}

const char *ws_http_status_name(unsigned status)
{
    static const struct {
        unsigned status;
        const char *name;
    } names[] = {
        {101, "Switching Protocols"},
        {200, "OK"},
        {204, "No Content"},
        {206, "Partial Content"},
        {301, "Moved Permanently"},
        {302, "Found"},
        {304, "Not Modified"},
        {307, "Temporary Redirect"},
        {308, "Permanent Redirect"},
        {400, "Bad Request"},
        {401, "Unauthorized"},
        {403, "Forbidden"},
        {404, "Not Found"},
        {405, "Method Not Allowed"},
        {408, "Request Timeout"},
        {412, "Precondition Failed"},
        {413, "Content Too Large"},
        {416, "Range Not Satisfiable"},
        {421, "Misdirected Request"},
        {426, "Upgrade Required"},
        {429, "Too Many Requests"},
        {431, "Request Header Fields Too Large"},
        {500, "Internal Server Error"},
        {501, "Not Implemented"},
        {502, "Bad Gateway"},
        {503, "Service Unavailable"},
        {504, "Gateway Timeout"},
        {505, "HTTP Version Not Supported"},
    };
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        if (names[i].status == status)
            return names[i].name;
    return "Status";
}

static bool has_header(const struct ws_http_answer *a, const char *name)
{
    for (size_t i = 0; i < a->header_count; i++)
        if (strcasecmp(a->headers[i].name, name) == 0)
            return true;
    return false;
}

static void build_answer(struct text *t, const struct ws_http_answer *a)
{
    char line[64];
    snprintf(line, sizeof line, "HTTP/1.1 %u ", a->status);
    put(t, line);
    put(t, ws_http_status_name(a->status));
    put(t, "\r\nConnection: close\r\n");
    if (a->date)
        put_header(t, "Date", a->date);
    if (a->status == 426) {
        /* RFC 9110 15.5.22 requires Upgrade there; 4.4 the version that is supported. */
        put_header(t, "Upgrade", "websocket");
        put_header(t, "Sec-WebSocket-Version", "13");
    }
    if (a->status == 405 && !has_header(a, "Allow"))
        put_header(t, "Allow", "GET");
    put_headers(t, a->headers, a->header_count);
    if (a->body_len > 0 || a->content_type)
        put_header(t, "Content-Type",
                   a->content_type ? a->content_type : "text/plain; charset=utf-8");
    /* In a 304 it would be the length of a body that is not sent; a 204 must not have it (RFC 9110
     * 8.6). */
    bool bodiless = a->status == 204 || a->status == 304;
    if (!bodiless) {
        snprintf(line, sizeof line, "Content-Length: %" PRIu64 "\r\n", a->body_len);
        put(t, line);
    }
    put(t, "\r\n");
    if (!a->head_only && !bodiless && a->body && a->body_len > 0)
        put_n(t, a->body, a->body_len);
}

enum ws_error ws_handshake_write_answer(struct ws_out *out, const struct ws_http_answer *answer)
{
    if (answer->status < 200 || answer->status > 999 ||
        !headers_valid(answer->headers, answer->header_count) ||
        (answer->content_type && !ws_header_valid("Content-Type", answer->content_type)))
        return WS_E_ARGUMENT;
    struct text t = {0};
    build_answer(&t, answer);
    t.at = (char *)ws_out_reserve(out, t.len);
    if (!t.at)
        return WS_E_NO_MEMORY;
    t.len = 0;
    build_answer(&t, answer);
    return WS_OK;
}

enum ws_error ws_handshake_write_refusal(struct ws_out *out, enum ws_error why,
                                         const struct ws_header *headers, size_t header_count,
                                         const char *date, bool head_only)
{
    const struct ws_error_info *info = ws_error_info(why);
    bool secret = info->category == WS_CAT_ACCESS;
    bool again = info->http_status == 503 || info->http_status == 429;
    char body[160];
    struct ws_header all[REFUSAL_HEADERS_MAX + 2] = {{"X-WebSocket-Error", info->explanation}};
    if (header_count > REFUSAL_HEADERS_MAX)
        return WS_E_ARGUMENT;
    if (header_count > 0)
        memcpy(all + 1, headers, header_count * sizeof *headers);
    for (size_t i = 0; i < header_count; i++)
        again = again && strcasecmp(headers[i].name, "Retry-After") != 0;
    if (again)
        all[1 + header_count++] = (struct ws_header){"Retry-After", RETRY_AFTER};
    int len =
        snprintf(body, sizeof body, "%s\n", secret ? "the request was refused" : info->explanation);
    struct ws_http_answer answer = {.status = info->http_status ? info->http_status : 500,
                                    .headers = secret ? all + 1 : all,
                                    .header_count = header_count + !secret,
                                    .date = date,
                                    .body = body,
                                    .body_len = (size_t)len,
                                    .head_only = head_only};
    return ws_handshake_write_answer(out, &answer);
}

/* True if the caller has a header of this name, which replaces or removes ours. */
static bool overridden(const struct ws_request_options *o, const char *name)
{
    for (size_t i = 0; i < o->header_count; i++)
        if (strcasecmp(o->headers[i].name, name) == 0)
            return true;
    return false;
}

static void put_default(struct text *t, const struct ws_request_options *o, const char *name,
                        const char *value)
{
    if (!overridden(o, name))
        put_header(t, name, value);
}

static void build_request(struct text *t, const char *key, const struct ws_request_options *o)
{
    put(t, "GET ");
    put(t, o->target ? o->target : "/");
    put(t, " HTTP/1.1\r\n");
    put_default(t, o, "Host", o->host);
    put_default(t, o, "Upgrade", "websocket");
    put_default(t, o, "Connection", "Upgrade");
    put_default(t, o, "Sec-WebSocket-Key", key);
    put_default(t, o, "Sec-WebSocket-Version", "13");
    if (o->subprotocols && o->subprotocols[0] && !overridden(o, "Sec-WebSocket-Protocol")) {
        put(t, "Sec-WebSocket-Protocol: ");
        for (const char *const *p = o->subprotocols; *p; p++) {
            put(t, p == o->subprotocols ? "" : ", ");
            put(t, *p);
        }
        put(t, "\r\n");
    }
    if (o->extensions)
        put_default(t, o, "Sec-WebSocket-Extensions", o->extensions);
    put_headers(t, o->headers, o->header_count);
    put(t, "\r\n");
}

enum ws_error ws_handshake_write_request(struct ws_out *out, const char *key,
                                         const struct ws_request_options *options)
{
    const char *target = options->target ? options->target : "/";
    if (!options->host || !ws_header_valid("Host", options->host) || target[0] == '\0' ||
        !headers_valid(options->headers, options->header_count))
        return WS_E_ARGUMENT;
    for (const char *c = target; *c; c++)
        if (*c <= 0x20 || *c >= 0x7F)
            return WS_E_ARGUMENT;
    for (const char *const *p = options->subprotocols; p && *p; p++)
        if (!ws_http_is_token((struct ws_str){*p, strlen(*p)}))
            return WS_E_ARGUMENT;

    struct text t = {0};
    build_request(&t, key, options);
    t.at = (char *)ws_out_reserve(out, t.len);
    if (!t.at)
        return WS_E_NO_MEMORY;
    t.len = 0;
    build_request(&t, key, options);
    return WS_OK;
}
