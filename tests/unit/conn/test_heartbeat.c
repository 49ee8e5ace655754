#include <ws/heartbeat.h>

#include <string.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka.h needs those four before it. */
#include <cmocka.h>

static const struct ws_heartbeat_config usual = {30000, 10000, 2};

/* The next time at which something other than WAIT is said, and what. */
static int64_t run(struct ws_heartbeat *beat, const struct ws_heartbeat_config *config,
                   enum ws_heartbeat_verdict *verdict)
{
    for (int i = 0; i < 100; i++) {
        int64_t now = beat->due_ms;
        assert_int_equal(ws_heartbeat_check(beat, config, now - 1), WS_HEARTBEAT_WAIT);
        *verdict = ws_heartbeat_check(beat, config, now);
        if (*verdict != WS_HEARTBEAT_WAIT)
            return now;
        assert_true(beat->due_ms > now);
    }
    fail_msg("it never says anything");
    return 0;
}

/* Within fifty seconds of the last byte. */
static void a_dead_peer_is_found(void **state)
{
    (void)state;
    struct ws_heartbeat beat;
    enum ws_heartbeat_verdict verdict;
    ws_heartbeat_start(&beat, &usual, 1000, 0);
    assert_int_equal(run(&beat, &usual, &verdict), 31000);
    assert_int_equal(verdict, WS_HEARTBEAT_PING);
    assert_int_equal(run(&beat, &usual, &verdict), 41000);
    assert_int_equal(verdict, WS_HEARTBEAT_PING);
    assert_int_equal(run(&beat, &usual, &verdict), 51000);
    assert_int_equal(verdict, WS_HEARTBEAT_DEAD);
}

static void more_may_be_missed(void **state)
{
    (void)state;
    for (uint32_t limit = 1; limit < 10; limit++) {
        struct ws_heartbeat_config config = {100, 10, limit};
        struct ws_heartbeat beat;
        enum ws_heartbeat_verdict verdict;
        ws_heartbeat_start(&beat, &config, 1, 0);
        for (uint32_t i = 0; i < limit; i++) {
            assert_int_equal(run(&beat, &config, &verdict), 101 + 10 * i);
            assert_int_equal(verdict, WS_HEARTBEAT_PING);
        }
        run(&beat, &config, &verdict);
        assert_int_equal(verdict, WS_HEARTBEAT_DEAD);
    }
}

static void a_peer_that_answers_is_pinged_every_interval(void **state)
{
    (void)state;
    struct ws_heartbeat beat;
    enum ws_heartbeat_verdict verdict;
    ws_heartbeat_start(&beat, &usual, 1, 0);
    for (int i = 1; i < 1000; i++) {
        assert_int_equal(run(&beat, &usual, &verdict), 1 + i * 30000);
        assert_int_equal(verdict, WS_HEARTBEAT_PING);
        assert_int_equal(beat.sequence, i);
        ws_heartbeat_heard(&beat, 1 + i * 30000 + i % 9999);
    }
}

/* However much longer it would wait for an answer. */
static void the_interval_may_be_shorter_than_the_timeout(void **state)
{
    (void)state;
    struct ws_heartbeat_config config = {1000, 10000, 2};
    struct ws_heartbeat beat;
    enum ws_heartbeat_verdict verdict;
    ws_heartbeat_start(&beat, &config, 1, 0);
    for (int i = 1; i < 100; i++) {
        assert_int_equal(run(&beat, &config, &verdict), 1 + i * 1000);
        assert_int_equal(verdict, WS_HEARTBEAT_PING);
        ws_heartbeat_heard(&beat, 1 + i * 1000 + i);
    }
    /* Without an answer the next comes when the time for it is over. */
    assert_int_equal(run(&beat, &config, &verdict), 100001);
    assert_int_equal(run(&beat, &config, &verdict), 110001);
    assert_int_equal(verdict, WS_HEARTBEAT_PING);
    assert_int_equal(run(&beat, &config, &verdict), 120001);
    assert_int_equal(verdict, WS_HEARTBEAT_DEAD);
}

/* One that is missed is forgiven as soon as anything comes. */
static void any_life_counts(void **state)
{
    (void)state;
    struct ws_heartbeat beat;
    enum ws_heartbeat_verdict verdict;
    ws_heartbeat_start(&beat, &usual, 1, 0);
    for (int i = 0; i < 100; i++) {
        int64_t first = run(&beat, &usual, &verdict);
        assert_int_equal(verdict, WS_HEARTBEAT_PING);
        int64_t second = run(&beat, &usual, &verdict);
        assert_int_equal(verdict, WS_HEARTBEAT_PING);
        assert_int_equal(second, first + 10000);
        ws_heartbeat_heard(&beat, second + 9999);
    }
}

/* What was heard before the ping says nothing about what it finds out. */
static void life_before_the_ping_does_not_count(void **state)
{
    (void)state;
    struct ws_heartbeat beat;
    enum ws_heartbeat_verdict verdict;
    ws_heartbeat_start(&beat, &usual, 1, 0);
    ws_heartbeat_heard(&beat, 30000);
    assert_int_equal(run(&beat, &usual, &verdict), 30001);
    assert_int_equal(run(&beat, &usual, &verdict), 40001);
    run(&beat, &usual, &verdict);
    assert_int_equal(verdict, WS_HEARTBEAT_DEAD);
}

/* A loop that was held up finds a peer that spoke in time alive, however late it looks. */
static void a_late_look(void **state)
{
    (void)state;
    struct ws_heartbeat beat;
    enum ws_heartbeat_verdict verdict;
    ws_heartbeat_start(&beat, &usual, 1, 0);
    run(&beat, &usual, &verdict);
    ws_heartbeat_heard(&beat, 35000);
    assert_int_equal(ws_heartbeat_check(&beat, &usual, 500000), WS_HEARTBEAT_PING);
    ws_heartbeat_heard(&beat, 500001);
    assert_int_equal(ws_heartbeat_check(&beat, &usual, beat.due_ms), WS_HEARTBEAT_WAIT);
    assert_int_equal(run(&beat, &usual, &verdict), 530000);
}

static void without_an_interval_there_is_nothing(void **state)
{
    (void)state;
    struct ws_heartbeat_config off = {0, 10000, 2};
    struct ws_heartbeat beat;
    ws_heartbeat_start(&beat, &off, 5, 0);
    assert_true(beat.due_ms == INT64_MAX);
    assert_int_equal(ws_heartbeat_check(&beat, &off, INT64_C(1) << 60), WS_HEARTBEAT_WAIT);
}

static void without_a_timeout_no_answer_is_needed(void **state)
{
    (void)state;
    struct ws_heartbeat_config config = {100, 0, 2};
    struct ws_heartbeat beat;
    enum ws_heartbeat_verdict verdict;
    ws_heartbeat_start(&beat, &config, 1, 0);
    for (int i = 1; i < 1000; i++) {
        assert_int_equal(run(&beat, &config, &verdict), 1 + i * 100);
        assert_int_equal(verdict, WS_HEARTBEAT_PING);
    }
}

static void the_first_ping_is_spread(void **state)
{
    (void)state;
    for (uint32_t jitter = 0; jitter < usual.interval_ms; jitter++) {
        struct ws_heartbeat beat;
        ws_heartbeat_start(&beat, &usual, 1, jitter);
        assert_in_range(beat.due_ms, 1 + usual.interval_ms / 2, 1 + usual.interval_ms);
    }
}

static void round_trips(void **state)
{
    (void)state;
    struct ws_heartbeat beat;
    enum ws_heartbeat_verdict verdict;
    uint8_t payload[WS_HEARTBEAT_PAYLOAD];
    ws_heartbeat_start(&beat, &usual, 1, 0);
    run(&beat, &usual, &verdict);
    ws_heartbeat_payload(&beat, INT64_C(0x0102030405060708), payload);
    assert_memory_equal(payload, "\1\2\3\4\5\6\7\10\0\0\0\1", sizeof payload);
    assert_int_equal(beat.rtt.last_us, 0);
    assert_int_equal(
        ws_heartbeat_pong(&beat, payload, sizeof payload, INT64_C(0x0102030405060708) + 1234),
        1234);
    assert_int_equal(beat.rtt.last_us, 1234);
}

/* Last, least, and one that follows slowly. */
static void round_trips_over_time(void **state)
{
    (void)state;
    static const struct {
        uint32_t rtt, least, smoothed;
    } steps[] = {{800, 800, 800}, {1600, 800, 900}, {400, 400, 838}, {400, 400, 784}};
    struct ws_heartbeat beat;
    uint8_t payload[WS_HEARTBEAT_PAYLOAD];
    ws_heartbeat_start(&beat, &usual, 1, 0);
    for (size_t i = 0; i < sizeof steps / sizeof *steps; i++) {
        int64_t now = 1000000 * (int64_t)(i + 1);
        beat.sequence++;
        ws_heartbeat_payload(&beat, now, payload);
        assert_int_equal(ws_heartbeat_pong(&beat, payload, sizeof payload, now + steps[i].rtt),
                         steps[i].rtt);
        assert_int_equal(beat.rtt.last_us, steps[i].rtt);
        assert_int_equal(beat.rtt.least_us, steps[i].least);
        assert_int_equal(beat.rtt.smoothed_us, steps[i].smoothed);
        /* The same once more, later: nothing asked for it. */
        assert_int_equal(ws_heartbeat_pong(&beat, payload, sizeof payload, now + 9999), -1);
        assert_int_equal(beat.rtt.last_us, steps[i].rtt);
    }
}

static void forged_pongs(void **state)
{
    (void)state;
    struct ws_heartbeat beat;
    enum ws_heartbeat_verdict verdict;
    uint8_t good[WS_HEARTBEAT_PAYLOAD], bad[WS_HEARTBEAT_PAYLOAD + 1];
    const int64_t now = 5000000;
    ws_heartbeat_start(&beat, &usual, 1, 0);
    run(&beat, &usual, &verdict);
    ws_heartbeat_payload(&beat, now, good);

    for (size_t len = 0; len <= sizeof bad; len++) {
        memcpy(bad, good, sizeof good);
        bad[WS_HEARTBEAT_PAYLOAD] = 0;
        if (len != WS_HEARTBEAT_PAYLOAD)
            assert_int_equal(ws_heartbeat_pong(&beat, bad, len, now), -1);
    }
    memcpy(bad, good, sizeof good);
    bad[11] = 2; /* a ping that was never sent */
    assert_int_equal(ws_heartbeat_pong(&beat, bad, sizeof good, now), -1);
    bad[11] = 0;
    assert_int_equal(ws_heartbeat_pong(&beat, bad, sizeof good, now), -1);
    memcpy(bad, good, sizeof good);
    assert_int_equal(ws_heartbeat_pong(&beat, bad, sizeof good, now - 1), -1); /* the future */
    memcpy(bad, good, sizeof good);
    bad[7]--; /* an earlier time than ours, to make its round trip look longer */
    assert_int_equal(ws_heartbeat_pong(&beat, bad, sizeof good, now), -1);
    bad[0] = 0x80; /* before all time */
    assert_int_equal(ws_heartbeat_pong(&beat, bad, sizeof good, now), -1);
    memset(bad, 0, 8);
    assert_int_equal(ws_heartbeat_pong(&beat, bad, sizeof good, now), -1);
    assert_int_equal(beat.rtt.last_us, 0);
    assert_int_equal(ws_heartbeat_pong(&beat, good, sizeof good, now + 7), 7);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_dead_peer_is_found),
        cmocka_unit_test(more_may_be_missed),
        cmocka_unit_test(a_peer_that_answers_is_pinged_every_interval),
        cmocka_unit_test(the_interval_may_be_shorter_than_the_timeout),
        cmocka_unit_test(any_life_counts),
        cmocka_unit_test(life_before_the_ping_does_not_count),
        cmocka_unit_test(a_late_look),
        cmocka_unit_test(without_an_interval_there_is_nothing),
        cmocka_unit_test(without_a_timeout_no_answer_is_needed),
        cmocka_unit_test(the_first_ping_is_spread),
        cmocka_unit_test(round_trips),
        cmocka_unit_test(round_trips_over_time),
        cmocka_unit_test(forged_pongs),
    };
    return cmocka_run_group_tests_name("heartbeat", tests, NULL, NULL);
}
