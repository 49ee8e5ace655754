#include "libws/client/proxy.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka.h needs those before it. */
#include <cmocka.h>

/* Bytes with NULs among them. */
struct bytes {
    const char *p;
    size_t len;
};
#define B(text)                                                                                    \
    {                                                                                              \
        (text), sizeof(text) - 1                                                                   \
    }

/* What a proxy says, piece after piece; each is said once all that is due was sent. */
struct script {
    struct bytes says[4];
    const char *failure; /* NULL: a tunnel */
};

static struct ws_proxy_handshake *handshake;
static uint8_t sent[4096];
static size_t sent_len;

static int set_up(void **state)
{
    (void)state;
    handshake = malloc(sizeof *handshake); /* not zeroed: a beginning must not need that */
    if (!handshake)
        return -1;
    memset(handshake, 0xA5, sizeof *handshake);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    ws_proxy_wipe(handshake);
    free(handshake);
    return 0;
}

static void drain(size_t most)
{
    size_t len;
    const uint8_t *due;
    while (due = ws_proxy_output(handshake, &len), len > 0) {
        if (len > most)
            len = most;
        assert_true(sent_len + len <= sizeof sent);
        memcpy(sent + sent_len, due, len);
        sent_len += len;
        ws_proxy_sent(handshake, len);
    }
}

static void begin(const char *url, const char *host, uint16_t port)
{
    struct ws_proxy proxy;
    assert_null(ws_proxy_parse(url, &proxy));
    assert_int_equal(ws_proxy_begin(handshake, &proxy, host, port), WS_OK);
    ws_proxy_free(&proxy); /* nothing of it is kept */
    sent_len = 0;
}

/* One run of a script: the pieces cut at `first` and then every `step` bytes. */
static void run(const char *url, const struct script *script, size_t first, size_t step)
{
    begin(url, "target.example", 8080);
    enum ws_error error = WS_MORE;
    for (size_t i = 0; i < 4 && script->says[i].p && error == WS_MORE; i++) {
        struct bytes rest = script->says[i];
        size_t piece = first;
        drain(3);
        while (rest.len > 0 && error == WS_MORE) {
            size_t n = piece < rest.len ? piece : rest.len;
            char *copy = malloc(n); /* of its exact size, for the sanitizers */
            assert_non_null(copy);
            memcpy(copy, rest.p, n);
            error = ws_proxy_feed(handshake, copy, n);
            free(copy);
            rest.p += n;
            rest.len -= n;
            piece = step;
        }
        if (error == WS_OK)
            assert_int_equal(rest.len, 0);
    }
    if (!script->failure) {
        assert_int_equal(error, WS_OK);
        assert_string_equal(ws_proxy_failure(handshake), "");
        return;
    }
    if (error == WS_MORE)
        error = ws_proxy_ended(handshake);
    assert_int_equal(error, WS_E_PROXY);
    assert_string_equal(ws_proxy_failure(handshake), script->failure);
    size_t len;
    ws_proxy_output(handshake, &len);
    assert_int_equal(len, 0); /* nothing more is said to it */
    assert_int_equal(ws_proxy_feed(handshake, "x", 1), WS_E_PROXY);
    assert_int_equal(ws_proxy_ended(handshake), WS_E_PROXY);
    assert_string_equal(ws_proxy_failure(handshake), script->failure);
}

/* Whole, a byte at a time, and cut once at every byte. */
static void run_all(const char *url, const struct script *scripts, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        size_t longest = 0;
        for (size_t k = 0; k < 4; k++)
            if (scripts[i].says[k].len > longest)
                longest = scripts[i].says[k].len;
        for (size_t first = 1; first <= longest; first++)
            run(url, &scripts[i], first, SIZE_MAX);
        run(url, &scripts[i], 1, 1);
    }
}

#define RUN_ALL(url, scripts) run_all(url, scripts, sizeof(scripts) / sizeof(scripts)[0])

static void expect_sent(const void *bytes, size_t len)
{
    assert_int_equal(sent_len, len);
    assert_memory_equal(sent, bytes, len);
}

/* --- HTTP --- */

static const char plain_url[] = "http://proxy.example";
static const char basic_url[] = "http://Aladdin:open%20sesame@proxy.example";

static void http_tunnels(void **state)
{
    (void)state;
    static const struct script scripts[] = {
        {{B("HTTP/1.1 200 Connection established\r\n\r\n")}, NULL},
        {{B("HTTP/1.0 200 OK\r\nProxy-agent: x\r\n\r\n")}, NULL},
        {{B("HTTP/1.1 200\r\n\r\n")}, NULL},
        {{B("HTTP/1.1 299 \r\n\r\n")}, NULL},
        /* Neither of these counts in an answer to CONNECT (RFC 9110 9.3.6). */
        {{B("HTTP/1.1 200 OK\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n")}, NULL},
        {{B("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 102 x\r\nA: b\r\n\r\nHTTP/1.1 204 x\r\n\r\n")},
         NULL},
    };
    RUN_ALL(plain_url, scripts);
    static const char request[] = "CONNECT target.example:8080 HTTP/1.1\r\n"
                                  "Host: target.example:8080\r\n\r\n";
    expect_sent(request, strlen(request));
    run(basic_url, &scripts[0], 7, 7);
    /* The pair of RFC 7617 2. */
    static const char with_password[] = "CONNECT target.example:8080 HTTP/1.1\r\n"
                                        "Host: target.example:8080\r\n"
                                        "Proxy-Authorization: Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ=="
                                        "\r\n\r\n";
    expect_sent(with_password, strlen(with_password));
}

static void http_refusals(void **state)
{
    (void)state;
    static const struct script scripts[] = {
        {{B("HTTP/1.1 403 Forbidden\r\nContent-Length: 9\r\n\r\n")},
         "the proxy refused: 403 Forbidden"},
        {{B("HTTP/1.1 502\r\n\r\n")}, "the proxy refused: 502"},
        {{B("HTTP/1.1 301 Elsewhere\r\nLocation: http://x/\r\n\r\n")},
         "the proxy refused: 301 Elsewhere"},
        {{B("HTTP/1.1 101 Switching Protocols\r\n\r\n")},
         "the proxy refused: 101 Switching Protocols"},
        {{B("HTTP/1.1 401 Unauthorized\r\n\r\n")}, "the proxy refused: 401 Unauthorized"},
        {{B("HTTP/1.1 407 x\r\nProxy-Authenticate: Basic realm=\"x\"\r\n\r\n")},
         "the proxy wants a password (407)"},
        {{B("HTTP/1.1 407 x\r\n\r\n")}, "the proxy wants a password (407)"},
        {{B("HTTP/1.1 407 x\r\nProxy-Authenticate: Digest realm=\"Basic\", "
            "Basic realm=x\r\n\r\n")},
         "the proxy wants a password (407)"},
        {{B("HTTP/1.1 407 x\r\nProxy-Authenticate: Negotiate\r\nProxy-Authenticate: Basically"
            "\r\n\r\n")},
         "the proxy wants a password in a way that is not spoken here (407)"},
        {{B("HTTP/1.1 500 \xC3\xBC and on and on and on and on and on and on and on and on and on"
            "\r\n\r\n")},
         "the proxy refused: 500 ?? and on and on and on and on and on and on and on and on a"},
    };
    RUN_ALL(plain_url, scripts);
    static const struct script refused[] = {
        {{B("HTTP/1.1 407 x\r\nProxy-Authenticate: Basic\r\n\r\n")},
         "the proxy refused the password (407)"},
        {{B("HTTP/1.1 407 x\r\nProxy-Authenticate: NTLM\r\n\r\n")},
         "the proxy wants a password in a way that is not spoken here (407)"},
        {{B("HTTP/1.1 401 Unauthorized\r\n\r\n")}, "the proxy refused the password (401)"},
    };
    RUN_ALL(basic_url, refused);
}

static void http_nonsense(void **state)
{
    (void)state;
    static const struct script scripts[] = {
        {{B("\x05\x00")}, "this is no HTTP proxy: it answered SOCKS5"},
        {{B("\x15\x03\x01")}, "this is no HTTP proxy: it answered TLS"},
        {{B("\x16\x03\x01")}, "this is no HTTP proxy: it answered TLS"},
        {{B("220 mail.example ESMTP\r\n")},
         "the proxy's answer is no HTTP: the HTTP head is malformed"},
        {{B("HTTP/2.0 200 OK\r\n")}, "the proxy's answer is no HTTP: the HTTP version is not 1.1"},
        {{B("HTTP/1.1 200 OK\nA: b\n\n")},
         "the proxy's answer is no HTTP: a line of the HTTP head does not end in CRLF"},
        {{B("HTTP/1.1 200 OK\r\n")}, "the proxy hung up before it was done"},
        {{B("HTTP/1.1 100 Continue\r\n\r\n")}, "the proxy hung up before it was done"},
        {{{NULL, 0}}, "the proxy hung up without an answer"},
    };
    RUN_ALL(plain_url, scripts);
    run(plain_url, &scripts[8], 1, 1);
}

/* Heads without an end, and interim answers without one, cost what an answer may cost. */
static void http_without_end(void **state)
{
    (void)state;
    static const char *const floods[] = {"A: b\r\n", "x", "\r\n\r\nHTTP/1.1 100 x"};
    for (size_t i = 0; i < 3; i++)
        for (size_t step = 1; step < 3000; step += 997) {
            char data[3000];
            size_t fed = 0, unit = strlen(floods[i]);
            for (size_t k = 0; k < sizeof data; k++)
                data[k] = floods[i][k % unit];
            begin(plain_url, "h", 1);
            drain(SIZE_MAX);
            enum ws_error error = ws_proxy_feed(handshake, "HTTP/1.1 100 x", 14);
            for (; error == WS_MORE; fed += step) {
                assert_true(fed <= WS_PROXY_ANSWER_MAX + step);
                error = ws_proxy_feed(handshake, data + fed % unit, step);
            }
            assert_int_equal(error, WS_E_PROXY);
            /* "x" goes on with the reason of the first line. */
            assert_string_equal(ws_proxy_failure(handshake), "the proxy's answer is too large");
        }
}

/* --- SOCKS5 --- */

static const char socks_url[] = "socks5://proxy.example";
static const char secret_url[] = "socks5h://joe:pass@proxy.example";

#define REPLY_V4 "\x05\x00\x00\x01\x7F\x00\x00\x01\x04\x38"

static void socks_tunnels(void **state)
{
    (void)state;
    static const struct script scripts[] = {
        {{B("\x05\x00"), B(REPLY_V4)}, NULL},
        {{B("\x05\x00"), B("\x05\x00\xFF\x04"
                           "0123456789ABCDEF\x04\x38")},
         NULL},
        {{B("\x05\x00"), B("\x05\x00\x00\x03\x07"
                           "h.local\x04\x38")},
         NULL},
        {{B("\x05\x00"), B("\x05\x00\x00\x03\x00\x04\x38")}, NULL},
    };
    RUN_ALL(socks_url, scripts);
    static const char no_password[] = "\x05\x01\x00"
                                      "\x05\x01\x00\x03\x0E"
                                      "target.example\x1F\x90";
    expect_sent(no_password, sizeof no_password - 1);

    /* Offered, and not wanted. */
    RUN_ALL(secret_url, scripts);
    static const char unwanted[] = "\x05\x02\x00\x02"
                                   "\x05\x01\x00\x03\x0E"
                                   "target.example\x1F\x90";
    expect_sent(unwanted, sizeof unwanted - 1);

    static const struct script secret[] = {{{B("\x05\x02"), B("\x01\x00"), B(REPLY_V4)}, NULL}};
    RUN_ALL(secret_url, secret);
    static const char wanted[] = "\x05\x02\x00\x02"
                                 "\x01\x03joe\x04pass"
                                 "\x05\x01\x00\x03\x0E"
                                 "target.example\x1F\x90";
    expect_sent(wanted, sizeof wanted - 1);

    char longest[600];
    snprintf(longest, sizeof longest, "socks5://%0255d:%0255d@h", 1, 2);
    run(longest, &secret[0], 1, 1);
    assert_int_equal(sent_len, 4 + 3 + 255 + 255 + 5 + 14 + 2);
}

/* Addresses go as addresses, of either family; names are for the proxy to resolve. */
static void socks_addresses(void **state)
{
    (void)state;
    char name[256];
    memset(name, 'n', 255);
    name[255] = '\0';
    static const struct {
        const char *host;
        struct bytes request;
    } rows[] = {
        {"192.0.2.1", B("\x05\x01\x00\x01\xC0\x00\x02\x01\x00\x50")},
        {"2001:db8::1", B("\x05\x01\x00\x04\x20\x01\x0D\xB8\0\0\0\0\0\0\0\0\0\0\0\x01\x00\x50")},
        {"192.0.2.256", B("\x05\x01\x00\x03\x0B"
                          "192.0.2.256\x00\x50")},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        begin(socks_url, rows[i].host, 80);
        drain(SIZE_MAX);
        assert_int_equal(ws_proxy_feed(handshake, "\x05\x00", 2), WS_MORE);
        sent_len = 0;
        drain(SIZE_MAX);
        expect_sent(rows[i].request.p, rows[i].request.len);
    }
    begin(socks_url, name, 65535);
    drain(SIZE_MAX);
    assert_int_equal(ws_proxy_feed(handshake, "\x05\x00", 2), WS_MORE);
    sent_len = 0;
    drain(SIZE_MAX);
    assert_int_equal(sent_len, 5 + 255 + 2);
    assert_int_equal(sent[4], 255);
    assert_memory_equal(sent + 5 + 255, "\xFF\xFF", 2);
}

static void socks_refusals(void **state)
{
    (void)state;
    static const struct script scripts[] = {
        {{B("\x05\xFF")}, "the proxy wants a password"},
        {{B("\x05\x02")}, "the proxy chose a way of authentication that was not offered"},
        {{B("\x05\x01")}, "the proxy chose a way of authentication that was not offered"},
        {{B("\x05\x00"), B("\x05\x01\x00\x01\0\0\0\0\0\0")}, "SOCKS5: general failure"},
        {{B("\x05\x00"), B("\x05\x02")}, "SOCKS5: not allowed by its rules"},
        {{B("\x05\x00"), B("\x05\x03\x00\x01")}, "SOCKS5: network unreachable"},
        {{B("\x05\x00"), B("\x05\x04\x00\x01")}, "SOCKS5: host unreachable"},
        {{B("\x05\x00"), B("\x05\x05\x00\x01")}, "SOCKS5: connection refused"},
        {{B("\x05\x00"), B("\x05\x06\x00\x01")}, "SOCKS5: time to live expired"},
        {{B("\x05\x00"), B("\x05\x07\x00\x01")}, "SOCKS5: command not supported"},
        {{B("\x05\x00"), B("\x05\x08\x00\x01")}, "SOCKS5: address type not supported"},
        {{B("\x05\x00"), B("\x05\x09\x00\x01")}, "SOCKS5: refused with code 0x09"},
        {{B("\x05\x00"), B("\x05\xFF\x00\x01")}, "SOCKS5: refused with code 0xFF"},
    };
    RUN_ALL(socks_url, scripts);
    static const struct script refused[] = {
        {{B("\x05\xFF")}, "the proxy takes no password, and wants authentication"},
        {{B("\x05\x01")}, "the proxy chose a way of authentication that was not offered"},
        {{B("\x05\x02"), B("\x01\x01")}, "the proxy refused the password"},
        {{B("\x05\x02"), B("\x01\xFF")}, "the proxy refused the password"},
        {{B("\x05\x02"), B("\x05\x00")},
         "SOCKS5: the answer to the password begins with byte 0x05"},
    };
    RUN_ALL(secret_url, refused);
}

static void socks_nonsense(void **state)
{
    (void)state;
    static const struct script scripts[] = {
        {{B("HTTP/1.1 400 Bad Request\r\n")}, "this is no SOCKS5 proxy: it answered HTTP"},
        {{B("\x00\x5B")}, "this is no SOCKS5 proxy: its answer begins with byte 0x00"},
        {{B("\x04\x00")}, "this is no SOCKS5 proxy: its answer begins with byte 0x04"},
        {{B("\x05\x00"), B("\x04\x00")}, "SOCKS5: the reply begins with byte 0x04"},
        {{B("\x05\x00"), B("\x05\x00\x00\x02\x01")},
         "SOCKS5: the reply has an address of type 0x02"},
        {{B("\x05")}, "the proxy hung up before it was done"},
        {{B("\x05\x00")}, "the proxy hung up before it was done"},
        {{B("\x05\x00"), B("\x05\x00\x00\x01\x7F\x00\x00\x01\x04")},
         "the proxy hung up before it was done"},
        {{B("\x05\x00"), B("\x05\x00\x00\x03\xFFshort")}, "the proxy hung up before it was done"},
    };
    RUN_ALL(socks_url, scripts);
}

/* --- both --- */

/* In this protocol the client speaks first: what comes too early was not meant for us. */
static void bytes_behind_the_answer(void **state)
{
    (void)state;
    static const struct {
        const char *url;
        struct bytes says[2];
        const char *failure;
    } rows[] = {
        {plain_url, {B("HTTP/1.1 200 OK\r\n\r\nX")}, "the proxy sent bytes after its answer"},
        {socks_url, {B("\x05\x00"), B(REPLY_V4 "X")}, "the proxy sent bytes after its answer"},
        {socks_url, {B("\x05\x00" REPLY_V4)}, "the proxy answered before it was asked"},
        {secret_url, {B("\x05\x02\x01\x00")}, "the proxy answered before it was asked"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        begin(rows[i].url, "h", 1);
        enum ws_error error = WS_MORE;
        for (size_t k = 0; k < 2 && rows[i].says[k].p; k++) {
            assert_int_equal(error, WS_MORE);
            drain(SIZE_MAX);
            error = ws_proxy_feed(handshake, rows[i].says[k].p, rows[i].says[k].len);
        }
        assert_int_equal(error, WS_E_PROXY);
        assert_string_equal(ws_proxy_failure(handshake), rows[i].failure);
        /* The same before anything was sent. */
        begin(rows[i].url, "h", 1);
        assert_int_equal(ws_proxy_feed(handshake, rows[i].says[0].p, 1), WS_E_PROXY);
        assert_string_equal(ws_proxy_failure(handshake), "the proxy answered before it was asked");
    }
    begin(plain_url, "h", 1);
    drain(SIZE_MAX);
    assert_int_equal(ws_proxy_feed(handshake, "HTTP/1.1 200 OK\r\n\r\n", 19), WS_OK);
    assert_int_equal(ws_proxy_feed(handshake, "", 0), WS_OK);
    assert_int_equal(ws_proxy_feed(handshake, "X", 1), WS_E_PROXY);
}

static void what_cannot_be_asked_for(void **state)
{
    (void)state;
    char name[257];
    memset(name, 'n', 256);
    name[256] = '\0';
    const char *const hosts[] = {"", name, "a b", "a\r\nX: y", "a/b", "a@b", "\xC3\xBC", "a?b"};
    for (size_t i = 0; i < sizeof hosts / sizeof hosts[0]; i++)
        for (int kind = 0; kind < 2; kind++) {
            struct ws_proxy proxy = {
                .kind = kind ? WS_PROXY_SOCKS5 : WS_PROXY_HTTP, .host = (char[]){"h"}, .port = 1};
            assert_int_equal(ws_proxy_begin(handshake, &proxy, hosts[i], 80), WS_E_ARGUMENT);
            assert_int_equal(ws_proxy_feed(handshake, "x", 1), WS_E_PROXY);
        }
    char many[1026];
    memset(many, 'p', sizeof many - 1);
    many[sizeof many - 1] = '\0';
    struct ws_proxy proxy = {
        .host = (char[]){"h"}, .port = 1, .user = (char[]){"joe"}, .password = many};
    assert_int_equal(ws_proxy_begin(handshake, &proxy, "h", 80), WS_E_ARGUMENT);
    many[1024] = '\0';
    assert_int_equal(ws_proxy_begin(handshake, &proxy, "h", 80), WS_OK);
    proxy.kind = WS_PROXY_SOCKS5;
    assert_int_equal(ws_proxy_begin(handshake, &proxy, "h", 80), WS_E_ARGUMENT);
    many[255] = '\0';
    assert_int_equal(ws_proxy_begin(handshake, &proxy, "h", 80), WS_OK);
    proxy.user = name;
    assert_int_equal(ws_proxy_begin(handshake, &proxy, "h", 80), WS_E_ARGUMENT);
}

/* The longest that may be said has room, and an IPv6 address gets its brackets. */
static void the_longest_request(void **state)
{
    (void)state;
    char url[1400], name[256];
    snprintf(url, sizeof url, "http://%0255d:%01024d@h", 1, 2);
    memset(name, 'n', 255);
    name[255] = '\0';
    begin(url, name, 65535);
    drain(SIZE_MAX);
    assert_true(sent_len < WS_PROXY_OUT_MAX);
    assert_memory_equal(sent + sent_len - 4, "\r\n\r\n", 4);
    begin(plain_url, "2001:db8::1", 443);
    drain(SIZE_MAX);
    static const char request[] = "CONNECT [2001:db8::1]:443 HTTP/1.1\r\n"
                                  "Host: [2001:db8::1]:443\r\n\r\n";
    expect_sent(request, strlen(request));
}

static void nothing_of_the_password_stays(void **state)
{
    (void)state;
    begin("socks5://joe:sesame@h", "h", 80);
    assert_non_null(memmem(handshake, sizeof *handshake, "sesame", 6));
    ws_proxy_wipe(handshake);
    assert_null(memmem(handshake, sizeof *handshake, "sesame", 6));
    size_t len;
    ws_proxy_output(handshake, &len);
    assert_int_equal(len, 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(http_tunnels),
        TEST(http_refusals),
        TEST(http_nonsense),
        TEST(http_without_end),
        TEST(socks_tunnels),
        TEST(socks_addresses),
        TEST(socks_refusals),
        TEST(socks_nonsense),
        TEST(bytes_behind_the_answer),
        TEST(what_cannot_be_asked_for),
        TEST(the_longest_request),
        TEST(nothing_of_the_password_stays),
    };
    return cmocka_run_group_tests_name("proxy", tests, NULL, NULL);
}
