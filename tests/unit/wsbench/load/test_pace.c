#include "cmd/wsbench/load/pace.h"

#include "cmd/wsbench/load/clock.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

enum { PEERS = 200 };

static struct pace_entry entries[PEERS];
static struct pace pace;
static struct ws_loop *loop;
static int64_t last_ns;
static unsigned taken;

static void on_due(struct pace *p, int64_t now_ns)
{
    for (struct pace_entry *entry; (entry = pace_take(p, now_ns)); taken++) {
        assert_true(entry->due_ns <= now_ns);
        assert_true(entry->due_ns >= last_ns);
        assert_false(entry->waits);
        last_ns = entry->due_ns;
    }
    if (taken >= PEERS)
        ws_loop_stop(loop);
}

static void entries_come_out_in_the_order_of_their_times(void **state)
{
    (void)state;
    assert_int_equal(ws_loop_new(&loop), WS_OK);
    assert_true(pace_open(&pace, loop, PEERS, on_due));
    int64_t now = clock_ns();
    srandom(3);
    for (int i = 0; i < PEERS; i++) {
        entries[i].due_ns = now + random() % 20 * NS_PER_MS;
        pace_add(&pace, &entries[i]);
        assert_true(entries[i].waits);
    }
    assert_null(pace_take(&pace, now - 1));
    ws_loop_run(loop);
    assert_int_equal(taken, PEERS);
    pace_add(&pace, &entries[0]);
    pace_close(&pace);
    assert_false(entries[0].waits);
    pace_close(&pace);
    ws_loop_free(loop);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(entries_come_out_in_the_order_of_their_times),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
