#include "cmd/wsframe/decode/decode_private.h"

#include "cmd/common/exit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

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

/* Does any header of this name mention permessage-deflate? */
static bool names_deflate(const struct ws_http_head *head, const char *text)
{
    for (int i = ws_http_find(head, text, "Sec-WebSocket-Extensions", 0); i >= 0;
         i = ws_http_find(head, text, "Sec-WebSocket-Extensions", i + 1)) {
        struct ws_str list = ws_http_value(head, text, (size_t)i), name, params;
        while (ws_extension_next(&list, &name, &params) == WS_EXTENSION_FOUND)
            if (ws_str_equal_case(name, "permessage-deflate"))
                return true;
    }
    return false;
}

static void judge_request(struct decoder *decoder, struct decode_event *event,
                          struct ws_request *request, const char *text)
{
    struct conversation *conversation = decoder->conversation;
    enum ws_error violation = ws_handshake_read_request(event->head, text, request);
    event->request = request;
    conversation->asked = request->upgrade;
    keep(conversation->key, sizeof conversation->key, request->key);
    int offered = ws_http_find(event->head, text, "Sec-WebSocket-Protocol", 0);
    keep(conversation->offered, sizeof conversation->offered,
         offered < 0 ? (struct ws_str){NULL, 0}
                     : ws_http_value(event->head, text, (size_t)offered));
    snprintf(conversation->info.url, sizeof conversation->info.url, "%s%.*s%.*s",
             request->target.len && request->target.p[0] == '/' ? "ws://" : "",
             (int)request->host.len, request->host.p ? request->host.p : "",
             (int)request->target.len, request->target.p);

    if (violation == WS_E_NOT_AN_UPGRADE && conversation->info.captured) {
        if (conversation->info.kind == KIND_UNKNOWN)
            conversation->info.kind = KIND_HTTP;
        go_on(decoder, STATE_DEAD, NULL);
        return;
    }
    conversation->info.kind = KIND_WEBSOCKET;
    if (violation != WS_OK)
        decode_find(event, violation, event->offset);
    go_on(decoder, STATE_FRAMES, NULL);
    decode_emit(decoder, event);
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
    conversation->deflate = response->status == 101 && names_deflate(event->head, text);
    /* The offered extensions are not recorded, so that this cannot be checked. */
    if (violation == WS_E_EXTENSION_UNSOLICITED)
        violation = WS_OK;
    /* Without the request these cannot be checked. */
    if (!conversation->key[0] &&
        (violation == WS_E_ACCEPT_WRONG || violation == WS_E_SUBPROTOCOL_UNSOLICITED))
        violation = WS_OK;

    if (conversation->info.captured && response->status != 101 && !conversation->asked &&
        !in_between) {
        if (conversation->info.kind == KIND_UNKNOWN)
            conversation->info.kind = KIND_HTTP;
        go_on(decoder, STATE_DEAD, NULL);
        return;
    }
    conversation->info.kind = KIND_WEBSOCKET;
    if (in_between)
        decode_find(event, WS_E_RSV, event->offset);
    if (violation != WS_OK)
        decode_find(event, violation, event->offset);
    if (response->status == 101)
        go_on(decoder, STATE_FRAMES, NULL);
    else
        go_on(decoder, STATE_DEAD, "the body of the HTTP answer");
    decode_emit(decoder, event);
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
    struct decode_event event = decode_event_begin(decoder, DECODE_HEAD);
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
        struct decode_event event = decode_event_begin(decoder, DECODE_HEAD);
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
    struct decode_event event = decode_event_begin(decoder, DECODE_HEAD);
    if (decoder->conversation->info.captured && !decoder->conversation->asked)
        return;
    event.wire = decode_data(decoder);
    event.wire_len = first_line(event.wire, decode_left(decoder));
    event.missing = 1;
    decode_emit(decoder, &event);
    free(decoder->head);
    decoder->head = NULL;
}
