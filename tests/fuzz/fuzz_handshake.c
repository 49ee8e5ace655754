/*
 * Validation of a request or response with a valid head, and of the lists in its headers. The first
 * byte chooses: bit 0 response, bit 1 the rest is only a list of extensions. An accepted request
 * must be answered, and our client must accept the response.
 */
#include "tests/fuzz/fuzz.h"
#include <ws/handshake.h>

#define KEY "dGhlIHNhbXBsZSBub25jZQ=="

static void check_extensions(const char *text, size_t len)
{
    struct ws_str list = {text, len}, name, params;
    size_t count = 0;
    while (ws_extension_next(&list, &name, &params) == WS_EXTENSION_FOUND) {
        CHECK(ws_http_is_token(name));
        CHECK(name.p >= text && name.p + name.len <= text + len);
        CHECK(params.len == 0 || (params.p[0] == ';' && params.p + params.len <= text + len));
        CHECK(++count <= len);
    }
}

static char *flatten(const struct ws_out *out)
{
    char *text = malloc(out->bytes + 1);
    size_t at = 0;
    CHECK(text);
    for (size_t i = 0; i < out->count; i++) {
        memcpy(text + at, ws_out_span_data(out, i), out->spans[i].len);
        at += out->spans[i].len;
    }
    text[at] = '\0';
    return text;
}

/* A client that sent this key must accept our 101 for an accepted request. */
static void check_accepted(const struct ws_request *request)
{
    struct ws_out out = {0};
    struct ws_http_head head;
    struct ws_response response;
    char key[WS_KEY_LEN + 1];
    CHECK(request->key.len == WS_KEY_LEN);
    memcpy(key, request->key.p, WS_KEY_LEN);
    key[WS_KEY_LEN] = '\0';
    CHECK(ws_handshake_write_accept(&out, request->key, NULL) == WS_OK);
    char *text = flatten(&out);
    ws_http_init(&head, true, WS_HTTP_RESPONSE_MAX);
    CHECK(ws_http_parse(&head, text, out.bytes) == WS_OK);
    CHECK(ws_handshake_read_response(&head, text, key, NULL, &response) == WS_OK);
    free(text);
    ws_out_free(&out);
}

static void check_refused(enum ws_error fault)
{
    const struct ws_error_info *info = ws_error_info(fault);
    CHECK(info->category == WS_CAT_UPGRADE && info->http_status >= 400);
}

static void check_request(const struct ws_http_head *head, const char *buffer)
{
    static const char *const offered[] = {"chat", "superchat", NULL};
    struct ws_request request;
    struct ws_str rest, one;
    int cursor = 0;
    enum ws_error fault = ws_handshake_read_request(head, buffer, &request);
    CHECK(fault == request.violation && fault != WS_MORE);
    while (ws_request_subprotocol(&request, &cursor, &rest, &one))
        CHECK(one.len > 0 && one.p >= buffer && one.p + one.len <= buffer + head->length);
    const char *chosen = ws_request_choose_subprotocol(&request, offered);
    CHECK(!chosen || chosen == offered[0] || chosen == offered[1]);
    if (fault == WS_OK)
        check_accepted(&request);
    else
        check_refused(fault);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size < 1)
        return 0;
    uint8_t mode = data[0];
    data++;
    size--;
    char *buffer = malloc(size ? size : 1);
    CHECK(buffer);
    memcpy(buffer, data, size);

    if (mode & 2) {
        check_extensions(buffer, size);
        ws_handshake_key_valid((struct ws_str){buffer, size});
    } else {
        struct ws_http_head head;
        ws_http_init(&head, mode & 1, WS_HTTP_REQUEST_MAX);
        if (ws_http_parse(&head, buffer, size) == WS_OK) {
            struct ws_response response;
            if (mode & 1)
                ws_handshake_read_response(&head, buffer, KEY, "chat, superchat", &response);
            else
                check_request(&head, buffer);
        }
    }
    free(buffer);
    return 0;
}
