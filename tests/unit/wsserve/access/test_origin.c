#include "cmd/wsserve/access/origin.h"

#include <string.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka.h needs those four before it. */
#include <cmocka.h>

static struct ws_str str(const char *text)
{
    return (struct ws_str){text, strlen(text)};
}

static const char *const malformed[] = {
    "",
    "null",
    "NULL",
    "https://",
    "://example.com",
    "https:example.com",
    "https:/example.com",
    "https://example.com/",
    "https://example.com/path",
    "https://example.com:",
    "https://example.com:0",
    "https://example.com:65536",
    "https://example.com:44a",
    "https://example.com:-1",
    "https://user@example.com",
    "https://example.com#",
    "https://example.com?",
    "https://example.com https://other.example",
    " https://example.com",
    "https://.example.com",
    "https://[::1",
    "https://[::g]",
    "https://[127.0.0.1]",
    "https://exa mple.com",
    "https://example.com\\.evil.com",
    "https://ex\xC3\xA4mple.com",
    "https://*.example.com",
    "https://example.com,https://other.example",
};

static void malformed_origins_are_refused(void **state)
{
    struct ws_origin origin;
    (void)state;
    for (size_t i = 0; i < sizeof malformed / sizeof malformed[0]; i++)
        if (ws_origin_parse(str(malformed[i]), &origin))
            fail_msg("taken: %s", malformed[i]);
    assert_false(ws_origin_parse((struct ws_str){"https://a\0b", 11}, &origin));
    assert_false(ws_origin_parse((struct ws_str){"https\0://ab", 11}, &origin));
}

static void rules_match_whole_and_exactly(void **state)
{
    static const struct {
        const char *rule, *origin;
        bool match;
    } rows[] = {
        {"https://example.com", "https://example.com", true},
        {"https://example.com", "HTTPS://Example.COM", true},
        {"https://example.com", "https://example.com:443", true},
        {"https://example.com:443", "https://example.com", true},
        {"https://example.com", "http://example.com", false},
        {"https://example.com", "https://example.com:8443", false},
        {"https://example.com", "https://evil-example.com", false},
        {"https://example.com", "https://example.com.evil.com", false},
        {"https://example.com", "https://sub.example.com", false},
        {"https://example.com", "https://example.co", false},
        {"https://example.com", "https://example.com.", false},
        {"example.com", "https://example.com", true},
        {"example.com", "http://example.com", true},
        {"example.com", "http://example.com:81", true},
        {"example.com", "http://sub.example.com:81", false},
        {"example.com:443", "http://example.com", false},
        {"example.com", "ftp://example.com", false},
        {"example.com:8080", "http://example.com:8080", true},
        {"example.com:8080", "https://example.com:8080", true},
        {"example.com:8080", "http://example.com", false},
        {"http://[::1]:80", "http://[0:0::1]", true},
        {"http://[::1]", "http://[::2]", false},
        {"chrome-extension://abcdef", "chrome-extension://abcdef", true},
        {"chrome-extension://abcdef", "chrome-extension://abcdeg", false},
        {"localhost:3000", "http://localhost:3000", true},
        {"localhost:3000", "http://127.0.0.1:3000", false},
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct ws_origin rule, origin;
        assert_true(ws_origin_rule_parse(str(rows[i].rule), &rule));
        assert_true(ws_origin_parse(str(rows[i].origin), &origin));
        if (ws_origin_matches(&rule, &origin) != rows[i].match)
            fail_msg("%s and %s", rows[i].rule, rows[i].origin);
    }
}

static void rules_that_mean_nothing_are_refused(void **state)
{
    static const char *const bad[] = {"",          "null",     "*.example.com", "example.com/",
                                      "a b",       "host:",    "host:70000",    "https://",
                                      "user@host", "-example", "[::1"};
    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        assert_false(ws_origin_rule_parse(str(bad[i]), &(struct ws_origin){.port = 0}));
}

static void the_same_origin(void **state)
{
    static const struct {
        const char *origin, *host;
        bool same;
    } rows[] = {
        {"http://127.0.0.1:8080", "127.0.0.1:8080", true},
        {"http://127.0.0.1:8080", "127.0.0.1:8081", false},
        {"http://127.0.0.1:8080", "127.0.0.1", false},
        {"http://localhost", "localhost", true},
        {"http://localhost", "localhost:80", true},
        {"https://example.com", "example.com", true},
        {"https://example.com", "example.com:443", true},
        {"https://example.com", "example.com:80", false},
        {"http://localhost:8080", "127.0.0.1:8080", false},
        {"http://evil.example:8080", "127.0.0.1:8080", false},
        {"http://[::1]:80", "[::1]", true},
        {"file://x", "x", false},
        {"http://a", "", false},
        {"http://a", "a:", false},
        {"http://a", "a, b", false},
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct ws_origin origin;
        assert_true(ws_origin_parse(str(rows[i].origin), &origin));
        if (ws_origin_is_same(&origin, str(rows[i].host), false) != rows[i].same)
            fail_msg("%s and %s", rows[i].origin, rows[i].host);
    }
}

static void names_that_a_page_cannot_have_made_up(void **state)
{
    static const char *const literal[] = {"127.0.0.1", "127.0.0.1:80", "[::1]:8080",
                                          "localhost", "LocalHost:1",  "192.0.2.1"};
    static const char *const named[] = {"",           "rebind.example", "127.0.0.1.example",
                                        "localhost.", "localhost.evil", "xlocalhost",
                                        "2130706433", "0177.0.0.1",     "127.1",
                                        "[::1",       "localhost:x",    "127.0.0.1:80:80"};
    (void)state;
    for (size_t i = 0; i < sizeof literal / sizeof literal[0]; i++)
        assert_true(ws_host_is_literal(str(literal[i])));
    for (size_t i = 0; i < sizeof named / sizeof named[0]; i++)
        if (ws_host_is_literal(str(named[i])))
            fail_msg("taken: %s", named[i]);
}

static void host_rules(void **state)
{
    (void)state;
    assert_true(ws_host_matches(str("example.com"), str("Example.com:8080")));
    assert_true(ws_host_matches(str("example.com:8080"), str("example.com:8080")));
    assert_false(ws_host_matches(str("example.com:8080"), str("example.com")));
    assert_true(ws_host_matches(str("example.com:443"), str("example.com")));
    assert_false(ws_host_matches(str("example.com"), str("evil-example.com")));
    assert_false(ws_host_matches(str("example.com"), str("example.com.evil")));
    assert_false(ws_host_matches(str("example.com"), str("example.com:x")));
    assert_false(ws_host_matches(str(""), str("")));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(malformed_origins_are_refused),
        cmocka_unit_test(rules_match_whole_and_exactly),
        cmocka_unit_test(rules_that_mean_nothing_are_refused),
        cmocka_unit_test(the_same_origin),
        cmocka_unit_test(names_that_a_page_cannot_have_made_up),
        cmocka_unit_test(host_rules),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
