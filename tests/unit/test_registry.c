#include "libws/net/registry.h"

#include <string.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka.h needs those four before it. */
#include <cmocka.h>

enum { MANY = 5 };

static struct ws_conn conns[MANY];
static unsigned lefts;

static void on_left(struct ws_registry *registry)
{
    (void)registry;
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
    ws_registry_remove(conn->registry, conn);
}

static void start(struct ws_registry *registry)
{
    memset(registry, 0, sizeof *registry);
    memset(conns, 0, sizeof conns);
    registry->left = on_left;
    lefts = 0;
    for (int i = 0; i < MANY; i++) {
        ws_registry_add(registry, &conns[i]);
        assert_int_equal(ws_conn_id(&conns[i]), i + 1);
        assert_int_equal(registry->count, i + 1);
    }
}

/* In every order: the ones that are there are visited once, the others never. */
static void added_and_removed(void **state)
{
    (void)state;
    struct ws_registry registry;
    for (int order = 0; order < MANY * MANY * MANY; order++) {
        bool gone[MANY] = {false};
        int at = order;
        start(&registry);
        for (int left = MANY; left > 0; left--) {
            unsigned seen[MANY] = {0};
            int which = at % MANY;
            at /= 2;
            while (gone[which])
                which = (which + 1) % MANY;
            gone[which] = true;
            ws_registry_remove(&registry, &conns[which]);
            assert_null(conns[which].registry);
            assert_int_equal(lefts, MANY - left + 1);
            assert_int_equal(registry.count, left - 1);
            ws_registry_each(&registry, count, seen);
            for (int i = 0; i < MANY; i++)
                assert_int_equal(seen[i], !gone[i]);
        }
        assert_null(registry.first);
    }
}

static void ids_are_never_used_again(void **state)
{
    (void)state;
    struct ws_registry registry;
    start(&registry);
    for (uint64_t id = MANY + 1; id < 100; id++) {
        ws_registry_remove(&registry, &conns[2]);
        ws_registry_add(&registry, &conns[2]);
        assert_int_equal(conns[2].id, id);
    }
}

static void the_visited_may_end(void **state)
{
    (void)state;
    struct ws_registry registry;
    unsigned seen[MANY] = {0};
    start(&registry);
    ws_registry_each(&registry, remove_it, seen);
    for (int i = 0; i < MANY; i++)
        assert_int_equal(seen[i], 1);
    assert_int_equal(registry.count, 0);
    registry.left = NULL; /* nobody needs to be told */
    ws_registry_add(&registry, &conns[0]);
    ws_registry_remove(&registry, &conns[0]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(added_and_removed),
        cmocka_unit_test(ids_are_never_used_again),
        cmocka_unit_test(the_visited_may_end),
    };
    return cmocka_run_group_tests_name("registry", tests, NULL, NULL);
}
