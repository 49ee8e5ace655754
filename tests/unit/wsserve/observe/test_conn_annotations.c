#include "cmd/wsserve/observe/conn_annotations.h"

#include <pthread.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka.h needs those four before it. */
#include <cmocka.h>

static void test_find(void **state)
{
    (void)state;
    enum { COUNT = 1000 };
    struct extra_table table = {0};
    assert_null(extra_find(&table, 1));
    extra_drop(&table, 1);
    for (uint64_t id = 1; id <= COUNT; id++) {
        struct extra *extra = extra_get(&table, id * 7);
        assert_non_null(extra);
        assert_null(extra->trace);
        assert_int_equal(extra->conn, id * 7);
        assert_ptr_equal(extra_get(&table, id * 7), extra);
    }
    assert_int_equal(table.count, COUNT);
    for (uint64_t id = 1; id <= COUNT; id += 2)
        extra_drop(&table, id * 7);
    for (uint64_t id = 1; id <= COUNT; id++) {
        const struct extra *extra = extra_find(&table, id * 7);
        assert_true(id % 2 ? extra == NULL : extra && extra->conn == id * 7);
        assert_null(extra_find(&table, id * 7 + 1));
    }
    for (uint64_t id = 1; id <= COUNT; id++)
        extra_drop(&table, id * 7);
    /* Nothing is left, not even an empty table. */
    assert_int_equal(table.count, 0);
    assert_null(table.buckets);
}

static void *other_thread(void *context)
{
    struct extra_table own = {0};
    assert_null(extra_find_here(1));
    struct extra *extra = extra_get(&own, 1);
    assert_ptr_equal(extra_find_here(1), extra);
    extra_drop(&own, 1);
    assert_null(extra_find_here(1));
    return context;
}

static void test_here(void **state)
{
    (void)state;
    struct extra_table table = {0};
    pthread_t thread;
    struct extra *extra = extra_get(&table, 1);
    assert_int_equal(pthread_create(&thread, NULL, other_thread, NULL), 0);
    pthread_join(thread, NULL);
    assert_ptr_equal(extra_find_here(1), extra);
    assert_null(extra_find_here(2));
    extra_drop(&table, 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_find),
        cmocka_unit_test(test_here),
    };
    return cmocka_run_group_tests_name("wsserve_extra", tests, NULL, NULL);
}
