#include "libws/io/wheel.h"

#include <stdlib.h>
#include <string.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka.h needs those four before it. */
#include <cmocka.h>

/* The model: every timer, and when it is due; -1: not armed. */
enum { TIMERS = 200 };

struct entry {
    struct ws_timer timer; /* first: a timer is found by it */
    int64_t due;
    int64_t begun_again;  /* what to arm it for inside fire; 0: nothing */
    struct entry *victim; /* what to cancel inside fire */
    unsigned fired;
};

static struct ws_wheel wheel;
static struct entry entries[TIMERS];
static int64_t target, last_fired;
static uint64_t state = 88172645463325252u;

static uint64_t random_number(void)
{
    state ^= state << 13;
    state ^= state >> 7;
    state ^= state << 17;
    return state;
}

/* Near, far and very far, evenly over the magnitudes. */
static int64_t random_distance(void)
{
    return (int64_t)(random_number() & ((UINT64_C(1) << (random_number() % 35)) - 1));
}

static int64_t earliest(void)
{
    int64_t least = -1;
    for (int i = 0; i < TIMERS; i++)
        if (entries[i].due >= 0 && (least < 0 || entries[i].due < least))
            least = entries[i].due;
    return least;
}

static void arm(struct entry *entry, int64_t when)
{
    ws_wheel_arm(&wheel, &entry->timer, when);
    entry->due = when > wheel.now_ms ? when : wheel.now_ms + 1;
}

static void cancel(struct entry *entry)
{
    ws_wheel_cancel(&wheel, &entry->timer);
    entry->due = -1;
}

static void on_fire(struct ws_timer *timer)
{
    struct entry *entry = (struct entry *)(void *)timer;
    assert_false(ws_timer_armed(timer));
    assert_true(entry->due >= 0);
    assert_int_equal(entry->due, wheel.now_ms); /* neither early nor late */
    assert_true(entry->due <= target);
    assert_true(entry->due >= last_fired); /* in order */
    last_fired = entry->due;
    /* Nothing that is due earlier was passed over. */
    assert_int_equal(earliest(), entry->due);
    entry->due = -1;
    entry->fired++;
    if (entry->victim)
        cancel(entry->victim);
    if (entry->begun_again)
        arm(entry, wheel.now_ms + entry->begun_again - 1);
    entry->begun_again = 0;
    entry->victim = NULL;
}

static void check_next(void)
{
    int64_t least = earliest(), next = ws_wheel_next(&wheel);
    if (least < 0) {
        assert_int_equal(next, -1);
        return;
    }
    assert_true(next > wheel.now_ms);
    assert_true(next <= least);
}

static void advance(int64_t now)
{
    target = now;
    last_fired = 0;
    ws_wheel_advance(&wheel, now);
    assert_int_equal(wheel.now_ms, now);
    for (int i = 0; i < TIMERS; i++) {
        assert_true(entries[i].due < 0 || entries[i].due > now);
        assert_int_equal(ws_timer_armed(&entries[i].timer), entries[i].due >= 0);
    }
    check_next();
}

static void start(int64_t now)
{
    ws_wheel_init(&wheel, now);
    memset(entries, 0, sizeof entries);
    for (int i = 0; i < TIMERS; i++) {
        entries[i].timer.fire = on_fire;
        entries[i].due = -1;
    }
}

/* Against a naive list: random arms, cancels, moves and jumps, also from inside fire. */
static void like_a_sorted_list(void **unused)
{
    (void)unused;
    static const int64_t beginnings[] = {0,
                                         1,
                                         63,
                                         64,
                                         4095,
                                         (INT64_C(1) << 30) - 5,
                                         (INT64_C(1) << 35) - 100,
                                         (INT64_C(1) << 36) - 100};
    for (size_t b = 0; b < sizeof beginnings / sizeof beginnings[0]; b++) {
        start(beginnings[b]);
        for (int step = 0; step < 4000; step++) {
            struct entry *entry = &entries[random_number() % TIMERS];
            switch (random_number() % 8) {
            case 0:
                cancel(entry);
                break;
            case 1:
                entry->begun_again = random_distance() + 1;
                entry->victim = &entries[random_number() % TIMERS];
                break;
            case 2:
                advance(wheel.now_ms + random_distance() % 300);
                break;
            case 3:
                if (random_number() % 50 == 0)
                    advance(wheel.now_ms + random_distance());
                else
                    advance(wheel.now_ms + 1);
                break;
            case 4:
                arm(entry, wheel.now_ms - random_distance() % 10); /* that has passed */
                break;
            default:
                arm(entry, wheel.now_ms + random_distance());
            }
            check_next();
        }
        advance(wheel.now_ms + (INT64_C(1) << 35) + 1);
        for (int i = 0; i < TIMERS; i++)
            cancel(&entries[i]);
        check_next();
    }
}

static void equal_milliseconds_all_fire(void **unused)
{
    (void)unused;
    start(1000);
    for (int i = 0; i < TIMERS; i++)
        arm(&entries[i], 5000);
    advance(4999);
    assert_int_equal(entries[0].fired, 0);
    advance(5000);
    for (int i = 0; i < TIMERS; i++)
        assert_int_equal(entries[i].fired, 1);
}

static void one_cancels_the_next_of_its_slot(void **unused)
{
    (void)unused;
    /* Whichever order a slot has, a pair that cancel one another fire once in all. */
    for (int i = 0; i < 2; i++) {
        start(10);
        arm(&entries[i], 20);
        arm(&entries[1 - i], 20);
        entries[0].victim = &entries[1];
        entries[1].victim = &entries[0];
        advance(30);
        assert_int_equal(entries[0].fired + entries[1].fired, 1);
    }
}

/* Those that wait for no time: in order, each once a call, whatever is armed and cancelled
 * meanwhile. */
static unsigned order[TIMERS], order_len;

static void on_fire_next(struct ws_timer *timer)
{
    struct entry *entry = (struct entry *)(void *)timer;
    assert_false(ws_timer_armed(timer));
    order[order_len++] = (unsigned)(entry - entries);
    if (entry->begun_again)
        ws_wheel_arm_next(&wheel, timer);
    if (entry->victim)
        ws_wheel_cancel(&wheel, &entry->victim->timer);
}

static void fires_next(const char *expected)
{
    char text[TIMERS] = "";
    order_len = 0;
    ws_wheel_fire_next(&wheel);
    for (unsigned i = 0; i < order_len; i++)
        text[i] = (char)('0' + order[i]);
    assert_string_equal(text, expected);
}

static void without_a_time(void **unused)
{
    (void)unused;
    start(10);
    fires_next("");
    for (int i = 0; i < 6; i++) {
        entries[i].timer.fire = on_fire_next;
        ws_wheel_arm_next(&wheel, &entries[i].timer);
    }
    assert_int_equal(ws_wheel_count(&wheel), 6);
    assert_int_equal(ws_wheel_next(&wheel), -1);
    ws_wheel_advance(&wheel, 1000); /* has no part in them */
    ws_wheel_cancel(&wheel, &entries[0].timer);
    ws_wheel_cancel(&wheel, &entries[3].timer);
    ws_wheel_cancel(&wheel, &entries[5].timer);
    entries[1].begun_again = 1;
    entries[2].victim = &entries[4];
    fires_next("12");
    ws_wheel_arm_next(&wheel, &entries[2].timer);
    ws_wheel_arm_next(&wheel, &entries[1].timer); /* moves to the end */
    entries[1].victim = &entries[1];              /* and is not armed any more */
    entries[2].victim = NULL;
    fires_next("21");
    entries[1].victim = NULL;
    ws_wheel_arm(&wheel, &entries[1].timer, 2000);
    assert_int_equal(ws_wheel_count(&wheel), 1);
    ws_wheel_arm_next(&wheel, &entries[1].timer); /* from its time to the list */
    assert_int_equal(ws_wheel_next(&wheel), -1);
    entries[1].begun_again = 0;
    fires_next("1");
    fires_next("");
    assert_int_equal(ws_wheel_count(&wheel), 0);
}

static void what_has_passed_fires_at_the_next_advance(void **unused)
{
    (void)unused;
    start(500);
    arm(&entries[0], 3);
    arm(&entries[1], 500);
    assert_int_equal(ws_wheel_next(&wheel), 501);
    advance(501);
    assert_int_equal(entries[0].fired, 1);
    assert_int_equal(entries[1].fired, 1);
}

static void arming_again_moves(void **unused)
{
    (void)unused;
    start(0);
    arm(&entries[0], 10);
    arm(&entries[0], 100000);
    advance(99999);
    assert_int_equal(entries[0].fired, 0);
    arm(&entries[0], 100005);
    advance(100005);
    assert_int_equal(entries[0].fired, 1);
    advance(200000);
    assert_int_equal(entries[0].fired, 1);
    cancel(&entries[0]); /* of one that is not armed */
    cancel(&entries[0]);
}

static void farther_than_the_wheel_is_cut(void **unused)
{
    (void)unused;
    start(7);
    ws_wheel_arm(&wheel, &entries[0].timer, INT64_MAX);
    entries[0].due = entries[0].timer.when_ms;
    assert_int_equal(entries[0].due, 7 + (INT64_C(1) << 35));
    advance(7 + (INT64_C(1) << 35));
    assert_int_equal(entries[0].fired, 1);
}

/* A sleeper that follows next() alone is woken at most once a level for a timer, however far. */
static void few_wake_ups(void **unused)
{
    (void)unused;
    for (int i = 0; i < 200; i++) {
        start((int64_t)(random_number() >> 30));
        arm(&entries[0], wheel.now_ms + 1 + random_distance());
        unsigned wakes = 0;
        while (!entries[0].fired) {
            assert_true(++wakes <= WS_WHEEL_LEVELS);
            advance(ws_wheel_next(&wheel));
        }
    }
}

static void a_timer_that_begins_again_goes_on(void **unused)
{
    (void)unused;
    start(0);
    for (int i = 1; i <= 1000; i++) {
        if (i == 1)
            arm(&entries[0], 7);
        entries[0].begun_again = 8;
        advance(i * 7);
        assert_int_equal(entries[0].fired, i);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(like_a_sorted_list),
        cmocka_unit_test(equal_milliseconds_all_fire),
        cmocka_unit_test(one_cancels_the_next_of_its_slot),
        cmocka_unit_test(what_has_passed_fires_at_the_next_advance),
        cmocka_unit_test(without_a_time),
        cmocka_unit_test(arming_again_moves),
        cmocka_unit_test(farther_than_the_wheel_is_cut),
        cmocka_unit_test(few_wake_ups),
        cmocka_unit_test(a_timer_that_begins_again_goes_on),
    };
    return cmocka_run_group_tests_name("wheel", tests, NULL, NULL);
}
