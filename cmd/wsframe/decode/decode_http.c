#include "cmd/wsframe/decode/decode_private.h"

#include "cmd/common/exit.h"
#include "cmd/common/hex.h"
#include "libws/proto/deflate_offer.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

static const char http_exchange[] = "an HTTP exchange before the upgrade",
                  http_body[] = "the body of an HTTP message";

static bool is_response(const uint8_t *data)
{
    return memcmp(data, "HTTP", 4) == 0;
}

/* Continues in `state` after a head. */
static void go_on(struct decoder *decoder, enum decode_state state, const char *why)
{
    decoder->state = state;
    decoder->why = why;
}

/* Copies a value that the response is compared with; one that does not fit is left out. */
static void keep(char *to, size_t size, struct ws_str text)
{
    if (text.len >= size)
        text.len = 0;
    memcpy(to, text.p ? text.p : "", text.len);
    to[text.len] = '\0';
}

/* Does any header of this name mention permessage-deflate? `*agreed` gets what it says of it. */
static bool names_deflate(const struct ws_http_head *head, const char *text,
                          struct ws_deflate_offer *agreed)
{
    for (int i = ws_http_find(head, text, "Sec-WebSocket-Extensions", 0); i >= 0;
         i = ws_http_find(head, text, "Sec-WebSocket-Extensions", i + 1)) {
        struct ws_str list = ws_http_value(head, text, (size_t)i), name, params;
        while (ws_extension_next(&list, &name, &params) == WS_EXTENSION_FOUND)
            if (ws_str_equal_case(name, "permessage-deflate")) {
                ws_deflate_read_offer(params, true, agreed);
                return true;
            }
    }
    return false;
}

void decode_keep_request(struct conversation *conversation, const struct ws_request *request)
{
    const struct ws_http_head *head = request->head;
    int offered = ws_http_find(head, request->buffer, "Sec-WebSocket-Protocol", 0);
    keep(conversation->key, sizeof conversation->key, request->key);
    keep(conversation->offered, sizeof conversation->offered,
         offered < 0 ? (struct ws_str){NULL, 0}
                     : ws_http_value(head, request->buffer, (size_t)offered));
    snprintf(conversation->info.url, sizeof conversation->info.url, "%s%.*s%.*s",
             request->target.len == 0 || request->target.p[0] != '/' ? ""
             : conversation->info.tls                                ? "wss://"
                                                                     : "ws://",
             (int)request->host.len, request->host.p ? request->host.p : "",
             (int)request->target.len, request->target.p);
}

void decode_keep_response(struct conversation *conversation, const struct ws_response *response,
                          bool accepted)
{
    keep(conversation->info.subprotocol, sizeof conversation->info.subprotocol,
         response->subprotocol);
    keep(conversation->info.extensions, sizeof conversation->info.extensions, response->extensions);
    struct ws_deflate_offer agreed = {0};
    conversation->deflate = accepted && names_deflate(response->head, response->buffer, &agreed);
    conversation->agreed = conversation->deflate;
    conversation->no_takeover[0] = agreed.client_no_takeover;
    conversation->no_takeover[1] = agreed.server_no_takeover;
}

/* --- bodies (RFC 9112 6.3) --- */

static uint64_t content_length(const struct ws_http_head *head, const char *text)
{
    uint64_t length = 0;
    int at = ws_http_find(head, text, "Content-Length", 0);
    struct ws_str value = at < 0 ? (struct ws_str){NULL, 0} : ws_http_value(head, text, (size_t)at);
    for (size_t i = 0; i < value.len && value.p[i] >= '0' && value.p[i] <= '9'; i++)
        if (length < UINT64_MAX / 100)
            length = length * 10 + (unsigned)(value.p[i] - '0');
    return length;
}

/* Continues with the body of the message, and then at the next head. `bare`: it has no body. */
static void expect_body(struct decoder *decoder, const struct ws_http_head *head, const char *text,
                        bool bare, bool harmless)
{
    bool chunked = ws_http_has_token(head, text, "Transfer-Encoding", "chunked");
    decoder->body = (struct decode_body){.harmless = harmless};
    if (bare) {
        decoder->body.left = 0;
    } else if (chunked) {
        decoder->body.part = BODY_CHUNK;
    } else if (ws_http_find(head, text, "Content-Length", 0) >= 0 || !head->response) {
        decoder->body.left = content_length(head, text);
    } else {
        /* Until the server closes; a head in between is looked for in each segment. */
        decoder->body.left = UINT64_MAX;
    }
    decoder->state = STATE_BODY;
    decoder->why = NULL;
}

/* The next line of the chunked coding, of which the size line says how long the chunk is. */
static bool chunk_line(struct decoder *decoder)
{
    enum { LINE_MAX_LEN = 4096 };
    struct decode_body *body = &decoder->body;
    const uint8_t *data = decode_data(decoder);
    size_t len = decode_left(decoder);
    const uint8_t *end = memchr(data, '\n', len < LINE_MAX_LEN ? len : LINE_MAX_LEN);
    if (!end) {
        if (len < LINE_MAX_LEN)
            return false;
        body->part = BODY_PLAIN;
        body->left = UINT64_MAX;
        return true;
    }
    size_t line = (size_t)(end - data) + 1;
    if (body->part == BODY_TRAILER) {
        if (line <= 2)
            body->part = BODY_PLAIN;
    } else {
        uint64_t size = 0;
        for (size_t i = 0; hex_digit((char)data[i]) >= 0; i++)
            if (size < UINT64_MAX / 32)
                size = size << 4 | (unsigned)hex_digit((char)data[i]);
        body->left = size ? size + 2 : 0; /* with the line break after it */
        if (size == 0)
            body->part = BODY_TRAILER;
    }
    skip_bytes(decoder, line, http_body, body->harmless);
    decode_consume(decoder, line);
    return true;
}

bool decode_body(struct decoder *decoder)
{
    struct decode_body *body = &decoder->body;
    size_t len = decode_left(decoder);
    if (body->left > 0) {
        size_t n = body->left < len ? (size_t)body->left : len;
        if (body->left != UINT64_MAX)
            body->left -= n;
        skip_bytes(decoder, n, http_body, body->harmless);
        decode_consume(decoder, n);
        return n > 0;
    }
    if (body->part != BODY_PLAIN)
        return chunk_line(decoder);
    decode_report_skipped(decoder);
    decoder->state = STATE_START;
    decoder->from_start = true;
    return true;
}

/* --- requests and responses --- */

static void set_kind(struct conversation *conversation, enum conversation_kind kind)
{
    if (conversation->info.kind == KIND_UNKNOWN || conversation->info.kind == KIND_HTTP)
        conversation->info.kind = kind;
}

/* Passes over a head that has nothing to do with a WebSocket. */
static void pass_over(struct decoder *decoder, const struct ws_http_head *head, const char *text,
                      bool bare)
{
    set_kind(decoder->conversation, KIND_HTTP);
    skip_bytes(decoder, head->length, http_exchange, true);
    expect_body(decoder, head, text, bare, true);
}

static void judge_request(struct decoder *decoder, struct decode_event *event,
                          struct ws_request *request, const char *text)
{
    struct conversation *conversation = decoder->conversation;
    enum ws_error violation = ws_handshake_read_request(event->head, text, request);
    event->request = request;
    conversation->asked = conversation->waiting = request->upgrade;
    conversation->head_only = ws_str_equal_case(request->method, "HEAD");
    conversation->connect = ws_str_equal_case(request->method, "CONNECT");
    decode_keep_request(conversation, request);

    if (!request->upgrade && conversation->info.captured) {
        pass_over(decoder, event->head, text, conversation->connect);
        return;
    }
    conversation->info.kind = KIND_WEBSOCKET;
    if (violation != WS_OK)
        decode_find(event, violation, event->offset);
    go_on(decoder, STATE_FRAMES, NULL);
    decode_emit(decoder, event);
    if (!request->upgrade)
        expect_body(decoder, event->head, text, false, false);
}

/* A 101 to another protocol: no frames follow. */
static bool is_other_protocol(const struct ws_http_head *head, const char *text, unsigned status)
{
    return status == 101 && ws_http_find(head, text, "Upgrade", 0) >= 0 &&
           !ws_http_has_token(head, text, "Upgrade", "websocket");
}

static bool has_no_body(const struct conversation *conversation, unsigned status)
{
    return status < 200 || status == 204 || status == 304 || conversation->head_only ||
           (conversation->connect && status / 100 == 2);
}

static void judge_response(struct decoder *decoder, struct decode_event *event,
                           struct ws_response *response, const char *text)
{
    struct conversation *conversation = decoder->conversation;
    bool in_between = decoder->frames > 0;
    enum ws_error violation = ws_handshake_read_response(
        event->head, text, conversation->key,
        conversation->offered[0] ? conversation->offered : NULL, response);
    event->response = response;
    decode_keep_response(conversation, response, response->status == 101);
    /* The offered extensions are not recorded, so that this cannot be checked. */
    if (violation == WS_E_EXTENSION_UNSOLICITED)
        violation = WS_OK;
    /* Without the request these cannot be checked. */
    if (!conversation->key[0] &&
        (violation == WS_E_ACCEPT_WRONG || violation == WS_E_SUBPROTOCOL_UNSOLICITED))
        violation = WS_OK;

    if (response->status / 100 == 1 && response->status != 101) {
        /* An interim response (RFC 9110 15.2): the one that counts follows. */
        pass_over(decoder, event->head, text, true);
        return;
    }
    conversation->waiting = false;
    bool other = is_other_protocol(event->head, text, response->status);
    /* A server that does not expect the PROXY protocol may refuse it before the request comes. */
    bool early = conversation->info.proxy_protocol && response->status == 400;
    if (conversation->info.captured && !conversation->asked && !in_between && !early &&
        (response->status != 101 || other)) {
        pass_over(decoder, event->head, text, has_no_body(conversation, response->status));
        /* After the upgrade to h2c (RFC 7540 3.2) both sides begin as with prior knowledge. */
        if (other && !ws_http_has_token(event->head, text, "Upgrade", "h2c"))
            decode_give_up(decoder, KIND_UPGRADED, NULL);
        return;
    }
    conversation->info.kind = KIND_WEBSOCKET;
    if (in_between)
        decode_find(event, WS_E_RSV, event->offset);
    if (violation != WS_OK)
        decode_find(event, violation, event->offset);
    go_on(decoder, STATE_FRAMES, NULL);
    decode_emit(decoder, event);
    if (other)
        decode_give_up(decoder, KIND_WEBSOCKET, "after the upgrade to another protocol");
    else if (response->status != 101)
        expect_body(decoder, event->head, text, has_no_body(conversation, response->status),
                    !in_between);
    decoder->message[SENDER_SERVER].closed = false;
}

/* The length of the first line, for the event of a malformed head. */
static size_t first_line(const uint8_t *data, size_t len)
{
    const uint8_t *end = memchr(data, '\n', len);
    size_t n = end ? (size_t)(end - data) : len;
    return n > 0 && data[n - 1] == '\r' ? n - 1 : n;
}

static void unreadable(struct decoder *decoder, enum ws_error violation, size_t at)
{
    struct conversation *conversation = decoder->conversation;
    struct decode_event event;
    decode_event_begin(&event, decoder, DECODE_HEAD);
    /* The part of the first line before the violation: the rest may be missing. */
    event.wire = decode_data(decoder);
    event.wire_len = first_line(event.wire, at);
    go_on(decoder, STATE_DEAD, "after a malformed HTTP head");
    if (conversation->info.captured && !conversation->asked) {
        conversation->info.kind = KIND_HTTP;
        return;
    }
    decode_find(&event, violation, event.offset + at);
    decode_emit(decoder, &event);
    decode_consume(decoder, event.wire_len);
}

bool decode_http(struct decoder *decoder)
{
    const uint8_t *data = decode_data(decoder);
    size_t len = decode_left(decoder);
    if (!decoder->head) {
        decoder->head = malloc(sizeof *decoder->head);
        if (!decoder->head)
            exit_die(WS_EXIT_FAILURE, "out of memory");
        ws_http_init(decoder->head, is_response(data), WS_HTTP_RESPONSE_MAX);
        decode_assign(decoder, is_response(data) ? SENDER_SERVER : SENDER_CLIENT);
        decoder->sender_known |= decoder->conversation->info.captured;
    }
    enum ws_error result = ws_http_parse(decoder->head, (const char *)data, len);
    if (result == WS_MORE)
        return false;
    if (result == WS_OK) {
        struct decode_event event;
        decode_event_begin(&event, decoder, DECODE_HEAD);
        struct ws_request request;
        struct ws_response response;
        event.head = decoder->head;
        event.wire = data;
        event.wire_len = decoder->head->length;
        if (event.sender == SENDER_UNKNOWN)
            event.sender = decoder->head->response ? SENDER_SERVER : SENDER_CLIENT;
        if (decoder->head->response)
            judge_response(decoder, &event, &response, (const char *)data);
        else
            judge_request(decoder, &event, &request, (const char *)data);
        decode_consume(decoder, decoder->head->length);
    } else {
        unreadable(decoder, result, decoder->head->scanned);
    }
    free(decoder->head);
    decoder->head = NULL;
    return true;
}

void decode_http_cut(struct decoder *decoder)
{
    static const char switching[] = "HTTP/1.1 101 ";
    struct decode_event event;
    decode_event_begin(&event, decoder, DECODE_HEAD);
    if (decoder->conversation->info.captured && !decoder->conversation->asked) {
        if (decode_left(decoder) >= sizeof switching - 1 &&
            memcmp(decode_data(decoder), switching, sizeof switching - 1) == 0)
            decoder->conversation->info.kind = KIND_WEBSOCKET;
        decoder->conversation->head_cut = true;
        return;
    }
    event.wire = decode_data(decoder);
    event.wire_len = first_line(event.wire, decode_left(decoder));
    event.missing = 1;
    decode_emit(decoder, &event);
    free(decoder->head);
    decoder->head = NULL;
}
