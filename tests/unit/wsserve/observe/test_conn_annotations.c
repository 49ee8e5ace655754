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
    struct conn_annotations_table table = {0};
    assert_null(conn_annotations_find(&table, 1));
    conn_annotations_drop(&table, 1);
    for (uint64_t id = 1; id <= COUNT; id++) {
        struct conn_annotations *notes = conn_annotations_get(&table, id * 7);
        assert_non_null(notes);
        assert_null(notes->trace);
        assert_int_equal(notes->node.hash, id * 7);
        assert_ptr_equal(conn_annotations_get(&table, id * 7), notes);
    }
    assert_int_equal(table.nodes.count, COUNT);
    for (uint64_t id = 1; id <= COUNT; id += 2)
        conn_annotations_drop(&table, id * 7);
    for (uint64_t id = 1; id <= COUNT; id++) {
        const struct conn_annotations *notes = conn_annotations_find(&table, id * 7);
        assert_true(id % 2 ? notes == NULL : notes && notes->node.hash == id * 7);
        assert_null(conn_annotations_find(&table, id * 7 + 1));
    }
    for (uint64_t id = 1; id <= COUNT; id++)
        conn_annotations_drop(&table, id * 7);
    /* Nothing is left, not even an empty table. */
    assert_int_equal(table.nodes.count, 0);
    assert_null(table.nodes.buckets);
}

static void *other_thread(void *context)
{
    struct conn_annotations_table own = {0};
    assert_null(conn_annotations_find_local(1));
    struct conn_annotations *notes = conn_annotations_get(&own, 1);
    assert_ptr_equal(conn_annotations_find_local(1), notes);
    conn_annotations_drop(&own, 1);
    assert_null(conn_annotations_find_local(1));
    return context;
}

static void test_here(void **state)
{
    (void)state;
    struct conn_annotations_table table = {0};
    pthread_t thread;
    struct conn_annotations *notes = conn_annotations_get(&table, 1);
    assert_int_equal(pthread_create(&thread, NULL, other_thread, NULL), 0);
    pthread_join(thread, NULL);
    assert_ptr_equal(conn_annotations_find_local(1), notes);
    assert_null(conn_annotations_find_local(2));
    conn_annotations_drop(&table, 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_find),
        cmocka_unit_test(test_here),
    };
    return cmocka_run_group_tests_name("wsserve_conn_annotations", tests, NULL, NULL);
}
