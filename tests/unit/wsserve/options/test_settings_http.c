#include "cmd/wsserve/options/settings_http.h"

#include "cmd/wsserve/access/access_rules.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka.h needs those four before it. */
#include <cmocka.h>

static struct settings_http settings;
static size_t allowed; /* entries of --allow */
static char said[1024];

/* Parses and checks a command line of up to three words; the exit code, 0 when it is good. */
static int check(const char *a, const char *b, const char *c)
{
    char *argv[] = {(char *)(uintptr_t) "tool", (char *)(uintptr_t)a, (char *)(uintptr_t)b,
                    (char *)(uintptr_t)c, NULL};
    int argc = 1 + (a != NULL) + (b != NULL) + (c != NULL);
    struct option_table table = {settings_http_rows, SETTINGS_HTTP_ROWS, &settings, NULL};
    FILE *err = fmemopen(said, sizeof said, "w");
    struct options options = {
        .tool = "tool", .usage = "tool", .tables = &table, .table_count = 1, .err = err};
    settings = (struct settings_http){.path = NULL};
    memset(said, 0, sizeof said);
    int status = 0;
    if (!options_parse(&options, argc, argv) ||
        !settings_http_check(&settings, access_rules_check, &options))
        status = options.status;
    fclose(err);
    allowed = settings.allow.count;
    options_free(&options);
    return status;
}

static void nothing_is_asked_for_by_default(void **state)
{
    (void)state;
    assert_int_equal(check(NULL, NULL, NULL), 0);
    assert_null(settings.health);
    assert_null(settings.metrics);
    assert_null(settings.admin);
    assert_false(settings.dev_console);
}

static void paths_have_defaults_and_a_form(void **state)
{
    (void)state;
    assert_int_equal(check("--health", "--metrics", NULL), 0);
    assert_string_equal(settings.health, "/health");
    assert_string_equal(settings.metrics, "/metrics");
    assert_int_equal(check("--health=/up", "--path=/a/b", NULL), 0);
    assert_string_equal(settings.health, "/up");
    assert_int_equal(check("--path=a", NULL, NULL), 2);
    assert_int_equal(check("--health=/a?b", NULL, NULL), 2);
    assert_int_equal(check("--metrics=/a b", NULL, NULL), 2);
    assert_int_equal(check("--path=/a#b", NULL, NULL), 2);
    assert_non_null(strstr(said, "'--path': '/a#b'"));
}

static void what_excludes_or_needs_another(void **state)
{
    (void)state;
    assert_int_equal(check("--origin=a", "--sameorigin", NULL), 2);
    assert_int_equal(check("--require-protocol", NULL, NULL), 2);
    assert_int_equal(check("--require-protocol", "--subprotocol=chat", NULL), 0);
}

static void lists_collect_and_are_looked_at_at_once(void **state)
{
    (void)state;
    assert_int_equal(check("--allow=10.0.0.0/8,::1", "--allow=unix", "--deny=10.1.0.0/16"), 0);
    assert_int_equal(allowed, 2);
    assert_int_equal(check("--allow=10.0.0.0/8", "--allow=10.0.0.1/8", NULL), 2);
    assert_non_null(strstr(said, "10.0.0.1/8"));
    assert_int_equal(check("--header=A: b", "--header=C:d", "--header-ws=E: "), 0);
    assert_int_equal(check("--header=Connection: keep-alive", NULL, NULL), 2);
    assert_int_equal(check("--header=content-length: 0", NULL, NULL), 2);
    assert_int_equal(check("--header-http=x", NULL, NULL), 2);
    assert_int_equal(check("--origin=https://a.example,null", NULL, NULL), 2);
    assert_int_equal(check("--host-allow=a/b", NULL, NULL), 2);
}

/* What goes wrong with a secret does not show it. */
static void secrets_are_not_repeated(void **state)
{
    (void)state;
    assert_int_equal(check("--auth=hush", NULL, NULL), 2);
    assert_null(strstr(said, "hush"));
    assert_int_equal(check("--token=", NULL, NULL), 2);
    assert_int_equal(check("--auth=ann:hush", "--token=t", NULL), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nothing_is_asked_for_by_default),
        cmocka_unit_test(paths_have_defaults_and_a_form),
        cmocka_unit_test(what_excludes_or_needs_another),
        cmocka_unit_test(lists_collect_and_are_looked_at_at_once),
        cmocka_unit_test(secrets_are_not_repeated),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
