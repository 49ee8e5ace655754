#include "cmd/wsbench/options/settings.h"

#include "cmd/common/units.h"
#include "cmd/wsbench/payload/payload.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

static struct settings settings;
static struct options options;
static char words[400];

static int tear_down(void **state)
{
    (void)state;
    wsbench_settings_free(&settings);
    options_free(&options);
    return 0;
}

/* Reads a command line: its words with one blank between them. */
static bool reads(const char *line)
{
    char *argv[40], *rest = words;
    int argc = 0;
    wsbench_settings_free(&settings);
    options_free(&options);
    snprintf(words, sizeof words, "wsbench %s", line);
    for (char *word; (word = strsep(&rest, " "));)
        argv[argc++] = word;
    argv[argc] = NULL;
    return wsbench_settings_read(&settings, &options, argc, argv);
}

static void accepted(const char *line)
{
    if (!reads(line))
        fail_msg("%s was refused", line);
}

/* What is said about it is for the tests of the tool; here it is that it is refused at all. */
static void refused(const char *line)
{
    int before = dup(STDERR_FILENO);
    FILE *said = tmpfile();
    assert_non_null(said);
    dup2(fileno(said), STDERR_FILENO);
    bool read = reads(line);
    dup2(before, STDERR_FILENO);
    close(before);
    fclose(said);
    if (read)
        fail_msg("%s was accepted", line);
    assert_int_equal(options.status, 2);
}

static void defaults(void **state)
{
    (void)state;
    accepted("ws://x/");
    assert_true(settings.mode == MODE_ECHO && settings.connections == 10 && settings.threads == 1);
    assert_true(settings.duration_us == SECONDS(10) && settings.timeout_us == SECONDS(5));
    assert_true(settings.window == 1 && settings.rate == 0 && settings.messages == 0);
    assert_true(settings.size.least == 20 && settings.size.most == 20);
    assert_int_equal(settings.percentiles.count, 7);
    assert_false(settings_open_model(&settings));
}

/* What a mode or an option brings with it where nothing else is asked for. */
static void what_follows_from_others(void **state)
{
    (void)state;
    accepted("--mode=broadcast ws://x/");
    assert_true(settings.rate == 100 && settings.size.least == PAYLOAD_HEAD);
    accepted("--mode=broadcast -R 7 -s 100 ws://x/");
    assert_true(settings.rate == 7 && settings.size.least == 100);
    accepted("--burst=50:250ms ws://x/");
    assert_true(settings.rate == 200 && settings_open_model(&settings));
    accepted("--find-rate=10ms@p99 ws://x/");
    assert_int_equal(settings.duration_us, SECONDS(3));
    accepted("--find-rate=10ms@p99 -d 8s ws://x/");
    assert_int_equal(settings.duration_us, SECONDS(8));
    accepted("-m hello ws://x/");
    assert_string_equal(settings.own_options.match, "echo");
    accepted("-z ws://x/");
    assert_true(settings.compress.wanted);
}

static void which_modes_send_and_are_answered(void **state)
{
    static const struct {
        const char *line;
        bool sends, answered;
    } rows[] = {{"--mode=echo ws://x", true, true},      {"--mode=churn ws://x", true, true},
                {"--mode=ping ws://x", true, true},      {"--mode=broadcast ws://x", true, false},
                {"--mode=sink ws://x", true, false},     {"--mode=source ws://x", false, false},
                {"--mode=connect ws://x", false, false}, {"--mode=idle ws://x", false, false}};
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        accepted(rows[i].line);
        assert_int_equal(settings_sends(&settings), rows[i].sends);
        assert_int_equal(settings_answered(&settings), rows[i].answered);
        assert_memory_equal(settings_mode_name(&settings), rows[i].line + 7,
                            strlen(settings_mode_name(&settings)));
    }
}

static void what_contradicts_itself(void **state)
{
    static const char *const lines[] = {"",
                                        "ws://x ws://y",
                                        "-d 0 ws://x",
                                        "-c 2 -t 3 ws://x",
                                        "-c 2 --publishers=3 ws://x",
                                        "--text --binary ws://x",
                                        "--burst=5:1s -R 5 ws://x",
                                        "--burst=5:1s --ramp=1s ws://x",
                                        "--ramp=11s ws://x",
                                        "--arrival=poisson ws://x",
                                        "--mode=idle -R 5 ws://x",
                                        "--mode=ping -s 126 ws://x",
                                        "-s 20-50 ws://x",
                                        "--stages=1,2 --find-rate=1s@p50 ws://x",
                                        "--stages=rate:5 --mode=idle ws://x",
                                        "--stages=1 -t 2 ws://x",
                                        "--stages=1,2 -c 5 ws://x",
                                        "--stages=rate:1,2 -R 5 ws://x",
                                        "-m x -s 5 ws://x",
                                        "--match=seq ws://x",
                                        "--first-expect=x ws://x",
                                        "--find-rate=1s@p50 -d 0 -n 5 ws://x",
                                        "--source-ip=127.0.0.1 --interface=127.0.0.1 ws://x",
                                        "--merge",
                                        "--merge -c 5 file",
                                        "--fail-if=nothing>5 ws://x",
                                        "--abort-if=rtt.p99 ws://x",
                                        "-T 0 ws://x"};
    (void)state;
    for (size_t i = 0; i < sizeof lines / sizeof lines[0]; i++)
        refused(lines[i]);
}

static void what_belongs_to_stages(void **state)
{
    (void)state;
    accepted("--stages=rate:1,2 -c 5 ws://x");
    accepted("--stages=1,2 -R 5 ws://x");
    accepted("--find-rate=1s@p50 -R 5 ws://x");
}

static void errors_in_the_words_of_the_options(void **state)
{
    (void)state;
    accepted("ws://x"); /* not with --http2, which some builds refuse */
    assert_string_equal(settings_explain(&settings, WS_E_HTTP2),
                        ws_error_info(WS_E_HTTP2)->explanation);
    settings.target.http2 = TARGET_HTTP2_PRIOR;
    assert_non_null(strstr(settings_explain(&settings, WS_E_HTTP2), "--http2=prior begins with"));
    assert_string_equal(settings_explain(&settings, WS_E_CONNECT),
                        ws_error_info(WS_E_CONNECT)->explanation);
}

/* What belongs to the connections: their pieces, limits and compression. */
static void of_the_connections(void **state)
{
    struct ws_conn_config config;
    (void)state;
    accepted("--fragment=7 -s 100M --connect-timeout=2s ws://x");
    wsbench_settings_conn_config(&settings, &config);
    assert_true(config.session.chunks && config.session.max_frame == 7);
    assert_true(config.session.max_message == 100 << 20 && config.handshake_ms == 2000);
    accepted("-m hello ws://x"); /* whole, to be matched */
    wsbench_settings_conn_config(&settings, &config);
    assert_false(config.session.chunks);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(defaults, tear_down),
        cmocka_unit_test_teardown(what_follows_from_others, tear_down),
        cmocka_unit_test_teardown(which_modes_send_and_are_answered, tear_down),
        cmocka_unit_test_teardown(what_contradicts_itself, tear_down),
        cmocka_unit_test_teardown(what_belongs_to_stages, tear_down),
        cmocka_unit_test_teardown(errors_in_the_words_of_the_options, tear_down),
        cmocka_unit_test_teardown(of_the_connections, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
