#include "cmd/wsbench/count/tally.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static void counted_by_number(void **state)
{
    struct tally a = {0}, b = {0};
    (void)state;
    tally_add(&a, 1008, 1);
    tally_add(&a, 1000, 2);
    tally_add(&b, 1000, 3);
    tally_add(&b, 1011, 1);
    tally_merge(&a, &b);
    assert_int_equal(a.used, 3);
    assert_int_equal(a.rows[0].number, 1008);
    assert_int_equal(a.rows[1].count, 5);
    assert_int_equal(a.rows[2].number, 1011);
    assert_int_equal(a.others, 0);
    assert_int_equal(tally_count(&a, 1000), 5);
    assert_int_equal(tally_count(&a, 1006), 0);
}

/* A server with a code of its own for each connection takes no memory, and none is left out. */
static void more_numbers_than_rows(void **state)
{
    struct tally a = {0}, b = {0};
    (void)state;
    for (unsigned i = 0; i < 100; i++) {
        tally_add(&a, 3000 + i, 1);
        tally_add(&b, 4000 + i, 1);
    }
    tally_add(&a, 3000, 1);
    tally_merge(&a, &b);
    uint64_t sum = a.others;
    for (unsigned i = 0; i < a.used; i++)
        sum += a.rows[i].count;
    assert_int_equal(a.used, TALLY_ROWS);
    assert_int_equal(a.rows[0].count, 2);
    assert_int_equal(sum, 201);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(counted_by_number),
        cmocka_unit_test(more_numbers_than_rows),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
