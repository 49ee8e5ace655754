#include "cmd/wsbench/payload/replay.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

static struct replay replay;
static char problem[200];

static bool load(const char *text)
{
    char name[] = "/tmp/test_replay.XXXXXX";
    int fd = mkstemp(name);
    assert_int_equal(write(fd, text, strlen(text)), strlen(text));
    close(fd);
    bool ok = replay_read(&replay, name, problem, sizeof problem);
    unlink(name);
    return ok;
}

static void what_the_client_sent(void **state)
{
    (void)state;
    assert_true(load("{\"us\":500,\"dir\":\"in\",\"type\":\"text\",\"data\":\"no\"}\n\n"
                     "{\"us\":1000,\"type\":\"text\",\"data\":\"one\"}\n"
                     "{\"us\":1001,\"type\":\"ping\",\"data\":\"x\"}\n"
                     "{\"us\":900,\"type\":\"binary\",\"b64\":\"AAEC\"}\n"
                     "{\"us\":3000,\"data\":\"\"}"));
    assert_int_equal(replay.count, 3);
    assert_int_equal(replay.messages[0].at_us, 0);
    assert_int_equal(replay.messages[1].at_us, 0); /* never before the first */
    assert_int_equal(replay.messages[2].at_us, 2000);
    assert_true(replay.messages[1].binary && !replay.messages[0].binary);
    assert_memory_equal(ws_bytes_data(replay.data) + replay.messages[1].offset, "\0\1\2", 3);
    replay_free(&replay);
    /* Recorded by the server: what came in is the client's. */
    assert_true(load("{\"type\":\"open\",\"dir\":\"out\",\"status\":101}\n"
                     "{\"us\":5,\"dir\":\"in\",\"data\":\"abc\"}\n"
                     "{\"us\":6,\"dir\":\"out\",\"data\":\"de\"}\n"));
    assert_int_equal(replay.count, 1);
    assert_int_equal(replay.messages[0].len, 3);
    replay_free(&replay);
}

static void what_is_no_recording(void **state)
{
    (void)state;
    assert_false(load("") || load("{\"type\":\"ping\"}\n"));
    assert_non_null(strstr(problem, "no text or binary message"));
    assert_false(load("{\"us\":5,\"dir\":\"in\",\"data\":\"a\"}\n"));
    assert_non_null(strstr(problem, "the client sent no message in it"));
    assert_false(load("{\"type\":\"open\",\"dir\":\"out\",\"status\":101}\n"
                      "{\"us\":6,\"dir\":\"out\",\"data\":\"de\"}\n"));
    assert_non_null(strstr(problem, "the client sent no message in it"));
    assert_false(load("{\"data\":\"a\"}\nx\n"));
    assert_non_null(strstr(problem, ":2: not JSON"));
    replay_free(&replay);
    assert_false(replay_read(&replay, "/nowhere/file", problem, sizeof problem));
    assert_string_equal(problem, ""); /* it was printed */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_the_client_sent),
        cmocka_unit_test(what_is_no_recording),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
