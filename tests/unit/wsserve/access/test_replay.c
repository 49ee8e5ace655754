#include "cmd/wsserve/access/replay.h"

#include <stdio.h>
#include <string.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka.h needs those four before it. */
#include <cmocka.h>

enum { SECOND = 1000000, SMALL = 8 };

static bool fresh(struct ws_replay *replay, unsigned key, int64_t now)
{
    char text[32];
    snprintf(text, sizeof text, "key %u", key);
    return ws_replay_fresh(replay, (struct ws_str){text, strlen(text)}, now);
}

static void a_key_counts_once_in_the_window(void **state)
{
    struct ws_replay *replay = ws_replay_new(10 * SECOND, SMALL);
    (void)state;
    assert_non_null(replay);
    assert_true(fresh(replay, 1, 0));
    assert_false(fresh(replay, 1, 1));
    assert_true(fresh(replay, 2, 5 * SECOND));
    assert_false(fresh(replay, 1, 10 * SECOND - 1));
    assert_true(fresh(replay, 1, 10 * SECOND));
    assert_false(fresh(replay, 1, 11 * SECOND));
    assert_false(fresh(replay, 2, 15 * SECOND - 1));
    assert_true(fresh(replay, 2, 15 * SECOND));
    assert_int_equal(ws_replay_forgotten(replay), 0);
    ws_replay_free(replay);
}

static void the_oldest_are_forgotten_for_want_of_room(void **state)
{
    struct ws_replay *replay = ws_replay_new(10 * SECOND, SMALL);
    (void)state;
    for (unsigned i = 0; i < 1000; i++) {
        assert_true(fresh(replay, i, i));
        assert_int_equal(ws_replay_forgotten(replay), i < SMALL ? 0 : i + 1 - SMALL);
        for (unsigned k = i >= SMALL - 1 ? i - SMALL + 1 : 0; k <= i; k++)
            assert_false(fresh(replay, k, i));
    }
    assert_true(fresh(replay, 0, 1000));
    ws_replay_free(replay);
}

static void many_in_the_whole_table(void **state)
{
    struct ws_replay *replay = ws_replay_new(SECOND, 0);
    (void)state;
    for (unsigned i = 0; i < 3 * WS_REPLAY_MAX; i++)
        assert_true(fresh(replay, i, i));
    for (unsigned i = 2 * WS_REPLAY_MAX; i < 3 * WS_REPLAY_MAX; i++)
        assert_false(fresh(replay, i, 3 * WS_REPLAY_MAX));
    for (unsigned i = 0; i < 100; i++)
        assert_true(fresh(replay, i, 3 * SECOND));
    ws_replay_free(replay);
}

static void too_long_a_key_is_never_fresh(void **state)
{
    static const char key[100] = "x";
    struct ws_replay *replay = ws_replay_new(SECOND, SMALL);
    (void)state;
    assert_false(ws_replay_fresh(replay, (struct ws_str){key, sizeof key}, 0));
    ws_replay_free(replay);
    ws_replay_free(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_key_counts_once_in_the_window),
        cmocka_unit_test(the_oldest_are_forgotten_for_want_of_room),
        cmocka_unit_test(many_in_the_whole_table),
        cmocka_unit_test(too_long_a_key_is_never_fresh),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
