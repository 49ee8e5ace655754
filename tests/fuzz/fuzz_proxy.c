/*
 * What a proxy says, and what people write to name one. The lowest bit of the first byte chooses.
 *
 * Answers: the second bit chooses SOCKS5 or HTTP, the third whether there is a password; the second
 * byte is the size of a piece. A conversation ends, keeps to its bounds, and says why it failed in
 * printable words; with HTTP, where the proxy speaks once, no cut makes a difference.
 * Names: a URL, a list of hosts that go without a proxy and a host, with a NUL between them.
 */
#include "libws/client/proxy.h"
#include "tests/fuzz/fuzz.h"

static void check_failure(const char *failure)
{
    size_t len = strlen(failure);
    CHECK(len > 0 && len < WS_PROXY_FAILURE_MAX);
    for (size_t i = 0; i < len; i++)
        CHECK(failure[i] >= 0x20 && failure[i] < 0x7F);
}

/* Feeds all of `data` in pieces; returns how it ended, WS_MORE if it did not. */
static enum ws_error converse(struct ws_proxy_handshake *handshake, const struct ws_proxy *proxy,
                              const uint8_t *data, size_t size, size_t piece)
{
    size_t len, asked = 0;
    CHECK(ws_proxy_begin(handshake, proxy, "target.example", 443) == WS_OK);
    enum ws_error error = WS_MORE;
    for (size_t at = 0; at < size && error == WS_MORE; at += piece) {
        const uint8_t *due = ws_proxy_output(handshake, &len);
        CHECK(due >= handshake->out &&
              len <= sizeof handshake->out - (size_t)(due - handshake->out));
        asked += len;
        CHECK(asked <= WS_PROXY_OUT_MAX);
        ws_proxy_sent(handshake, len);
        size_t n = size - at < piece ? size - at : piece;
        uint8_t *part = malloc(n);
        CHECK(part);
        memcpy(part, data + at, n);
        error = ws_proxy_feed(handshake, part, n);
        free(part);
        CHECK(handshake->taken <= WS_PROXY_ANSWER_MAX && handshake->in_len <= handshake->taken);
        CHECK(error == WS_OK || error == WS_MORE || error == WS_E_PROXY);
        if (error == WS_OK)
            CHECK(ws_proxy_failure(handshake)[0] == '\0' && handshake->taken == at + n);
    }
    if (error == WS_E_PROXY) {
        check_failure(ws_proxy_failure(handshake));
        ws_proxy_output(handshake, &len);
        CHECK(len == 0);
        CHECK(ws_proxy_feed(handshake, "x", 1) == WS_E_PROXY);
    }
    return error;
}

static void answers(bool socks, bool password, const uint8_t *data, size_t size, size_t piece)
{
    struct ws_proxy proxy = {
        .kind = socks ? WS_PROXY_SOCKS5 : WS_PROXY_HTTP,
        .host = (char[]){"proxy"},
        .port = 1,
        .user = password ? (char[]){"joe"} : NULL,
        .password = password ? (char[]){"sesame"} : NULL,
    };
    struct ws_proxy_handshake *handshake = calloc(1, sizeof *handshake),
                              *whole = calloc(1, sizeof *whole);
    CHECK(handshake && whole);
    enum ws_error error = converse(handshake, &proxy, data, size, piece);
    if (!socks && size > 0) {
        enum ws_error wanted = converse(whole, &proxy, data, size, size);
        /* A piece may end where the answer does; what follows is then not fed here. */
        if (error == WS_OK)
            CHECK(wanted == WS_OK || wanted == WS_E_PROXY);
        else
            CHECK(wanted == error && strcmp(whole->failure, handshake->failure) == 0);
    }
    if (error == WS_MORE) {
        CHECK(ws_proxy_ended(handshake) == WS_E_PROXY);
        check_failure(ws_proxy_failure(handshake));
    }
    ws_proxy_wipe(handshake);
    /* What was fed may say so too; that is not ours to hide. */
    CHECK(!memmem(handshake, sizeof *handshake, "sesame", 6) || memmem(data, size, "sesame", 6));
    free(handshake);
    free(whole);
}

static void names(const uint8_t *data, size_t size)
{
    char *text = malloc(size + 3);
    CHECK(text);
    memcpy(text, data, size);
    memset(text + size, 0, 3);
    const char *url = text, *list = url + strlen(url) + 1;
    if (list > text + size)
        list = text + size;
    const char *host = list + strlen(list) + 1;
    if (host > text + size)
        host = text + size;

    struct ws_proxy proxy;
    const char *wrong = ws_proxy_parse(url, &proxy);
    if (wrong) {
        CHECK(strlen(wrong) > 0 && !proxy.host && !proxy.user && !proxy.password);
    } else {
        struct ws_proxy_handshake *handshake = malloc(sizeof *handshake);
        CHECK(handshake);
        CHECK(strlen(proxy.host) > 0 && strlen(proxy.host) <= 255 && proxy.port > 0);
        CHECK(!proxy.user == !proxy.password);
        CHECK(ws_proxy_begin(handshake, &proxy, "h", 80) == WS_OK);
        free(handshake);
    }
    ws_proxy_free(&proxy);
    bool bypassed = ws_proxy_bypassed(list, host, 80);
    if (strcmp(list, "*") == 0)
        CHECK(bypassed);
    if (list[0] == '\0')
        CHECK(!bypassed);
    free(text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size < 2)
        return 0;
    if (data[0] & 1)
        names(data + 2, size - 2);
    else
        answers(data[0] & 2, data[0] & 4, data + 2, size - 2, data[1] ? data[1] : 1);
    return 0;
}
