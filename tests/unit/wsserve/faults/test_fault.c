#include "cmd/wsserve/faults/fault.h"

#include <string.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka.h needs those four before it. */
#include <cmocka.h>

#define ONE (UINT64_C(1) << 32)

static void test_parse(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        struct fault fault;
    } good[] = {
        {"delay", {FAULT_DELAY, 100, ONE}},
        {"delay:1.5s", {FAULT_DELAY, 1500, ONE}},
        {"delay:20ms@0.5", {FAULT_DELAY, 20, ONE / 2}},
        {"reject", {FAULT_REJECT, 503, ONE}},
        {"reject:404@25%", {FAULT_REJECT, 404, ONE / 4}},
        {"close-after:0", {FAULT_CLOSE_AFTER, 0, ONE}},
        {"abort-after:17", {FAULT_ABORT_AFTER, 17, ONE}},
        {"no-pong@1", {FAULT_NO_PONG, 0, ONE}},
        {"no-close-reply@100%", {FAULT_NO_CLOSE_REPLY, 0, ONE}},
        {"mask@0", {FAULT_MASK, 0, 0}},
        {"bad-utf8", {FAULT_BAD_UTF8, 0, ONE}},
        {"rsv@.5", {FAULT_RSV, 0, ONE / 2}},
        {"truncate", {FAULT_TRUNCATE, 1, ONE}},
        {"split-writes:7", {FAULT_SPLIT_WRITES, 7, ONE}},
        {"drop", {FAULT_DROP, 0, ONE}},
        {"duplicate", {FAULT_DUPLICATE, 0, ONE}},
        {"reorder", {FAULT_REORDER, 0, ONE}},
        {"flip:3", {FAULT_FLIP, 3, ONE}},
        {"wrong-accept", {FAULT_WRONG_ACCEPT, 0, ONE}},
    };
    static const char *const bad[] = {
        "",           "dela",          "delays",       "delay:",
        "delay:x",    "delay:-1s",     "delay@",       "delay@2",
        "delay@-1",   "delay@50",      "delay@1e-1",   "delay@nan",
        "delay@101%", "delay@0.1x",    "delay:2d",     "mask:1",
        "reject:200", "reject:600",    "reject:4x4",   "truncate:0",
        "flip:0",     "split-writes:", "no-pong:1@.5", "close-after:1s",
        "delay@.",    "delay:25h",     "@1",           ":1",
        "DELAY",      "delay@0.1@0.1",
    };
    struct fault fault;
    for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
        assert_null(fault_parse(good[i].text, &fault));
        assert_int_equal(fault.name, good[i].fault.name);
        assert_int_equal(fault.arg, good[i].fault.arg);
        assert_true(fault.probability == good[i].fault.probability);
    }
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        if (!fault_parse(bad[i], &fault))
            fail_msg("'%s' was taken", bad[i]);
}

static void test_names(void **state)
{
    (void)state;
    char all[512] = "";
    for (int i = 0; i < FAULT_COUNT; i++) {
        struct fault fault;
        assert_null(fault_parse(fault_name((enum fault_name)i), &fault));
        assert_int_equal(fault.name, i);
        strcat(all, fault_name((enum fault_name)i));
        if (i + 1 < FAULT_COUNT)
            strcat(all, "|");
    }
    assert_string_equal(all, fault_names);
}

static struct faults half(uint64_t seed)
{
    return (struct faults){
        .list = {{FAULT_DROP, 0, ONE / 2}, {FAULT_FLIP, 1, ONE / 2}}, .count = 2, .seed = seed};
}

static void test_probability(void **state)
{
    (void)state;
    static const double probabilities[] = {0, 0.01, 0.3, 0.99, 1};
    for (size_t p = 0; p < 5; p++) {
        struct faults faults = {
            .list = {{FAULT_DROP, 0, (uint64_t)(probabilities[p] * ONE)}}, .count = 1, .seed = 7};
        int hits = 0;
        for (uint64_t k = 0; k < 100000; k++)
            hits += fault_happens(&faults, FAULT_DROP, 3, FAULT_OF_MESSAGE, k) != NULL;
        double share = hits / 100000.0;
        assert_true(share > probabilities[p] - 0.01 && share < probabilities[p] + 0.01);
        if (probabilities[p] == 0)
            assert_int_equal(hits, 0);
        if (probabilities[p] == 1)
            assert_int_equal(hits, 100000);
    }
}

/* The same for the same seed, connection and message, whatever was asked for before; and something
 * else where one of them differs. */
static void test_repeatable(void **state)
{
    (void)state;
    struct faults a = half(1), b = half(1), other = half(2);
    int by_seed = 0, by_conn = 0, by_about = 0, by_name = 0;
    for (uint64_t k = 1000; k-- > 0;) {
        bool is = fault_happens(&a, FAULT_DROP, 5, FAULT_OF_MESSAGE, k) != NULL;
        assert_int_equal(is, fault_happens(&b, FAULT_DROP, 5, FAULT_OF_MESSAGE, k) != NULL);
        by_seed += is != (fault_happens(&other, FAULT_DROP, 5, FAULT_OF_MESSAGE, k) != NULL);
        by_conn += is != (fault_happens(&a, FAULT_DROP, 6, FAULT_OF_MESSAGE, k) != NULL);
        by_about += is != (fault_happens(&a, FAULT_DROP, 5, FAULT_OF_CONTROL, k) != NULL);
        by_name += is != (fault_happens(&a, FAULT_FLIP, 5, FAULT_OF_MESSAGE, k) != NULL);
    }
    assert_true(by_seed > 400 && by_seed < 600);
    assert_true(by_conn > 400 && by_conn < 600);
    assert_true(by_about > 400 && by_about < 600);
    assert_true(by_name > 400 && by_name < 600);
}

static void test_number(void **state)
{
    (void)state;
    struct faults faults = half(9);
    unsigned seen[10] = {0};
    for (uint64_t k = 0; k < 10000; k++) {
        uint64_t n = fault_number(&faults, FAULT_FLIP, 1, k, 10);
        assert_true(n < 10);
        seen[n]++;
        assert_true(n == fault_number(&faults, FAULT_FLIP, 1, k, 10));
    }
    for (int i = 0; i < 10; i++)
        assert_true(seen[i] > 800 && seen[i] < 1200);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_parse),       cmocka_unit_test(test_names),
        cmocka_unit_test(test_probability), cmocka_unit_test(test_repeatable),
        cmocka_unit_test(test_number),
    };
    return cmocka_run_group_tests_name("wsserve_fault", tests, NULL, NULL);
}
