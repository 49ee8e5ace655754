#include <ws/url.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka.h needs those four before it. */
#include <cmocka.h>

static const struct good {
    const char *text;
    bool secure;
    const char *unix_path, *host;
    unsigned port;
    const char *target, *authority, *user_info;
} good[] = {
    {"ws://example.com", 0, NULL, "example.com", 80, "/", "example.com", NULL},
    {"ws://example.com/", 0, NULL, "example.com", 80, "/", "example.com", NULL},
    {"wss://example.com/chat?room=1&x=%20", 1, NULL, "example.com", 443, "/chat?room=1&x=%20",
     "example.com", NULL},
    {"http://example.com/a", 0, NULL, "example.com", 80, "/a", "example.com", NULL},
    {"https://example.com/a", 1, NULL, "example.com", 443, "/a", "example.com", NULL},
    {"WS://EXAMPLE.com/A", 0, NULL, "EXAMPLE.com", 80, "/A", "EXAMPLE.com", NULL},
    {"WsS://h", 1, NULL, "h", 443, "/", "h", NULL},
    /* The scheme's own port is left out of the authority, the other's is not. */
    {"ws://h:80/", 0, NULL, "h", 80, "/", "h", NULL},
    {"wss://h:443/", 1, NULL, "h", 443, "/", "h", NULL},
    {"ws://h:443/", 0, NULL, "h", 443, "/", "h:443", NULL},
    {"wss://h:80/", 1, NULL, "h", 80, "/", "h:80", NULL},
    {"ws://h:1/", 0, NULL, "h", 1, "/", "h:1", NULL},
    {"ws://h:65535/", 0, NULL, "h", 65535, "/", "h:65535", NULL},
    {"ws://h:/", 0, NULL, "h", 80, "/", "h", NULL},
    {"ws://[::1]:/", 0, NULL, "::1", 80, "/", "[::1]", NULL},
    {"ws://h:00080/", 0, NULL, "h", 80, "/", "h", NULL},
    /* A query without a path. */
    {"ws://h?q", 0, NULL, "h", 80, "/?q", "h", NULL},
    {"ws://h:9?q=/x:y@z", 0, NULL, "h", 9, "/?q=/x:y@z", "h:9", NULL},
    /* Without a scheme. */
    {"localhost:8080", 0, NULL, "localhost", 8080, "/", "localhost:8080", NULL},
    {"localhost/p", 0, NULL, "localhost", 80, "/p", "localhost", NULL},
    {"127.0.0.1:9/p?q", 0, NULL, "127.0.0.1", 9, "/p?q", "127.0.0.1:9", NULL},
    {"[::1]:9", 0, NULL, "::1", 9, "/", "[::1]:9", NULL},
    {"ws:8080/p", 0, NULL, "ws", 8080, "/p", "ws:8080", NULL},
    {"ws/p//q", 0, NULL, "ws", 80, "/p//q", "ws", NULL},
    {"wsx//p", 0, NULL, "wsx", 80, "//p", "wsx", NULL},
    {"localhost:80/go?to=http://elsewhere/", 0, NULL, "localhost", 80, "/go?to=http://elsewhere/",
     "localhost", NULL},
    /* A port alone. */
    {"8080", 0, NULL, "localhost", 8080, "/", "localhost:8080", NULL},
    {":8080", 0, NULL, "localhost", 8080, "/", "localhost:8080", NULL},
    {":8080/p?q", 0, NULL, "localhost", 8080, "/p?q", "localhost:8080", NULL},
    {"80?q", 0, NULL, "localhost", 80, "/?q", "localhost", NULL},
    {"8080x", 0, NULL, "8080x", 80, "/", "8080x", NULL},
    {"ws://8080/", 0, NULL, "8080", 80, "/", "8080", NULL},
    /* What an address bar takes. */
    {"ws://h/a b?c d", 0, NULL, "h", 80, "/a%20b?c%20d", "h", NULL},
    {"ws://h/gr\xC3\xBC\xC3\x9F", 0, NULL, "h", 80, "/gr%C3%BC%C3%9F", "h", NULL},
    {"ws+unix:/s:/a b", 0, "/s", "localhost", 0, "/a%20b", "localhost", NULL},
    /* IPv6 */
    {"ws://[::1]/", 0, NULL, "::1", 80, "/", "[::1]", NULL},
    {"ws://[fe80::1%25eth0]:8/", 0, NULL, "fe80::1%eth0", 8, "/", "[fe80::1]:8", NULL},
    {"ws://[fe80::1%251]/", 0, NULL, "fe80::1%1", 80, "/", "[fe80::1]", NULL},
    {"ws://[fe80::1%eth0]/", 0, NULL, "fe80::1%eth0", 80, "/", "[fe80::1]", NULL},
    {"wss://[2001:db8::1]:8443/x", 1, NULL, "2001:db8::1", 8443, "/x", "[2001:db8::1]:8443", NULL},
    /* User info ends at the last @ of the authority. */
    {"ws://user:pass@h/", 0, NULL, "h", 80, "/", "h", "user:pass"},
    {"ws://user@[::1]:7/", 0, NULL, "::1", 7, "/", "[::1]:7", "user"},
    {"ws://a%40b:c%3Ad%2f@h/", 0, NULL, "h", 80, "/", "h", "a@b:c:d/"},
    {"ws://a@b:c@h/", 0, NULL, "h", 80, "/", "h", "a@b:c"},
    {"ws://100%:%zz%4@h/", 0, NULL, "h", 80, "/", "h", "100%:%zz%4"},
    {"ws://@h/", 0, NULL, "h", 80, "/", "h", ""},
    {"ws://h/@path", 0, NULL, "h", 80, "/@path", "h", NULL},
    /* names outside ASCII */
    {"ws://M\xC3\x9CNCHEN.example:81/", 0, NULL, "xn--mnchen-3ya.example", 81, "/",
     "xn--mnchen-3ya.example:81", NULL},
    {"ws://stra\xC3\x9F"
     "e.example/",
     0, NULL, "xn--strae-oqa.example", 80, "/", "xn--strae-oqa.example", NULL},
    {"ws://\xC3\xBC@h/", 0, NULL, "h", 80, "/", "h", "\xC3\xBC"},
    /* unix sockets */
    {"ws+unix:/run/s", 0, "/run/s", "localhost", 0, "/", "localhost", NULL},
    {"ws+unix:///run/s", 0, "/run/s", "localhost", 0, "/", "localhost", NULL},
    {"ws+unix:/run/s:/chat?x", 0, "/run/s", "localhost", 0, "/chat?x", "localhost", NULL},
    {"ws+unix:/run/s:/chat:1", 0, "/run/s", "localhost", 0, "/chat:1", "localhost", NULL},
    {"ws+unix:/run/s:", 0, "/run/s", "localhost", 0, "/", "localhost", NULL},
    {"WS+UNIX:relative", 0, "relative", "localhost", 0, "/", "localhost", NULL},
};

static void same(const char *text, const char *field, const char *is, const char *should)
{
    if ((is == NULL) != (should == NULL) || (is && strcmp(is, should) != 0))
        fail_msg("%s: %s is %s and not %s", text, field, is ? is : "NULL",
                 should ? should : "NULL");
}

static void good_ones(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++) {
        const struct good *g = &good[i];
        struct ws_url url;
        enum ws_url_error error = ws_url_parse(g->text, &url);
        if (error != WS_URL_OK)
            fail_msg("%s: %s", g->text, ws_url_error_text(error));
        assert_int_equal(url.secure, g->secure);
        same(g->text, "unix path", url.unix_path, g->unix_path);
        same(g->text, "host", url.host, g->host);
        same(g->text, "target", url.target, g->target);
        same(g->text, "authority", url.authority, g->authority);
        same(g->text, "user info", url.user_info, g->user_info);
        if (!g->unix_path)
            assert_int_equal(url.port, g->port);
        bool other_port = !g->unix_path && url.port != (url.secure ? 443 : 80);
        assert_true(url.has_port || !other_port);
        ws_url_free(&url);
        assert_null(url.host);
        ws_url_free(&url); /* of one that is empty */
    }
}

/* Only a port in the text is one, and the default may be written, too. */
static void typed_ports(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        bool has_port;
    } cases[] = {{"ws://h", false},   {"wss://h/p:1", false}, {"h:/", false},
                 {"ws://h:80", true}, {"wss://h:1", true},    {":80", true}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct ws_url url;
        assert_int_equal(ws_url_parse(cases[i].text, &url), WS_URL_OK);
        if (url.has_port != cases[i].has_port)
            fail_msg("%s", cases[i].text);
        ws_url_free(&url);
    }
}

static void refuse(const char *text, enum ws_url_error expected)
{
    struct ws_url url;
    enum ws_url_error error = ws_url_parse(text, &url);
    if (error != expected)
        fail_msg("%s: '%s' and not '%s'", text, ws_url_error_text(error),
                 ws_url_error_text(expected));
    assert_null(url.host);
    assert_null(url.target);
    assert_null(url.authority);
    assert_null(url.user_info);
    assert_null(url.unix_path);
}

static void bad_ones(void **state)
{
    (void)state;
    refuse("ftp://h/", WS_URL_SCHEME);
    refuse("wsss://h/", WS_URL_SCHEME);
    refuse("://h/", WS_URL_SCHEME);
    refuse("", WS_URL_HOST);
    refuse("ws://%00/", WS_URL_HOST); /* only an address may have a %, before its zone */
    refuse("a%2eb:80", WS_URL_HOST);
    refuse("ws//h/", WS_URL_SLASHES);
    refuse("WSS:/h", WS_URL_SLASHES);
    refuse("http//h", WS_URL_SLASHES);
    refuse("https:/h:1/p", WS_URL_SLASHES);
    refuse("ws://", WS_URL_HOST);
    refuse("ws:///path", WS_URL_HOST);
    refuse("ws://?q", WS_URL_HOST);
    refuse("ws://:80/", WS_URL_HOST);
    refuse("ws://user@/", WS_URL_HOST);
    refuse("ws://user:pass@:80/", WS_URL_HOST);
    refuse("ws://[::1/", WS_URL_HOST);
    refuse("ws://[]/", WS_URL_HOST);
    refuse("ws://[localhost]/", WS_URL_HOST);
    refuse("ws://[127.0.0.1]:8/", WS_URL_HOST);
    refuse("ws://[::g]/", WS_URL_HOST);
    refuse("[%000]:8/", WS_URL_HOST);
    refuse("ws://\xCD\x8F/", WS_URL_NAME); /* a character that is left out */
    refuse("ws://[%251]/", WS_URL_HOST);
    refuse("ws://[::1]x/", WS_URL_HOST);
    refuse("ws://[fe80::1%]/", WS_URL_HOST);
    refuse("ws://[fe80::1%25]/", WS_URL_HOST);
    refuse("ws://[fe80::1%25a%00]/", WS_URL_HOST);
    refuse("ws://[fe80::1%25a%25b]/", WS_URL_HOST);
    refuse("ws://[::1]80/", WS_URL_HOST);
    refuse("ws://::1/", WS_URL_HOST);
    refuse("ws://a]b/", WS_URL_HOST);
    refuse("ws://a[b]/", WS_URL_HOST);
    refuse("0", WS_URL_PORT);
    refuse("65536", WS_URL_PORT);
    refuse(":123456789", WS_URL_PORT);
    refuse("ws://h::/", WS_URL_PORT);
    refuse("ws://a%00b@h/", WS_URL_USER);
    refuse("ws://a:%00@h/", WS_URL_USER);
    refuse("ws://m\xC3\xBC--.example/", WS_URL_NAME);
    refuse("ws://m\xC3\x28.example/", WS_URL_NAME);
    refuse("ws://\xE2\x80\x8D.example/", WS_URL_NAME);
    /* Fullwidth / and @, which would become others. */
    refuse("ws://evil.example\xEF\xBC\x8F.good.example/", WS_URL_NAME);
    refuse("ws://good.example\xEF\xBC\xA0"
           "evil.example/",
           WS_URL_NAME);
    refuse("ws://[\xC3\xBC]/", WS_URL_HOST);
    refuse("ws://h:0/", WS_URL_PORT);
    refuse("ws://h:65536/", WS_URL_PORT);
    refuse("ws://h:99999/", WS_URL_PORT);
    refuse("ws://h:100000/", WS_URL_PORT);
    refuse("ws://h:4294967376/", WS_URL_PORT);
    refuse("ws://h:-1/", WS_URL_PORT);
    refuse("ws://h:+1/", WS_URL_PORT);
    refuse("ws://h:8a/", WS_URL_PORT);
    refuse("ws://h:80:80/", WS_URL_PORT);
    refuse("ws://[::1]:x/", WS_URL_PORT);
    refuse("ws://h/#top", WS_URL_FRAGMENT);
    refuse("ws://h/a?b#", WS_URL_FRAGMENT);
    refuse("ws+unix:/s:/#", WS_URL_FRAGMENT);
    refuse("ws://h b/", WS_URL_CHARACTER);
    refuse("ws://h/\r\nX: y", WS_URL_CHARACTER);
    refuse(" ws://h/", WS_URL_CHARACTER);
    refuse("ws://h\t/", WS_URL_CHARACTER);
    refuse("ws://h/\x7F", WS_URL_CHARACTER);
    refuse("ws+unix:", WS_URL_PATH);
    refuse("ws+unix://", WS_URL_PATH);
    refuse("ws+unix::/x", WS_URL_PATH);
}

/* A socket's path has room for 107 bytes, a host name for 255. */
static void lengths(void **state)
{
    (void)state;
    char text[400];
    struct ws_url url;
    for (int len = 100; len < 120; len++) {
        snprintf(text, sizeof text, "ws+unix:/%0*d", len - 1, 0);
        if (len > 107) {
            refuse(text, WS_URL_PATH);
            continue;
        }
        assert_int_equal(ws_url_parse(text, &url), WS_URL_OK);
        assert_int_equal(strlen(url.unix_path), len);
        ws_url_free(&url);
    }
    for (int len = 250; len < 260; len++) {
        snprintf(text, sizeof text, "ws://%0*d:8/", len, 0);
        if (len > 255) {
            refuse(text, WS_URL_HOST);
            continue;
        }
        assert_int_equal(ws_url_parse(text, &url), WS_URL_OK);
        assert_int_equal(strlen(url.host), len);
        ws_url_free(&url);
    }
    /* A target may be long. */
    char *large = malloc(100010);
    assert_non_null(large);
    memset(large, 'x', 100009);
    memcpy(large, "ws://h/", 7);
    large[100009] = '\0';
    assert_int_equal(ws_url_parse(large, &url), WS_URL_OK);
    assert_int_equal(strlen(url.target), 100009 - 6);
    ws_url_free(&url);
    free(large);
}

/* Any cut of a good URL either parses or is refused, and is never read past its end. */
static void every_cut(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++)
        for (size_t len = 0; len <= strlen(good[i].text); len++) {
            struct ws_url url;
            char *cut = strndup(good[i].text, len); /* its own block, for ASan to guard */
            if (ws_url_parse(cut, &url) == WS_URL_OK)
                ws_url_free(&url);
            free(cut);
        }
}

static void every_error_has_a_text(void **state)
{
    (void)state;
    for (int error = WS_URL_OK; error <= WS_URL_PATH; error++) {
        const char *text = ws_url_error_text((enum ws_url_error)error);
        assert_non_null(text);
        assert_true(strlen(text) > 0 && !strchr(text, '\n') && text[strlen(text) - 1] != '.');
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(good_ones), cmocka_unit_test(typed_ports),
        cmocka_unit_test(bad_ones),  cmocka_unit_test(lengths),
        cmocka_unit_test(every_cut), cmocka_unit_test(every_error_has_a_text),
    };
    return cmocka_run_group_tests_name("url", tests, NULL, NULL);
}
