/*
 * The HTTP parser: whole and a few bytes at a time, with the buffer moving between the calls. The
 * first byte chooses request or response, the second the limit, the third the size of a piece.
 */
#include "tests/fuzz/fuzz.h"
#include <ws/http.h>

static void check_str(struct ws_str s, const char *buffer, size_t len)
{
    CHECK(s.p >= buffer && s.len <= len && (size_t)(s.p - buffer) <= len - s.len);
}

static void check_head(const struct ws_http_head *head, const char *buffer)
{
    CHECK(head->done && head->length <= head->max && head->count <= WS_HTTP_HEADERS_MAX);
    CHECK(head->length >= 4 && memcmp(buffer + head->length - 4, "\r\n\r\n", 4) == 0);
    check_str(ws_http_method(head, buffer), buffer, head->length);
    check_str(ws_http_target(head, buffer), buffer, head->length);
    check_str(ws_http_reason(head, buffer), buffer, head->length);
    for (uint32_t i = 0; i < head->count; i++) {
        struct ws_str name = ws_http_name(head, buffer, i), value = ws_http_value(head, buffer, i);
        check_str(name, buffer, head->length);
        check_str(value, buffer, head->length);
        CHECK(ws_http_is_token(name));
        CHECK(ws_http_is_value(value));
        CHECK(ws_str_trim(value).len == value.len);

        struct ws_str list = value, element;
        size_t elements = 0;
        while (ws_http_list_next(&list, &element)) {
            CHECK(element.len > 0);
            check_str(element, value.p, value.len);
            elements++;
        }
        CHECK(elements <= value.len && list.len == 0);
    }
    ws_http_has_token(head, buffer, "Connection", "upgrade");
    int at = ws_http_find(head, buffer, "Host", 0);
    CHECK(at < (int)head->count);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size < 3)
        return 0;
    bool response = data[0] & 1;
    size_t max = data[1] ? data[1] * 64u : WS_HTTP_REQUEST_MAX;
    size_t piece = data[2] ? data[2] : 1;
    data += 3;
    size -= 3;

    struct ws_http_head whole, head;
    char *buffer = malloc(size + 1);
    CHECK(buffer);
    memcpy(buffer, data, size);
    ws_http_init(&whole, response, max);
    enum ws_error wanted = ws_http_parse(&whole, buffer, size);
    CHECK(whole.scanned <= size && whole.scanned <= max);
    if (wanted == WS_OK)
        check_head(&whole, buffer);
    free(buffer);

    enum ws_error got = WS_MORE;
    size_t looked_at = 0;
    ws_http_init(&head, response, max);
    for (size_t len = 0; len < size && got == WS_MORE;) {
        len = size - len < piece ? size : len + piece;
        char *part = malloc(len);
        CHECK(part);
        memcpy(part, data, len);
        uint32_t before = head.scanned;
        got = ws_http_parse(&head, part, len);
        CHECK(head.scanned >= before);
        looked_at += head.scanned - before;
        free(part);
    }
    CHECK(looked_at <= size);
    CHECK(got == wanted);
    if (wanted != WS_MORE)
        CHECK(memcmp(&head, &whole, sizeof head) == 0);
    return 0;
}
