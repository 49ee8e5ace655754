#include "libws/http2/http2_private.h"

#include <ws/handshake.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Of a head that is larger than its limit so many bytes more are kept that a session finds out,
 * even if what HTTP/2 writes more of is taken off. */
enum { BEYOND_LIMIT = 256 };

/* --- receiving: fields become lines --- */

void ws_http2_head_free(struct ws_http2_stream *stream)
{
    struct ws_http2_head *head = stream->head;
    if (!head)
        return;
    ws_bytes_free(&head->method);
    ws_bytes_free(&head->path);
    ws_bytes_free(&head->authority);
    ws_bytes_free(&head->protocol);
    ws_bytes_free(&head->status);
    ws_bytes_free(&head->cookies);
    ws_bytes_free(&head->fields);
    free(head);
    stream->head = NULL;
}

static bool is(const nghttp2_vec *name, const char *what)
{
    return name->len == strlen(what) && memcmp(name->base, what, name->len) == 0;
}

static bool put(struct ws_bytes **to, const char *text)
{
    return ws_bytes_append(to, text, strlen(text));
}

static bool put_bytes(struct ws_bytes **to, struct ws_bytes *bytes)
{
    return !bytes || ws_bytes_append(to, ws_bytes_data(bytes), bytes->len);
}

static bool put_line(struct ws_bytes **to, const nghttp2_vec *name, const nghttp2_vec *value)
{
    return ws_bytes_append(to, name->base, name->len) && put(to, ": ") &&
           ws_bytes_append(to, value->base, value->len) && put(to, "\r\n");
}

/* Where a field goes that is no line of its own; NULL: it is one. */
static struct ws_bytes **place_of(struct ws_http2_head *head, const nghttp2_vec *name)
{
    const struct {
        const char *name;
        struct ws_bytes **place;
    } places[] = {
        {":method", &head->method},       {":path", &head->path},
        {":authority", &head->authority}, {":protocol", &head->protocol},
        {":status", &head->status},       {"cookie", &head->cookies},
    };
    for (size_t i = 0; i < sizeof places / sizeof places[0]; i++)
        if (is(name, places[i].name))
            return places[i].place;
    return NULL;
}

static bool same(struct ws_bytes *bytes, const nghttp2_vec *value)
{
    return ws_bytes_len(bytes) == value->len &&
           (value->len == 0 || memcmp(ws_bytes_data(bytes), value->base, value->len) == 0);
}

bool ws_http2_head_add(struct ws_http2_stream *stream, const nghttp2_vec *name,
                       const nghttp2_vec *value)
{
    struct ws_http2_head *head = stream->head;
    struct ws_bytes **place = place_of(head, name);
    /* One that is there as the authority is not there twice. */
    bool repeated = is(name, "host") && same(head->authority, value);
    if (is(name, ":scheme") || repeated)
        return true;
    head->bytes += name->len + value->len;
    head->too_large = head->bytes > stream->http2->options.max_head + BEYOND_LIMIT;
    if (place == &head->cookies && head->cookies && !put(place, "; "))
        return false;
    return place ? ws_bytes_append(place, value->base, value->len)
                 : put_line(&head->fields, name, value);
}

static bool is_websocket(const struct ws_http2_head *head)
{
    const nghttp2_vec websocket = {(uint8_t *)(uintptr_t) "websocket", 9};
    return head->protocol && same(head->protocol, &websocket);
}

/* `body`: one follows. Its length does not matter, since none is taken. */
static bool put_request(struct ws_bytes **to, const struct ws_http2_head *head, bool body)
{
    bool extended = head->protocol != NULL;
    return (is_websocket(head) ? put(to, "GET") : put_bytes(to, head->method)) && put(to, " ") &&
           put_bytes(to, head->path ? head->path : head->authority) && put(to, " HTTP/1.1\r\n") &&
           (!head->authority ||
            (put(to, "Host: ") && put_bytes(to, head->authority) && put(to, "\r\n"))) &&
           (!extended || (put(to, "Connection: Upgrade\r\nUpgrade: ") &&
                          put_bytes(to, head->protocol) && put(to, "\r\n"))) &&
           (extended || !head->path || !body || put(to, "Transfer-Encoding: chunked\r\n"));
}

static bool put_status(struct ws_bytes **to, const struct ws_http2_head *head, bool upgraded)
{
    char status[4] = "", line[64];
    size_t len = ws_bytes_len(head->status);
    if (upgraded)
        return put(to, "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\n"
                       "Upgrade: websocket\r\n");
    memcpy(status, len ? (const char *)ws_bytes_data(head->status) : "", len < 3 ? len : 3);
    snprintf(line, sizeof line, "HTTP/1.1 %s %s\r\n", status,
             ws_http_status_name((unsigned)strtoul(status, NULL, 10)));
    return put(to, line);
}

bool ws_http2_head_done(struct ws_http2_stream *stream, bool last)
{
    struct ws_http2_head *head = stream->head;
    struct ws_bytes *text = NULL;
    bool server = stream->http2->options.role == WS_ROLE_SERVER, done;
    char first = head->status ? (char)ws_bytes_data(head->status)[0] : '\0';
    if (!server && first == '1') { /* interim: the one that counts follows */
        ws_http2_head_free(stream);
        return true;
    }
    if (server)
        stream->websocket = is_websocket(head);
    done = (server ? put_request(&text, head, !last)
                   : put_status(&text, head, stream->websocket && first == '2')) &&
           (!head->cookies ||
            (put(&text, "Cookie: ") && put_bytes(&text, head->cookies) && put(&text, "\r\n"))) &&
           put_bytes(&text, head->fields) && put(&text, "\r\n") &&
           ws_http2_stream_keep(stream, ws_bytes_data(text), text->len);
    ws_bytes_free(&text);
    ws_http2_head_free(stream);
    stream->head_came = true;
    return done;
}

/* --- sending: lines become fields --- */

/* What HTTP/2 has other means for (8.2.2), and what RFC 8441 does without. */
static bool is_dropped(struct ws_str name)
{
    static const char *const names[] = {"connection",
                                        "upgrade",
                                        "host",
                                        "keep-alive",
                                        "transfer-encoding",
                                        "proxy-connection",
                                        "sec-websocket-key",
                                        "sec-websocket-accept",
                                        "te"};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        if (ws_str_equal_case(name, names[i]))
            return true;
    return false;
}

/* Secrets are kept out of the table of HPACK, where their parts could be guessed (RFC 7541 7.1). */
static bool is_secret(struct ws_str name)
{
    return ws_str_equal(name, "authorization") || ws_str_equal(name, "cookie") ||
           ws_str_equal(name, "set-cookie") || ws_str_equal(name, "proxy-authorization");
}

static nghttp2_nv field(struct ws_str name, struct ws_str value)
{
    return (nghttp2_nv){.name = (uint8_t *)(uintptr_t)name.p,
                        .namelen = name.len,
                        .value = (uint8_t *)(uintptr_t)value.p,
                        .valuelen = value.len,
                        .flags = is_secret(name) ? NGHTTP2_NV_FLAG_NO_INDEX : NGHTTP2_NV_FLAG_NONE};
}

static nghttp2_nv pseudo(const char *name, struct ws_str value)
{
    return field((struct ws_str){name, strlen(name)}, value);
}

static struct ws_str text(const char *p)
{
    return (struct ws_str){p, strlen(p)};
}

static size_t put_request_fields(nghttp2_nv *fields, const struct ws_http2_stream *stream,
                                 const struct ws_http_head *head, const char *buffer)
{
    size_t count = 0;
    int host = ws_http_find(head, buffer, "Host", 0);
    fields[count++] = pseudo(":method", text("CONNECT"));
    fields[count++] = pseudo(":protocol", text("websocket"));
    fields[count++] = pseudo(":scheme", text(stream->http2->options.secure ? "https" : "http"));
    fields[count++] = pseudo(":path", ws_http_target(head, buffer));
    if (host >= 0)
        fields[count++] = pseudo(":authority", ws_http_value(head, buffer, (size_t)host));
    return count;
}

static void lower(char *p, size_t len)
{
    for (size_t i = 0; i < len; i++)
        if (p[i] >= 'A' && p[i] <= 'Z')
            p[i] |= 0x20;
}

static enum ws_error submit(struct ws_http2_stream *stream, const nghttp2_nv *fields, size_t count)
{
    nghttp2_session *session = stream->http2->session;
    const nghttp2_data_provider body = {.read_callback = ws_http2_on_read};
    int result;
    if (stream->http2->options.role == WS_ROLE_SERVER) {
        result = nghttp2_submit_response(session, stream->id, fields, count, &body);
    } else {
        result = nghttp2_submit_request(session, NULL, fields, count, &body, stream);
        stream->id = result > 0 ? result : 0;
    }
    return result >= 0 ? WS_OK : result == NGHTTP2_ERR_NOMEM ? WS_E_NO_MEMORY : WS_E_RESET;
}

enum ws_error ws_http2_head_send(struct ws_http2_stream *stream)
{
    struct ws_http_head head;
    nghttp2_nv fields[WS_HTTP_HEADERS_MAX + 5];
    bool server = stream->http2->options.role == WS_ROLE_SERVER;
    char *buffer = (char *)ws_bytes_data(stream->head_out), status[8];
    size_t count = 0;
    ws_http_init(&head, server, WS_HTTP_RESPONSE_MAX);
    enum ws_error error = ws_http_parse(&head, buffer, stream->head_out->len);
    if (error != WS_OK)
        return error == WS_MORE ? WS_MORE : WS_E_ARGUMENT;
    stream->head_out->len = head.length;
    if (server) {
        snprintf(status, sizeof status, "%u", head.status == 101 ? 200U : head.status);
        fields[count++] = pseudo(":status", text(status));
    } else {
        stream->websocket = true;
        count = put_request_fields(fields, stream, &head, buffer);
    }
    for (size_t i = 0; i < head.count; i++) {
        lower(buffer + head.fields[i].name, head.fields[i].name_len);
        struct ws_str name = ws_http_name(&head, buffer, i);
        if (!is_dropped(name))
            fields[count++] = field(name, ws_http_value(&head, buffer, i));
    }
    return submit(stream, fields, count);
}
