#include "cmd/wsserve/options/cluster_url.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
/* cmocka.h needs those four before it. */
#include <cmocka.h>

static const char *parse(const char *text, struct cluster_url *url)
{
    static char error[128];
    return cluster_url_parse(text, url, error, sizeof error);
}

static void whole(void **state)
{
    (void)state;
    struct cluster_url url;
    assert_null(parse("rediss://joe:p%40ss:w/rd@redis.example:7000/chat.1", &url));
    assert_true(url.secure);
    assert_string_equal(url.host, "redis.example");
    assert_int_equal(url.port, 7000);
    assert_string_equal(url.user, "joe");
    assert_string_equal(url.password, "p@ss:w/rd");
    assert_string_equal(url.channel, "chat.1");
    cluster_url_free(&url);
    assert_null(url.password);
}

static void least(void **state)
{
    (void)state;
    struct cluster_url url;
    assert_null(parse("REDIS://[::1]/c", &url));
    assert_false(url.secure);
    assert_string_equal(url.host, "::1");
    assert_int_equal(url.port, 6379);
    assert_null(url.user);
    assert_null(url.password);
    cluster_url_free(&url);
    assert_null(parse("redis://:secret@h/c", &url));
    assert_null(url.user);
    assert_string_equal(url.password, "secret");
    cluster_url_free(&url);
}

static void from_the_environment(void **state)
{
    (void)state;
    struct cluster_url url;
    setenv("CLUSTER_TEST", "s/e@c:r%41t", 1);
    assert_null(parse("redis://joe:env:CLUSTER_TEST@h/c", &url));
    assert_string_equal(url.password, "s/e@c:r%41t"); /* taken as it is */
    cluster_url_free(&url);
    unsetenv("CLUSTER_TEST");
    const char *wrong = parse("redis://joe:env:CLUSTER_TEST@h/c", &url);
    assert_non_null(wrong);
    assert_non_null(strstr(wrong, "CLUSTER_TEST"));
}

static void wrong_ones(void **state)
{
    (void)state;
    static const char *const urls[] = {
        "",
        "h/c",
        "http://h/c",
        "redis:///c",
        "redis://h",
        "redis://h/",
        "redis://h:0/c",
        "redis://h:65536/c",
        "redis://h:x/c",
        "redis://joe@h/c",
        "redis://j%00e:secret@h/c",
        "redis://joe:sec%00ret@h/c",
        "redis://h/a/b",
        "redis://h/a b",
        "redis://h/{a}",
        "redis://h/a?b",
        "redis://h/\xC3\xA4",
    };
    for (size_t i = 0; i < sizeof urls / sizeof *urls; i++) {
        struct cluster_url url;
        const char *wrong = parse(urls[i], &url);
        if (!wrong)
            fail_msg("%s is taken", urls[i]);
        assert_null(strstr(wrong, "secret"));
        assert_null(url.host);
        assert_null(url.channel);
    }
}

static void long_ones(void **state)
{
    (void)state;
    static const struct {
        const char *before;
        size_t most;
        const char *after;
    } parts[] = {{"redis://h/", CLUSTER_URL_CHANNEL_MAX, ""},
                 {"redis://:", CLUSTER_URL_PASSWORD_MAX, "@h/c"},
                 {"redis://", CLUSTER_URL_USER_MAX, ":p@h/c"}};
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++)
        for (size_t more = 0; more < 2; more++) {
            struct cluster_url url;
            char text[2048];
            size_t at = (size_t)snprintf(text, sizeof text, "%s", parts[i].before);
            memset(text + at, 'x', parts[i].most + more);
            strcpy(text + at + parts[i].most + more, parts[i].after);
            assert_int_equal(parse(text, &url) != NULL, more);
            cluster_url_free(&url);
        }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(whole),
        cmocka_unit_test(least),
        cmocka_unit_test(from_the_environment),
        cmocka_unit_test(wrong_ones),
        cmocka_unit_test(long_ones),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
