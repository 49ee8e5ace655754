/*
 * A proxy's replies, and the names of proxies in options. The lowest bit of the first byte chooses.
 *
 * Replies: the second bit chooses SOCKS5 or HTTP, the third whether there is a password; the second
 * byte is the size of a piece. A handshake ends, stays within its limits, and has a printable error
 * message; with HTTP, where the proxy replies once, the cuts have no effect. Names: a URL, a
 * NO_PROXY list and a host, separated by NUL.
 */
#include "libws/client/proxy.h"
#include "tests/fuzz/fuzz.h"

static void check_fault(const char *fault)
{
    size_t len = strlen(fault);
    CHECK(len > 0 && len < WS_PROXY_FAULT_MAX);
    for (size_t i = 0; i < len; i++)
        CHECK(fault[i] >= 0x20 && fault[i] < 0x7F);
}

/* Feeds all of `data`, in pieces; returns the result, WS_MORE if it has not ended. */
static enum ws_error converse(struct ws_proxy_handshake *talk, const struct ws_proxy *proxy,
                              const uint8_t *data, size_t size, size_t piece)
{
    size_t len, asked = 0;
    CHECK(ws_proxy_begin(talk, proxy, "target.example", 443) == WS_OK);
    enum ws_error error = WS_MORE;
    for (size_t at = 0; at < size && error == WS_MORE; at += piece) {
        const uint8_t *due = ws_proxy_output(talk, &len);
        CHECK(due >= talk->out && len <= sizeof talk->out - (size_t)(due - talk->out));
        asked += len;
        CHECK(asked <= WS_PROXY_OUT_MAX);
        ws_proxy_sent(talk, len);
        size_t n = size - at < piece ? size - at : piece;
        uint8_t *part = malloc(n);
        CHECK(part);
        memcpy(part, data + at, n);
        error = ws_proxy_feed(talk, part, n);
        free(part);
        CHECK(talk->taken <= WS_PROXY_ANSWER_MAX && talk->in_len <= talk->taken);
        CHECK(error == WS_OK || error == WS_MORE || error == WS_E_PROXY);
        if (error == WS_OK)
            CHECK(ws_proxy_fault(talk)[0] == '\0' && talk->taken == at + n);
    }
    if (error == WS_E_PROXY) {
        check_fault(ws_proxy_fault(talk));
        ws_proxy_output(talk, &len);
        CHECK(len == 0);
        CHECK(ws_proxy_feed(talk, "x", 1) == WS_E_PROXY);
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
    struct ws_proxy_handshake *talk = calloc(1, sizeof *talk), *whole = calloc(1, sizeof *whole);
    CHECK(talk && whole);
    enum ws_error error = converse(talk, &proxy, data, size, piece);
    if (!socks && size > 0) {
        enum ws_error wanted = converse(whole, &proxy, data, size, size);
        /* A piece may end with the reply; the bytes after it are left over. */
        if (error == WS_OK)
            CHECK(wanted == WS_OK || wanted == WS_E_PROXY);
        else
            CHECK(wanted == error && strcmp(whole->fault, talk->fault) == 0);
    }
    if (error == WS_MORE) {
        CHECK(ws_proxy_ended(talk) == WS_E_PROXY);
        check_fault(ws_proxy_fault(talk));
    }
    ws_proxy_wipe(talk);
    /* The input may contain the password too. */
    CHECK(!memmem(talk, sizeof *talk, "sesame", 6) || memmem(data, size, "sesame", 6));
    free(talk);
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
        struct ws_proxy_handshake *talk = malloc(sizeof *talk);
        CHECK(talk);
        CHECK(strlen(proxy.host) > 0 && strlen(proxy.host) <= 255 && proxy.port > 0);
        CHECK(!proxy.user == !proxy.password);
        CHECK(ws_proxy_begin(talk, &proxy, "h", 80) == WS_OK);
        free(talk);
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
