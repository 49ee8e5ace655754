#include "libws/proto/session_private.h"

#include "libws/proto/deflate_offer.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

void ws_session_free_upgrade(struct ws_session *s)
{
    struct ws_upgrade *up = s->upgrade;
    s->upgrading = false;
    s->deflate = up ? up->deflate : NULL;
    if (!up)
        return;
    free(up->offered);
    free(up->own_key);
    free(up->body);
    ws_bytes_free(&up->bytes);
    free(up);
}

/* The head, once some of it has come, and the body after it. */
static const char *buffer_of(const struct ws_upgrade *up)
{
    return (const char *)ws_bytes_data(up->bytes);
}

/* The key that was sent. */
static const char *key_of(const struct ws_upgrade *up)
{
    return up->own_key ? up->own_key : up->key;
}

/* --- permessage-deflate --- */

static enum ws_error agree(struct ws_session *s, const struct ws_deflate_config *config,
                           const struct ws_deflate_params *params)
{
    struct ws_deflate *deflate = malloc(sizeof *deflate);
    if (!deflate)
        return WS_E_NO_MEMORY;
    ws_deflate_init(deflate, params, s->config->role == WS_ROLE_SERVER, config,
                    s->config->deflate_pool);
    s->upgrade->deflate = deflate;
    return WS_OK;
}

/* True if the caller has its own extensions header: none is added then. */
static bool speaks_of_extensions(const struct ws_header *headers, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (strcasecmp(headers[i].name, "Sec-WebSocket-Extensions") == 0)
            return true;
    return false;
}

/* For a response that is correct but names extensions. */
static enum ws_error judge_extensions(struct ws_session *s, struct ws_upgrade *up)
{
    struct ws_deflate_params params;
    bool agreed;
    if (!up->offered_deflate)
        return WS_E_EXTENSION_UNSOLICITED;
    enum ws_error error =
        ws_deflate_check_response(&up->head, buffer_of(up), &up->deflate_config, &params, &agreed);
    if (error == WS_OK && agreed)
        error = agree(s, &up->deflate_config, &params);
    return error;
}

/* --- reading --- */

void ws_session_over_http2(struct ws_session *s)
{
    s->http2 = true;
    if (s->upgrading && s->upgrade)
        s->upgrade->head.http2 = true;
}

static struct ws_upgrade *need_upgrade(struct ws_session *s)
{
    if (s->upgrade)
        return s->upgrade;
    bool response = s->config->role == WS_ROLE_CLIENT;
    uint32_t max = s->config->max_head;
    if (max == 0)
        max = response ? WS_HTTP_RESPONSE_MAX : WS_HTTP_REQUEST_MAX;
    s->upgrade = calloc(1, sizeof *s->upgrade);
    if (s->upgrade) {
        ws_http_init(&s->upgrade->head, response, max);
        s->upgrade->head.lenient = s->config->lenient;
        s->upgrade->head.http2 = s->http2;
    }
    return s->upgrade;
}

/* Moves `len` bytes of the input to the end of what there is of the head. */
static bool take(struct ws_session *s, struct ws_upgrade *up, size_t len)
{
    if (!ws_bytes_append(&up->bytes, s->in, len))
        return false;
    s->in += len;
    return true;
}

/* Continues reading the head. WS_OK: it is whole, and `in` is after it. */
static enum ws_error read_head(struct ws_session *s, struct ws_upgrade *up, uint64_t *offset)
{
    uint64_t begun = session_offset(s, s->in) - ws_bytes_len(up->bytes);
    size_t len = session_available(s);
    size_t before = ws_bytes_len(up->bytes);
    if (len > up->head.max - before)
        len = up->head.max - before;
    if (len == 0)
        return WS_MORE;
    if (!take(s, up, len))
        return WS_E_NO_MEMORY;
    enum ws_error error = ws_http_parse(&up->head, buffer_of(up), ws_bytes_len(up->bytes));
    *offset = begun + up->head.scanned;
    if (error == WS_OK) {
        s->in -= ws_bytes_len(up->bytes) -
                 up->head.length; /* the bytes after the head stay in the input */
        up->bytes->len = up->head.length;
    }
    return error;
}

enum { CHUNKED_BODY_MAX = 2 * WS_RESPONSE_BODY_MAX /* sizes and extensions of chunks included */ };

/* Bytes of a refusal's body to wait for (RFC 9112 6.3). */
static size_t body_wanted(const struct ws_upgrade *up)
{
    if (up->head.status == 204 || up->head.status == 304)
        return 0;
    if (up->chunked)
        return CHUNKED_BODY_MAX;
    int i = ws_http_find(&up->head, buffer_of(up), "Content-Length", 0);
    size_t length = WS_RESPONSE_BODY_MAX;
    if (i >= 0) {
        struct ws_str value = ws_http_value(&up->head, buffer_of(up), (size_t)i);
        length = 0;
        for (size_t k = 0; k < value.len && length < WS_RESPONSE_BODY_MAX; k++) {
            if (value.p[k] < '0' || value.p[k] > '9')
                return WS_RESPONSE_BODY_MAX;
            length = length * 10 + (size_t)(value.p[k] - '0');
        }
    }
    return length < WS_RESPONSE_BODY_MAX ? length : WS_RESPONSE_BODY_MAX;
}

/* What has come of the body, decoded; `*whole` when no more of it is wanted. */
static struct ws_str body_so_far(struct ws_upgrade *up, bool *whole)
{
    struct ws_str raw = {buffer_of(up) + up->head.length,
                         ws_bytes_len(up->bytes) - up->head.length};
    *whole = ws_bytes_len(up->bytes) >= up->wanted;
    if (!up->chunked)
        return raw;
    size_t len;
    enum ws_error error = ws_http_dechunk(raw.p, raw.len, up->body, WS_RESPONSE_BODY_MAX, &len);
    if (error == WS_E_HTTP_SYNTAX && len == 0) {
        /* No chunks at all: the body is shown as it comes. */
        up->chunked = false;
        return raw;
    }
    /* Of a broken coding, what came before: how much came after depends on how it arrived. */
    *whole |= error != WS_MORE;
    return (struct ws_str){up->body, len};
}

/* A refusal: waits for its body, and then reports both. */
static enum ws_event_type next_refusal(struct ws_session *s, struct ws_event *event)
{
    struct ws_upgrade *up = s->upgrade;
    size_t have = ws_bytes_len(up->bytes);
    size_t missing = up->wanted > have ? up->wanted - have : 0;
    size_t len = session_available(s) < missing ? session_available(s) : missing;
    bool whole;
    if (len > 0 && !take(s, up, len))
        return session_emit_error(s, event, WS_E_NO_MEMORY, session_offset(s, s->in));
    struct ws_str body = body_so_far(up, &whole);
    if (!whole && !s->ended)
        return WS_EVENT_NONE;

    /* The buffer may have moved since the head was read. */
    ws_handshake_read_response(&up->head, buffer_of(up), key_of(up), up->offered, &up->response);
    up->response.body = body;
    event->response = &up->response;
    return session_emit_error(s, event, WS_E_STATUS, 0);
}

static enum ws_event_type begin_refusal(struct ws_session *s, struct ws_event *event)
{
    struct ws_upgrade *up = s->upgrade;
    up->refused = true;
    up->chunked = ws_http_has_token(&up->head, buffer_of(up), "Transfer-Encoding", "chunked");
    if (up->chunked && !(up->body = malloc(WS_RESPONSE_BODY_MAX)))
        return session_emit_error(s, event, WS_E_NO_MEMORY, session_offset(s, s->in));
    up->wanted = ws_bytes_len(up->bytes) + body_wanted(up);
    return next_refusal(s, event);
}

bool ws_session_refused(const struct ws_session *s)
{
    return s->upgrading && s->upgrade && s->upgrade->refused && !s->done;
}

void ws_session_cut_refusal(struct ws_session *s)
{
    if (ws_session_refused(s))
        s->upgrade->wanted = 0;
}

/* With `lenient` a subprotocol "" chooses none, as many servers mean it. */
static enum ws_error judge_response(const struct ws_session *s, struct ws_upgrade *up)
{
    enum ws_error error = ws_handshake_read_response(&up->head, buffer_of(up), key_of(up),
                                                     up->offered, &up->response);
    bool empty = error == WS_E_SUBPROTOCOL_UNSOLICITED && up->response.subprotocol.len == 0;
    return empty && s->config->lenient ? ws_handshake_read_extensions(&up->response) : error;
}

static enum ws_event_type next_response(struct ws_session *s, struct ws_event *event)
{
    struct ws_upgrade *up = s->upgrade;
    if (up->head.status != 101 && up->head.status < 200) {
        /* An interim response (RFC 9110 15.2): the one that counts follows. All of them together
         * cost what one head may. */
        up->interim += up->head.length;
        if (up->interim > up->head.max)
            return session_emit_error(s, event, WS_E_HTTP_TOO_LARGE, session_offset(s, s->in));
        ws_http_init(&up->head, true, up->head.max);
        up->head.lenient = s->config->lenient;
        up->head.http2 = s->http2;
        up->bytes->len = 0;
        return WS_EVENT_NONE;
    }
    enum ws_error error = judge_response(s, up);
    if (error == WS_E_STATUS)
        return begin_refusal(s, event);
    event->response = &up->response;
    if (error == WS_E_EXTENSION_UNSOLICITED)
        error = judge_extensions(s, up);
    if (error != WS_OK)
        return session_emit_error(s, event, error, 0);
    session_move_to(s, WS_STATE_OPEN);
    return session_emit(event, WS_EVENT_OPEN);
}

/* A head that is none: a client may say what the server sent instead. The bytes after the offending
 * one are left out: how many there are depends on how they arrived. */
static enum ws_event_type emit_bad_head(struct ws_session *s, struct ws_event *event,
                                        enum ws_error error, uint64_t offset)
{
    struct ws_upgrade *up = s->upgrade;
    enum ws_event_type type = session_emit_error(s, event, error, offset);
    if (s->config->role == WS_ROLE_CLIENT) {
        size_t have = ws_bytes_len(up->bytes);
        event->data = have > 0 ? ws_bytes_data(up->bytes) : NULL;
        event->len = up->head.scanned < have ? up->head.scanned + 1 : have;
    }
    return type;
}

enum ws_event_type ws_session_next_upgrade(struct ws_session *s, struct ws_event *event)
{
    if (s->request_pending)
        return WS_EVENT_NONE;
    struct ws_upgrade *up = need_upgrade(s);
    if (!up)
        return session_emit_error(s, event, WS_E_NO_MEMORY, session_offset(s, s->in));
    if (up->refused)
        return next_refusal(s, event);

    do {
        uint64_t offset = 0;
        enum ws_error error = read_head(s, up, &offset);
        if (error == WS_MORE)
            break;
        if (error != WS_OK)
            return emit_bad_head(s, event, error, offset);
        if (s->config->role == WS_ROLE_CLIENT) {
            enum ws_event_type type = next_response(s, event);
            if (type != WS_EVENT_NONE || up->refused)
                return type;
        } else {
            ws_handshake_read_request(&up->head, buffer_of(up), &up->request);
            event->request = &up->request;
            s->request_pending = true;
            return session_emit(event, WS_EVENT_REQUEST);
        }
    } while (session_available(s) > 0);

    if (s->ended) {
        enum ws_error why = s->end_error;
        if (why == WS_E_LOST)
            why = WS_E_EOF_IN_HANDSHAKE;
        return session_emit_error(s, event, why, session_offset(s, s->in));
    }
    return WS_EVENT_NONE;
}

const struct ws_request *ws_session_request(const struct ws_session *s)
{
    bool whole =
        s->config->role == WS_ROLE_SERVER && s->upgrading && s->upgrade && s->upgrade->head.done;
    return whole && s->upgrade->request.head ? &s->upgrade->request : NULL;
}

/* --- writing --- */

static enum ws_error join_subprotocols(struct ws_upgrade *up, const char *const *subprotocols)
{
    size_t len = 1;
    free(up->offered);
    up->offered = NULL;
    if (!subprotocols || !subprotocols[0])
        return WS_OK;
    for (const char *const *p = subprotocols; *p; p++)
        len += strlen(*p) + 1;
    up->offered = malloc(len);
    if (!up->offered)
        return WS_E_NO_MEMORY;
    char *at = up->offered;
    for (const char *const *p = subprotocols; *p; p++) {
        at = stpcpy(at, *p);
        *at++ = ',';
    }
    at[-1] = '\0';
    return WS_OK;
}

/* The caller's Sec-WebSocket-Key is sent as it is, and is what the accept is checked against. The
 * caller's Sec-WebSocket-Protocol counts as what was offered. */
static enum ws_error note_own_headers(struct ws_upgrade *up,
                                      const struct ws_request_options *options)
{
    for (size_t i = 0; i < options->header_count; i++) {
        const struct ws_header *header = &options->headers[i];
        bool key = strcasecmp(header->name, "Sec-WebSocket-Key") == 0;
        if (!header->value || (!key && strcasecmp(header->name, "Sec-WebSocket-Protocol") != 0))
            continue;
        char **to = key ? &up->own_key : &up->offered;
        free(*to);
        *to = strdup(header->value);
        if (!*to)
            return WS_E_NO_MEMORY;
    }
    return WS_OK;
}

enum ws_error ws_session_connect(struct ws_session *s, struct ws_out *out,
                                 const struct ws_request_options *options)
{
    uint8_t nonce[16];
    if (s->config->role != WS_ROLE_CLIENT || s->state != WS_STATE_CONNECTING || s->request_sent ||
        s->done)
        return WS_E_STATE;
    struct ws_upgrade *up = need_upgrade(s);
    if (!up)
        return WS_E_NO_MEMORY;
    if (!session_random(s, nonce, sizeof nonce))
        return WS_E_RANDOM;
    ws_handshake_key(nonce, up->key);
    enum ws_error error = join_subprotocols(up, options->subprotocols);
    if (error == WS_OK)
        error = note_own_headers(up, options);
    struct ws_request_options all = *options;
    char offer[WS_DEFLATE_TEXT_MAX];
    all.extensions = NULL;
    up->offered_deflate =
        s->config->deflate && !speaks_of_extensions(options->headers, options->header_count);
    if (up->offered_deflate) {
        up->deflate_config = *s->config->deflate;
        ws_deflate_write_offer(&up->deflate_config, offer);
        all.extensions = offer;
    }
    if (error == WS_OK)
        error = ws_handshake_write_request(out, up->key, &all);
    s->request_sent = error == WS_OK;
    return error;
}

static const char *date_of(const struct ws_session *s)
{
    return s->config->date ? s->config->date(s->config->date_context) : NULL;
}

enum ws_error ws_session_accept(struct ws_session *s, struct ws_out *out,
                                const struct ws_acceptance *acceptance)
{
    if (!s->request_pending || s->done)
        return WS_E_STATE;
    const struct ws_request *request = &s->upgrade->request;
    if (request->violation != WS_OK)
        return request->violation;
    struct ws_str key = {NULL, 0}; /* over HTTP/2 there is none */
    if (!s->http2)
        key = request->key;
    struct ws_acceptance all = acceptance ? *acceptance : (struct ws_acceptance){0};
    struct ws_deflate_params params;
    char answer[WS_DEFLATE_TEXT_MAX];
    bool deflates =
        s->config->deflate && !speaks_of_extensions(all.headers, all.header_count) &&
        ws_deflate_accept(request->head, request->buffer, s->config->deflate, &params, answer);
    all.extensions = deflates ? answer : NULL;
    all.date = date_of(s);
    enum ws_error error = deflates ? agree(s, s->config->deflate, &params) : WS_OK;
    if (error == WS_OK)
        error = ws_handshake_write_accept(out, key, &all);
    if (error != WS_OK) {
        free(s->upgrade->deflate);
        s->upgrade->deflate = NULL;
        return error;
    }
    s->request_pending = false;
    s->announce_open = true;
    session_move_to(s, WS_STATE_OPEN);
    return WS_OK;
}

enum ws_error ws_session_refuse(struct ws_session *s, struct ws_out *out,
                                const struct ws_http_answer *answer)
{
    if (!s->request_pending || s->done)
        return WS_E_STATE;
    struct ws_http_answer final = *answer;
    final.date = date_of(s);
    final.head_only |= ws_str_equal(s->upgrade->request.method, "HEAD");
    enum ws_error error = ws_handshake_write_answer(out, &final);
    if (error != WS_OK)
        return error;
    s->request_pending = false;
    s->done = true;
    session_move_to(s, WS_STATE_CLOSED);
    return WS_OK;
}

/* An error's own HTTP answer. */
enum ws_error ws_session_error_answer(const struct ws_session *s, struct ws_out *out,
                                      enum ws_error why)
{
    bool head_only = s->request_pending && ws_str_equal(s->upgrade->request.method, "HEAD");
    return ws_handshake_write_refusal(out, why, NULL, 0, date_of(s), head_only);
}

enum ws_error ws_session_refuse_with(struct ws_session *s, struct ws_out *out, enum ws_error why,
                                     const struct ws_header *headers, size_t header_count)
{
    if (!s->request_pending || s->done)
        return WS_E_STATE;
    enum ws_error error =
        ws_handshake_write_refusal(out, why, headers, header_count, date_of(s),
                                   ws_str_equal(s->upgrade->request.method, "HEAD"));
    if (error != WS_OK)
        return error;
    s->request_pending = false;
    s->done = true;
    session_move_to(s, WS_STATE_CLOSED);
    return WS_OK;
}

enum ws_error ws_session_refuse_error(struct ws_session *s, struct ws_out *out, enum ws_error why)
{
    if (!s->request_pending)
        return WS_E_STATE;
    return ws_session_fail(s, out, why);
}
