#include "cmd/wsserve/options/settings_config.h"

#include "cmd/wsserve/access/access_rules.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka.h needs those four before it. */
#include <cmocka.h>

static char path[] = "/tmp/test_settings.XXXXXX";

/* A server's settings, and another reading of them. */
static struct {
    struct settings settings;
    struct options options;
    char words[8][64];
    char *argv[9];
    char *said, *changed, *not_reloadable;
    size_t size;
} b;

static void write_file(const char *text)
{
    FILE *file = fopen(path, "we");
    assert_non_null(file);
    assert_true(fputs(text, file) >= 0);
    fclose(file);
}

/* wsserve --config=FILE WORD... */
static void begin(const char *text, const char *const *words)
{
    int argc = 0;
    memset(&b, 0, sizeof b);
    snprintf(b.words[argc++], sizeof b.words[0], "wsserve");
    snprintf(b.words[argc++], sizeof b.words[0], "--config=%s", path);
    for (; *words; words++)
        snprintf(b.words[argc++], sizeof b.words[0], "%s", *words);
    for (int i = 0; i < argc; i++)
        b.argv[i] = b.words[i];
    write_file(text);
    assert_true(serve_settings_read(&b.settings, &b.options, argc, b.argv, access_rules_check));
}

static struct settings_reload *again(const char *text)
{
    free(b.said);
    free(b.changed);
    free(b.not_reloadable);
    b.said = NULL;
    if (text)
        write_file(text);
    FILE *err = open_memstream(&b.said, &b.size);
    struct settings_reload *again =
        settings_config_reload(&b.settings, &b.options, err, &b.changed, &b.not_reloadable);
    fclose(err);
    return again;
}

static void end(void)
{
    free(b.said);
    free(b.changed);
    free(b.not_reloadable);
    serve_settings_free(&b.settings, &b.options);
}

static void test_changes(void **state)
{
    (void)state;
    const char *words[] = {"--max-connections=7", "--listen=unix:/a", NULL};
    begin("idle-timeout = 5\nmax-connections = 3\nlisten = unix:/b\n", words);
    assert_int_equal(b.settings.idle_timeout_us, 5000000);
    assert_int_equal(b.settings.max_connections, 7);
    assert_int_equal(b.settings.listen.count, 1);
    assert_string_equal(b.settings.listen.items[0], "unix:/a");

    struct settings_reload *a = again("idle-timeout = 6\nloglevel = debug\nmax-connections = 4\n");
    assert_non_null(a);
    assert_string_equal(b.changed, "idle-timeout, loglevel");
    assert_string_equal(b.not_reloadable, "");
    assert_int_equal(a->settings.idle_timeout_us, 6000000);
    assert_int_equal(a->settings.operate.log_level, WS_LOG_DEBUG);
    assert_int_equal(a->settings.max_connections, 7);
    assert_string_equal(a->settings.listen.items[0], "unix:/a");
    assert_int_equal(b.settings.idle_timeout_us, 5000000); /* in use, and as it was */
    settings_reload_free(a);
    assert_string_equal(b.settings.listen.items[0], "unix:/a");

    a = again("idle-timeout = 5000ms\n");
    assert_string_equal(b.changed, "");
    settings_reload_free(a);
    end();
}

/* What cannot change is as it was at the start, also what only its own function understands. */
static void test_stuck(void **state)
{
    (void)state;
    const char *words[] = {NULL};
    begin("port = 80\nidle-timeout = 5\nsource = 5:100\nsubprotocol = a\n", words);
    struct settings_reload *a = again("port = 81\nidle-timeout = 6\nsource = 6:100\n");
    assert_non_null(a);
    assert_string_equal(b.changed, "idle-timeout");
    assert_string_equal(b.not_reloadable, "port, source, subprotocol");
    assert_int_equal(a->settings.port, 80);
    assert_int_equal(a->settings.idle_timeout_us, 6000000);
    assert_int_equal(a->settings.operate.source_rate, 5);
    assert_int_equal(a->settings.http.subprotocols.count, 1);
    assert_string_equal(a->settings.http.subprotocols.items[0], "a");
    settings_reload_free(a);
    end();
}

static void test_refused(void **state)
{
    (void)state;
    const char *words[] = {"--max-connections=7", NULL};
    char expected[160];
    begin("idle-timeout = 5\n", words);
    assert_null(again("idle-timeout = 6\nmax-connections = x\n"));
    snprintf(expected, sizeof expected, "wsserve: %s:2: option 'max-connections': 'x' is not ",
             path);
    assert_memory_equal(b.said, expected, strlen(expected));
    assert_null(again("sink\nreply = x\n"));
    assert_non_null(strstr(b.said, "two modes"));
    unlink(path);
    assert_null(again(NULL));
    assert_non_null(strstr(b.said, "No such file"));
    end();
}

static void test_without(void **state)
{
    (void)state;
    char word[] = "wsserve";
    char *argv[] = {word, NULL};
    assert_true(serve_settings_read(&b.settings, &b.options, 1, argv, access_rules_check));
    assert_null(b.settings.source);
    assert_int_equal(b.settings.operate.drain_us, 10000000);
    assert_int_equal(b.settings.operate.shutdown_code, 1001);
    assert_int_equal(b.settings.operate.log_level, WS_LOG_INFO);
    serve_settings_free(&b.settings, &b.options);
}

static int make_file(void **state)
{
    (void)state;
    int fd = mkstemp(path);
    return fd < 0 ? -1 : close(fd);
}

static int remove_file(void **state)
{
    (void)state;
    unlink(path);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_changes),
        cmocka_unit_test(test_stuck),
        cmocka_unit_test(test_refused),
        cmocka_unit_test(test_without),
    };
    return cmocka_run_group_tests_name("wsserve_settings_config", tests, make_file, remove_file);
}
