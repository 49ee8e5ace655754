#include <ws/proxy_url.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka.h needs those before it. */
#include <cmocka.h>

/* "http host port user password", "-" for none; or what is wrong. */
static const char *parsed(const char *text)
{
    static char line[2048];
    struct ws_proxy proxy;
    const char *wrong = ws_proxy_parse(text, &proxy);
    if (wrong) {
        assert_null(proxy.host);
        assert_null(proxy.user);
        assert_null(proxy.password);
        return wrong;
    }
    snprintf(line, sizeof line, "%s %s %u %s %s", proxy.kind == WS_PROXY_HTTP ? "http" : "socks5",
             proxy.host, proxy.port, proxy.user ? proxy.user : "-",
             proxy.password ? proxy.password : "-");
    ws_proxy_free(&proxy);
    assert_null(proxy.host);
    return line;
}

static void what_names_a_proxy(void **state)
{
    (void)state;
    static const char *const rows[][2] = {
        {"http://proxy.example:3128", "http proxy.example 3128 - -"},
        {"http://proxy.example:3128/", "http proxy.example 3128 - -"},
        {"http://proxy.example:", "http proxy.example 80 - -"},
        {"HTTP://proxy.example", "http proxy.example 80 - -"},
        {"proxy.example", "http proxy.example 80 - -"},
        {"proxy.example:8080", "http proxy.example 8080 - -"},
        {"joe:secret@proxy.example:8080", "http proxy.example 8080 joe secret"},
        {"socks5://proxy.example", "socks5 proxy.example 1080 - -"},
        {"socks5h://proxy.example:9050/", "socks5 proxy.example 9050 - -"},
        {"socks5://[::1]:1081", "socks5 ::1 1081 - -"},
        {"http://[2001:db8::1]", "http 2001:db8::1 80 - -"},
        {"http://joe:secret@[::1]:1", "http ::1 1 joe secret"},
        {"http://joe@h:65535", "http h 65535 joe "},
        {"http://:secret@h", "http h 80  secret"},
        {"http://j%6Fe:a%40b%3Ac%2f%25@h", "http h 80 joe a@b:c/%"},
        {"http://joe:a:b:c@h", "http h 80 joe a:b:c"},
        {"http://joe:p@ss@h", "http h 80 joe p@ss"},
        {"http://joe:a/b?c#d@h", "http h 80 joe a/b?c#d"},
        {"http://joe:100%@h", "http h 80 joe 100%"},
        {"socks5://a%3Ab:c@h", "socks5 h 1080 a:b c"},
        {"http://gr\xC3\xBC\xC3\x9F", "http xn--gr-hia9i 80 - -"},
        {"socks5://gr%C3%BC%C3%9Fe:c@h", "socks5 h 1080 gr\xC3\xBC\xC3\x9F"
                                         "e c"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        assert_string_equal(parsed(rows[i][0]), rows[i][1]);
}

static void what_does_not(void **state)
{
    (void)state;
    static const char *const rows[][2] = {
        {"", "host is missing"},
        {"http://", "host is missing"},
        {"http:///", "host is missing"},
        {"http://joe:secret@", "host is missing"},
        {"http://joe:secret@:80", "host is missing"},
        {"https://proxy.example", "scheme is none of http, socks5, socks5h"},
        {"socks4://proxy.example", "scheme is none"},
        {"socks://joe:secret@proxy.example", "scheme is none"},
        {"http://h:0", "port"},
        {"http://h:65536", "port"},
        {"http://h::", "port"},
        {"http://h:8o", "port"},
        {"http://[::1", "host"},
        {"http://[::1]x", "host"},
        {"http://h/path", "a proxy has no path"},
        {"http://h?query", "a proxy has no path"},
        {"http://h h", "percent-encoded"},
        {"http://h\r\nX: y", "percent-encoded"},
        {"http://gr\xC3(.example", "internationalized"},
        {"http://joe%00:x@h", "%00"},
        {"http://joe:%00@h", "%00"},
        {"http://joe:a%0d%0ab@h", "control character"},
        {"http://j%7Fe:a@h", "control character"},
        {"http://a%3ab:c@h", "a colon in it"},
        {"socks5://joe@h", "no empty password"},
        {"socks5://:secret@h", "no empty user name"},
        {"socks5://joe:@h", "no empty password"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        const char *wrong = parsed(rows[i][0]);
        if (!strstr(wrong, rows[i][1]))
            fail_msg("%s: '%s' does not say '%s'", rows[i][0], wrong, rows[i][1]);
        assert_null(strstr(wrong, "secret"));
    }
}

static void lengths(void **state)
{
    (void)state;
    static const struct {
        const char *scheme;
        int user, password;
        const char *wrong; /* NULL: none */
    } rows[] = {
        {"http", 255, 1024, NULL},
        {"http", 256, 1, "user name is longer than 255"},
        {"http", 1, 1025, "password is longer than 1024"},
        {"socks5", 255, 255, NULL},
        {"socks5", 256, 255, "user name is longer than 255"},
        {"socks5", 255, 256, "password is longer than 255"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char text[2048];
        snprintf(text, sizeof text, "%s://%0*d:%0*d@h", rows[i].scheme, rows[i].user, 1,
                 rows[i].password, 2);
        const char *got = parsed(text);
        if (rows[i].wrong)
            assert_non_null(strstr(got, rows[i].wrong));
        else
            assert_non_null(strstr(got, " h "));
    }
    char text[600];
    snprintf(text, sizeof text, "%0255d", 0);
    assert_non_null(strstr(parsed(text), "http 0"));
    snprintf(text, sizeof text, "%0256d", 0);
    assert_non_null(strstr(parsed(text), "host"));
}

static void hosts_that_go_without(void **state)
{
    (void)state;
    static const struct {
        const char *list, *host;
        uint16_t port;
        bool bypassed;
    } rows[] = {
        {NULL, "h", 80, false},
        {"", "h", 80, false},
        {" , ,", "h", 80, false},
        {"*", "h", 80, true},
        {"a, *", "::1", 1, true},
        /* names */
        {"example.com", "example.com", 80, true},
        {"example.com", "EXAMPLE.com.", 80, true},
        {"Example.COM.", "example.com", 80, true},
        {"example.com", "www.example.com", 80, true},
        {"example.com", "a.b.example.com", 80, true},
        {"example.com", "badexample.com", 80, false},
        {"example.com", "example.com.evil.test", 80, false},
        {"example.com", "com", 80, false},
        {".example.com", "www.example.com", 80, true},
        {".example.com", "example.com", 80, true},
        {"*.example.com", "www.example.com", 80, true},
        {"*.example.com", "badexample.com", 80, false},
        {"*ple.com", "example.com", 80, false},
        {".", "example.com", 80, false},
        {"..", "example.com", 80, false},
        {"a,b,example.com,c", "example.com", 80, true},
        {"a b\texample.com\nc", "example.com", 80, true},
        {"exa mple.com", "example.com", 80, false},
        /* ports */
        {"example.com:443", "example.com", 443, true},
        {"example.com:443", "www.example.com", 443, true},
        {"example.com:443", "example.com", 80, false},
        {"example.com:", "example.com", 80, false},
        {"example.com:80x", "example.com", 80, false},
        {"example.com:65616", "example.com", 80, false},
        {"example.com:99999999999999999980", "example.com", 80, false},
        {":80", "example.com", 80, false},
        {"localhost:8080", "localhost", 8080, true},
        /* addresses and networks */
        {"127.0.0.1", "127.0.0.1", 80, true},
        {"127.0.0.1:80", "127.0.0.1", 80, true},
        {"127.0.0.1:81", "127.0.0.1", 80, false},
        {"0.0.1", "127.0.0.1", 80, false},
        {"127.0.0.0/8", "127.9.9.9", 80, true},
        {"10.0.0.0/8", "11.0.0.1", 80, false},
        {"127.0.0.0/8", "localhost", 80, false},
        {"127.0.0.1", "::ffff:127.0.0.1", 80, true},
        {"::1", "::1", 80, true},
        {"[::1]", "::1", 80, true},
        {"[::1]:80", "::1", 80, true},
        {"[::1]:81", "::1", 80, false},
        {"0:0::1", "::1", 80, true},
        {"fe80::/10", "fe80::1", 80, true},
        {"fe80::/10", "::1", 80, false},
        {"unix", "unix", 80, true}, /* a host of that name, as any other */
        {"/8", "10.0.0.1", 80, false},
        {"10.0.0.0/", "10.0.0.1", 80, false},
        {"10.0.0.0/33", "10.0.0.1", 80, false},
        {"[", "::1", 80, false},
        {"[]", "::1", 80, false},
        {"]:80", "::1", 80, false},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        if (ws_proxy_bypassed(rows[i].list, rows[i].host, rows[i].port) != rows[i].bypassed)
            fail_msg("'%s' and %s:%u", rows[i].list, rows[i].host, rows[i].port);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_names_a_proxy),
        cmocka_unit_test(what_does_not),
        cmocka_unit_test(lengths),
        cmocka_unit_test(hosts_that_go_without),
    };
    return cmocka_run_group_tests_name("proxy_url", tests, NULL, NULL);
}
