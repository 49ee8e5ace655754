#include "libws/server/registry_private.h"

#include <ws/conn.h>

#include <fcntl.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka.h needs those four before it. */
#include <cmocka.h>

enum { MANY = 5, CROWD = 300 };

/* Connections that nothing happens on. */
static struct ws_loop *loop;
static struct ws_conn_env env;
static struct ws_conn *conns[CROWD];
static struct ws_registry *registry;

static int make_conns(void **state)
{
    static const struct ws_handler handler;
    struct ws_conn_config config;
    (void)state;
    ws_conn_config_init(&config, WS_ROLE_SERVER);
    if (ws_loop_new(&loop) != WS_OK || ws_conn_env_init(&env, loop, &config, &handler, NULL))
        return -1;
    for (int i = 0; i < CROWD; i++)
        if (!(conns[i] = ws_conn_new(&env, eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC), NULL)))
            return -1;
    return 0;
}

static int free_conns(void **state)
{
    (void)state;
    for (int i = 0; i < CROWD; i++)
        ws_conn_abort(conns[i], WS_E_SHUTDOWN);
    ws_loop_turn(loop, 0);
    ws_loop_free(loop);
    return 0;
}

static int index_of(const struct ws_conn *conn)
{
    int i = 0;
    while (conns[i] != conn)
        i++;
    return i;
}

static void count(struct ws_conn *conn, void *context)
{
    unsigned *seen = context;
    seen[index_of(conn)]++;
}

static void remove_it(struct ws_conn *conn, void *context)
{
    count(conn, context);
    ws_registry_remove(registry, conn);
}

static void start(int many)
{
    registry = ws_registry_new();
    assert_non_null(registry);
    for (int i = 0; i < many; i++) {
        ws_registry_add(registry, conns[i], (uint64_t)i + 1);
        assert_int_equal(ws_conn_id(conns[i]), i + 1);
        assert_int_equal(ws_registry_count(registry), i + 1);
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
            ws_registry_remove(registry, conns[which]);
            assert_int_equal(ws_registry_count(registry), left - 1);
            ws_registry_each(registry, count, seen);
            for (int i = 0; i < MANY; i++) {
                assert_int_equal(seen[i], !gone[i]);
                assert_ptr_equal(ws_registry_find(registry, (uint64_t)i + 1),
                                 gone[i] ? NULL : conns[i]);
            }
        }
        ws_registry_free(registry);
    }
}

static void a_crowd_is_found_by_id(void **state)
{
    (void)state;
    start(CROWD);
    for (int i = 0; i < CROWD; i += 3)
        ws_registry_remove(registry, conns[i]);
    for (int i = 0; i < CROWD; i++)
        assert_ptr_equal(ws_registry_find(registry, (uint64_t)i + 1), i % 3 ? conns[i] : NULL);
    assert_null(ws_registry_find(registry, 0));
    assert_null(ws_registry_find(registry, UINT64_MAX));
    ws_registry_free(registry);
}

static void visited_may_leave(void **state)
{
    (void)state;
    static unsigned seen[CROWD];
    memset(seen, 0, sizeof seen);
    start(CROWD);
    ws_registry_each(registry, remove_it, seen);
    for (int i = 0; i < CROWD; i++)
        assert_int_equal(seen[i], 1);
    assert_int_equal(ws_registry_count(registry), 0);
    ws_registry_add(registry, conns[0], 7);
    ws_registry_remove(registry, conns[0]);
    ws_registry_free(registry);
}

/* Those of a list are found by age, whatever became of the others. */
static void by_age(void **state)
{
    (void)state;
    struct ws_id_list list = {0};
    const enum ws_conn_flag flag = WS_CONN_UNFINISHED;
    start(CROWD);
    assert_null(ws_id_list_oldest(&list, registry, flag));
    for (int round = 0; round < 3; round++) {
        for (int i = 0; i < CROWD; i++)
            assert_true(ws_id_list_add(&list, registry, conns[i], flag));
        assert_int_equal(list.count, CROWD);
        for (int i = 0; i < CROWD; i++)
            if (i % 7 != 3) {
                ws_id_list_remove(&list, conns[i], flag);
                ws_id_list_remove(&list, conns[i], flag);
            }
        for (int i = 3; i < CROWD; i += 7) {
            assert_ptr_equal(ws_id_list_oldest(&list, registry, flag), conns[i]);
            ws_id_list_remove(&list, conns[i], flag);
        }
        assert_null(ws_id_list_oldest(&list, registry, flag));
        assert_int_equal(list.count, 0);
    }
    assert_null(ws_id_list_rotate(&list, registry, flag));
    for (int i = 0; i < CROWD; i++)
        assert_true(ws_id_list_add(&list, registry, conns[i], flag));
    for (int turn = 0; turn < 9 * CROWD; turn++) {
        if (turn % CROWD == 0)
            ws_id_list_remove(&list, conns[0], flag);
        if (turn % CROWD > 0)
            assert_ptr_equal(ws_id_list_rotate(&list, registry, flag), conns[turn % CROWD]);
    }
    assert_int_equal(list.count, CROWD - 1);
    for (int i = 1; i < CROWD; i++)
        ws_id_list_remove(&list, conns[i], flag);
    assert_true(list.capacity <= 4 * CROWD); /* those that left do not stay in it */
    ws_id_list_free(&list);
    for (int i = 0; i < CROWD; i++)
        ws_registry_remove(registry, conns[i]);
    ws_registry_free(registry);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(added_and_removed),
        cmocka_unit_test(a_crowd_is_found_by_id),
        cmocka_unit_test(visited_may_leave),
        cmocka_unit_test(by_age),
    };
    return cmocka_run_group_tests_name("registry", tests, make_conns, free_conns);
}
