#include "libws/server/registry.h"

#include <stdlib.h>
#include <string.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka.h needs those four before it. */
#include <cmocka.h>

enum { MANY = 5, CROWD = 3000 };

static struct ws_conn conns[CROWD];
static struct ws_registry registry;
static unsigned lefts;

static void on_left(struct ws_registry *which, struct ws_conn *conn)
{
    assert_false(conn->registered);
    assert_ptr_equal(which, &registry);
    lefts++;
}

static void count(struct ws_conn *conn, void *context)
{
    unsigned *seen = context;
    seen[conn - conns]++;
}

static void remove_it(struct ws_conn *conn, void *context)
{
    count(conn, context);
    ws_registry_remove(&registry, conn);
}

static void start(int many)
{
    ws_registry_init(&registry);
    memset(conns, 0, sizeof conns);
    registry.left = on_left;
    lefts = 0;
    for (int i = 0; i < many; i++) {
        ws_registry_add(&registry, &conns[i], (uint64_t)i + 1);
        assert_int_equal(ws_conn_id(&conns[i]), i + 1);
        assert_true(conns[i].registered);
        assert_int_equal(registry.count, i + 1);
    }
}

/* In every order: the ones that are there are visited once and found, the others never. */
static void added_and_removed(void **state)
{
    (void)state;
    for (int order = 0; order < MANY * MANY * MANY; order++) {
        bool gone[MANY] = {false};
        int at = order;
        start(MANY);
        for (int left = MANY; left > 0; left--) {
            unsigned seen[MANY] = {0};
            int which = at % MANY;
            at /= 2;
            while (gone[which])
                which = (which + 1) % MANY;
            gone[which] = true;
            ws_registry_remove(&registry, &conns[which]);
            assert_false(conns[which].registered);
            assert_int_equal(lefts, MANY - left + 1);
            assert_int_equal(registry.count, left - 1);
            ws_registry_each(&registry, count, seen);
            for (int i = 0; i < MANY; i++) {
                assert_int_equal(seen[i], !gone[i]);
                assert_ptr_equal(ws_registry_find(&registry, (uint64_t)i + 1),
                                 gone[i] ? NULL : &conns[i]);
            }
        }
        ws_registry_free(&registry);
    }
}

static void a_crowd_is_found_by_id(void **state)
{
    (void)state;
    start(CROWD);
    assert_true(registry.capacity >= CROWD);
    for (int i = 0; i < CROWD; i += 3)
        ws_registry_remove(&registry, &conns[i]);
    for (int i = 0; i < CROWD; i++)
        assert_ptr_equal(ws_registry_find(&registry, (uint64_t)i + 1), i % 3 ? &conns[i] : NULL);
    assert_null(ws_registry_find(&registry, 0));
    assert_null(ws_registry_find(&registry, UINT64_MAX));
    ws_registry_free(&registry);
}

static void visited_may_leave(void **state)
{
    (void)state;
    static unsigned seen[CROWD];
    memset(seen, 0, sizeof seen);
    start(CROWD);
    ws_registry_each(&registry, remove_it, seen);
    for (int i = 0; i < CROWD; i++)
        assert_int_equal(seen[i], 1);
    assert_int_equal(registry.count, 0);
    registry.left = NULL; /* nobody needs to be told */
    ws_registry_add(&registry, &conns[0], 7);
    ws_registry_remove(&registry, &conns[0]);
    ws_registry_free(&registry);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(added_and_removed),
        cmocka_unit_test(a_crowd_is_found_by_id),
        cmocka_unit_test(visited_may_leave),
    };
    return cmocka_run_group_tests_name("registry", tests, NULL, NULL);
}
