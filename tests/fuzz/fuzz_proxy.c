/*
 * What a proxy says, and what people write to name one. The lowest bit of the first byte chooses.
 *
 * Answers: the second bit chooses SOCKS5 or HTTP, the third whether there is a password; the second
 * byte is the size of a piece. A conversation ends, keeps to its bounds, and says why it failed in
 * printable words; with HTTP, where the proxy speaks once, no cut makes a difference. With the
 * fourth bit the bytes are choices, of which an answer is made, field by field; where all fields
 * are right and it comes byte by byte, the tunnel is open at its end. Names: a URL, a list of hosts
 * that go without a proxy and a host, with a NUL between them.
 */
#include "libws/client/proxy.h"
#include "tests/fuzz/choices.h"
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

static enum ws_error answers(bool socks, bool password, const uint8_t *data, size_t size,
                             size_t piece)
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
    return error;
}

/* --- answers that are made --- */

/* A right byte, or one of the wrong ones; false for those. */
static bool make_field(struct made *made, struct choices *choices, unsigned right)
{
    static const uint8_t wrong[] = {0, 1, 2, 4, 5, 0x7F, 0x80, 0xFF};
    unsigned choice = choose(choices, 32);
    unsigned byte = choice < sizeof wrong ? wrong[choice] : right;
    make_byte(made, byte);
    return byte == right;
}

static bool make_address(struct made *made, struct choices *choices)
{
    static const uint8_t types[] = {1, 3, 4, 0, 2, 5, 0xFF};
    unsigned type = types[choose(choices, sizeof types)];
    size_t len = type == 1 ? 4 : type == 4 ? 16 : 0;
    make_byte(made, type);
    if (type == 3) {
        len = choose(choices, 256);
        make_byte(made, (unsigned)len);
    }
    /* Sometimes an address, with its port, that is too short or too long. */
    unsigned wrong = choose(choices, 8);
    size_t sent = wrong == 1 ? len + 1 : wrong == 2 ? len + 3 : len + 2;
    for (size_t i = 0; i < sent; i++)
        make_byte(made, (unsigned)i * 37);
    return sent == len + 2 && (len > 0 || type == 3);
}

static bool make_socks(struct made *made, struct choices *choices, bool password)
{
    bool right = make_field(made, choices, 5);
    right &= make_field(made, choices, password ? 2 : 0);
    if (password) {
        right &= make_field(made, choices, 1);
        right &= make_field(made, choices, 0);
    }
    right &= make_field(made, choices, 5);
    right &= make_field(made, choices, 0);
    make_byte(made, choose(choices, 2) * 0x41); /* reserved: not looked at */
    right &= make_address(made, choices);
    return right;
}

static void make_http_line(struct made *made, struct choices *choices)
{
    static const char *const lines[] = {"Via: 1.1 proxy",
                                        "Content-Length: 0",
                                        "Content-Length: 5",
                                        "Transfer-Encoding: chunked",
                                        "Proxy-Authenticate: Basic realm=\"a, b\"",
                                        "Proxy-Authenticate: Negotiate",
                                        "Proxy-Authenticate:\tDigest qop=x, Basic realm=y",
                                        "Proxy-Connection: close",
                                        "X-Folded: a\r\n b",
                                        "X-Empty:",
                                        "No colon",
                                        ": no name",
                                        "X Blank: a",
                                        "X-Control: \x01\x1b[2J",
                                        "X-High: \xff\xc3\xa4"};
    static const char *const ends[] = {"\r\n", "\n", "\r", "\r\r\n", " \r\n"};
    unsigned times = choose(choices, 16) == 15 ? 100 : 1;
    const char *line = lines[choose(choices, sizeof lines / sizeof lines[0])];
    for (unsigned i = 0; i < times; i++) {
        unsigned end = choose(choices, 16);
        make_text(made, line);
        if (choose(choices, 32) == 31)
            for (unsigned k = 0; k < 1000; k++)
                make_text(made, "long");
        make_text(made, ends[end < 5 ? end : 0]);
    }
}

static void make_http(struct made *made, struct choices *choices)
{
    static const char *const versions[] = {"HTTP/1.1", "HTTP/1.0", "HTTP/2", "http/1.1", "ICY"};
    static const char *const statuses[] = {"200", "100", "101", "199", "204",  "299", "301",
                                           "403", "407", "502", "99",  "1000", "abc", ""};
    static const char *const reasons[] = {" OK", "", " ", " \x1b]0;x\x07", " \xff", "  a  b "};
    unsigned heads = 1 + choose(choices, 4);
    for (unsigned i = 0; i < heads; i++) {
        unsigned version = choose(choices, 16);
        make_text(made, versions[version < 5 ? version : 0]);
        make_text(made, " ");
        make_text(made, statuses[choose(choices, sizeof statuses / sizeof statuses[0])]);
        make_text(made, reasons[choose(choices, sizeof reasons / sizeof reasons[0])]);
        make_text(made, "\r\n");
        for (unsigned lines = choose(choices, 8); lines > 0; lines--)
            make_http_line(made, choices);
        make_text(made, "\r\n");
    }
}

static void made_answers(bool socks, bool password, const uint8_t *data, size_t size, size_t piece)
{
    struct choices choices = {data, data + size};
    struct made *made = calloc(1, sizeof *made);
    CHECK(made);
    bool right = false;
    if (socks)
        right = make_socks(made, &choices, password);
    else
        make_http(made, &choices);
    enum ws_error error =
        answers(socks, password, (const uint8_t *)made->text, made->len, right ? 1 : piece);
    CHECK(!right || error == WS_OK);
    free(made);
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
    else if (data[0] & 8)
        made_answers(data[0] & 2, data[0] & 4, data + 2, size - 2, data[1] ? data[1] : 1);
    else
        answers(data[0] & 2, data[0] & 4, data + 2, size - 2, data[1] ? data[1] : 1);
    return 0;
}
