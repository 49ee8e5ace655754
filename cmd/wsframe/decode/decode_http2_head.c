/* A head of HTTP/2 becomes one of HTTP/1.1, as a gateway would write it: so it is judged by the
 * same rules, without those of the key (RFC 8441 5). */
#include "cmd/wsframe/decode/decode_http2.h"

#include <stdio.h>
#include <string.h>

static const char upgrade[] = "Connection: Upgrade\r\nUpgrade: websocket\r\n";
enum { UPGRADE_FIELDS = 2 };

static bool is(struct ws_str text, const char *what)
{
    return ws_str_equal(text, what);
}

/* Keeps a short value; one that does not fit is none that is known. */
static void keep_short(char *to, size_t size, struct ws_str value)
{
    snprintf(to, size, "%.*s", value.len < size ? (int)value.len : 1, value.len ? value.p : "?");
}

static void add(struct http2_head *head, struct ws_bytes **to, struct ws_str text)
{
    if (text.len == 0)
        return;
    bytes_add(to, text.p, text.len);
    /* What would end a line of HTTP/1.1, and is forbidden in HTTP/2 too (RFC 9113 8.2.1). */
    uint8_t *data = ws_bytes_data(*to) + ws_bytes_len(*to) - text.len;
    for (size_t i = 0; i < text.len; i++)
        if (data[i] == '\r' || data[i] == '\n' || data[i] == '\0') {
            data[i] = ' ';
            head->malformed = true;
        }
}

static size_t size_of(const struct http2_head *head)
{
    return ws_bytes_len(head->fields) + ws_bytes_len(head->path) + ws_bytes_len(head->authority);
}

void decode_http2_field(void *context, struct ws_str name, struct ws_str value)
{
    enum { LINE = 4 }; /* what a line has besides */
    struct http2_head *head = context;
    /* A few bytes of a block may stand for fields of any size: they are counted before they are
     * kept. */
    head->too_large |= size_of(head) + name.len + value.len + LINE > WS_HTTP_RESPONSE_MAX;
    if (head->too_large || head->promised)
        return;
    if (is(name, ":method")) {
        keep_short(head->method, sizeof head->method, value);
    } else if (is(name, ":protocol")) {
        keep_short(head->protocol, sizeof head->protocol, value);
    } else if (is(name, ":status")) {
        keep_short(head->status, sizeof head->status, value);
    } else if (is(name, ":path")) {
        ws_bytes_free(&head->path);
        add(head, &head->path, value);
    } else if (is(name, ":authority")) {
        ws_bytes_free(&head->authority);
        add(head, &head->authority, value);
    } else if (!is(name, ":scheme")) {
        add(head, &head->fields, name);
        bytes_add(&head->fields, ": ", 2);
        add(head, &head->fields, value);
        bytes_add(&head->fields, "\r\n", 2);
    }
}

bool decode_http2_is_websocket(const struct http2_head *head)
{
    return strcmp(head->method, "CONNECT") == 0 && strcmp(head->protocol, "websocket") == 0;
}

void decode_http2_head_clear(struct http2_head *head)
{
    ws_bytes_free(&head->fields);
    ws_bytes_free(&head->path);
    ws_bytes_free(&head->authority);
    *head = (struct http2_head){0};
}

static void put(struct ws_bytes **to, const char *text)
{
    bytes_add(to, text, strlen(text));
}

static void put_bytes(struct ws_bytes **to, struct ws_bytes *bytes)
{
    bytes_add(to, bytes_data(bytes), ws_bytes_len(bytes));
}

/* A head in the form of HTTP/1.1, and what came of reading it. */
struct translation {
    struct ws_bytes *text;
    struct ws_http_head head;
    enum ws_error error;
    bool upgrades; /* it has the lines of the upgrade */
};

/* Its first lines are there; `upgrades`: it asks for a WebSocket, or accepts one. */
static void begin_event(struct decode_event *event, struct decoder *decoder,
                        struct translation *translation, struct http2_head *head, bool response,
                        bool upgrades)
{
    put_bytes(&translation->text, head->fields);
    if (upgrades)
        put(&translation->text, upgrade);
    translation->upgrades = upgrades;
    put(&translation->text, "\r\n");
    ws_http_init(&translation->head, response, WS_HTTP_RESPONSE_MAX);
    translation->head.http2 = true;
    translation->error =
        head->too_large ? WS_E_HTTP_TOO_LARGE
        : head->malformed
            ? WS_E_HTTP_SYNTAX
            : ws_http_parse(&translation->head, (const char *)bytes_data(translation->text),
                            ws_bytes_len(translation->text));
    decode_event_begin(event, decoder, DECODE_HEAD);
    event->wire = bytes_data(translation->text);
    event->wire_len = ws_bytes_len(translation->text);
}

/* The lines of the upgrade, which are not in HTTP/2, are not shown. */
static void emit(struct decoder *decoder, struct decode_event *event,
                 struct translation *translation, enum ws_error violation)
{
    if (violation != WS_OK)
        decode_find(event, violation, event->offset);
    if (event->head && translation->upgrades)
        translation->head.count -= UPGRADE_FIELDS;
    decode_emit(decoder, event);
    ws_bytes_free(&translation->text);
}

void decode_http2_request(struct decoder *decoder, struct http2_head *head)
{
    struct conversation *conversation = decoder->conversation;
    struct translation translation = {0};
    struct decode_event event;
    struct ws_request request;
    put(&translation.text, "GET ");
    put_bytes(&translation.text, head->path);
    put(&translation.text, " HTTP/1.1\r\nHost: ");
    put_bytes(&translation.text, head->authority);
    put(&translation.text, "\r\n");
    begin_event(&event, decoder, &translation, head, false, true);
    conversation->asked = conversation->waiting = true;
    enum ws_error violation = translation.error;
    if (violation == WS_OK) {
        const char *text = (const char *)event.wire;
        event.head = &translation.head;
        violation = ws_handshake_read_request(event.head, text, &request);
        request.method = (struct ws_str){"CONNECT", strlen("CONNECT")};
        event.request = &request;
        decode_keep_request(conversation, &request);
    }
    emit(decoder, &event, &translation, violation);
}

void decode_http2_response(struct decoder *decoder, struct http2_head *head)
{
    struct conversation *conversation = decoder->conversation;
    struct translation translation = {0};
    struct decode_event event;
    struct ws_response response;
    unsigned status = 0;
    for (const char *p = head->status; *p >= '0' && *p <= '9'; p++)
        status = status * 10 + (unsigned)(*p - '0');
    bool accepted = status / 100 == 2;
    char line[64];
    snprintf(line, sizeof line, "HTTP/1.1 %03u %s\r\n", accepted ? 101 : status,
             ws_http_status_name(status));
    put(&translation.text, line);
    begin_event(&event, decoder, &translation, head, true, accepted);
    enum ws_error violation = translation.error;
    conversation->waiting = false;
    if (violation == WS_OK) {
        const char *text = (const char *)event.wire;
        event.head = &translation.head;
        violation = ws_handshake_read_response(
            event.head, text, "", conversation->offered[0] ? conversation->offered : NULL,
            &response);
        response.status = status;
        event.response = &response;
        decode_keep_response(conversation, &response, accepted);
        /* The offered extensions are not recorded, so that this cannot be checked. */
        if (violation == WS_E_EXTENSION_UNSOLICITED)
            violation = WS_OK;
    }
    if (!accepted) {
        /* The body of the refusal is passed over; its end is the stream's. */
        decoder->state = STATE_BODY;
        decoder->body = (struct decode_body){.left = UINT64_MAX - 1, .harmless = true};
    }
    emit(decoder, &event, &translation, violation);
}
