#include <ws/server.h>

#include "tests/unit/support_server_fixture.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include <setjmp.h>
#include <stdarg.h>
/* cmocka.h needs those and stddef.h, stdint.h before it. */
#include <cmocka.h>

/* --- several loops --- */

enum { LOOPS = 3, CLIENTS = 12 };

static atomic_uint opened_on[LOOPS], visited;

static void *index_of(void *user, unsigned index, struct ws_server_env *env)
{
    assert_ptr_equal(user, &fx.accepted);
    assert_non_null(env->conn.loop);
    return &opened_on[index];
}

static void count_open(struct ws_conn *conn, const struct ws_event *event)
{
    (void)event;
    atomic_fetch_add((atomic_uint *)ws_conn_env(conn)->user, 1);
}

static void visit(struct ws_server_env *env, void *context)
{
    size_t *total = context;
    assert_int_equal((atomic_uint *)env->conn.user - opened_on, atomic_fetch_add(&visited, 1));
    *total += ws_registry_count(env->registry);
}

static void visit_silently(struct ws_server_env *env, void *context)
{
    *(size_t *)context += ws_registry_count(env->registry);
}

static unsigned answers;

static void on_answer(void *context)
{
    (void)context;
    answers++;
}

/* Sockets go to the loops in turn; loops are visited one after the other; all are closed. */
static void several_loops(void **state)
{
    (void)state;
    static const struct ws_handler threaded = {.open = count_open, .event = server_echo};
    struct ws_server_options options = {.config = &fx.config,
                                        .handler = &threaded,
                                        .user = &fx.accepted,
                                        .loops = LOOPS,
                                        .env_user = index_of};
    struct peer far[CLIENTS];
    size_t total = 0;
    ws_server_free(fx.server);
    for (int i = 0; i < LOOPS; i++)
        opened_on[i] = 0;
    visited = answers = 0;
    fx.server = ws_server_new(fx.loop, &options);
    assert_non_null(fx.server);
    must_listen("127.0.0.1:0");
    for (int i = 0; i < CLIENTS; i++) {
        dial(&far[i], 0);
        echo_over(&far[i]);
    }
    for (int i = 0; i < LOOPS; i++)
        assert_int_equal(opened_on[i], CLIENTS / LOOPS);
    assert_int_equal(ws_server_count(fx.server), CLIENTS);
    struct ws_server_env asker = {.conn = {.loop = fx.loop}};
    assert_true(ws_server_ask(fx.server, &asker, visit, on_answer, &total));
    TURN_UNTIL(fx.loop, answers == 1);
    assert_int_equal(total, CLIENTS);
    assert_int_equal(visited, LOOPS);

    ws_server_shutdown(fx.server, 1001, "bye", 5000, server_done);
    for (int i = 0; i < CLIENTS; i++) {
        PUMP_UNTIL(fx.loop, &far[i], far[i].record.closes == 1 && far[i].eof);
        assert_int_equal(far[i].record.code, 1001);
        far_free(&far[i]);
    }
    TURN_UNTIL(fx.loop, fx.dones == 1);
    assert_int_equal(ws_server_count(fx.server), 0);
}

static unsigned homes_left;

static void on_env_left(void *user, struct ws_server_env *env)
{
    assert_ptr_equal(user, &fx.accepted);
    assert_int_equal(ws_registry_count(env->registry), 0);
    ws_loop_turn(env->conn.loop, 0);
    homes_left++;
}

/* Each home is left once, without connections, its loop still there. */
static void homes_are_left(void **state)
{
    (void)state;
    struct peer far[LOOPS];
    struct ws_server_options options = {.config = &fx.config,
                                        .handler = &server_fixture_handler,
                                        .user = &fx.accepted,
                                        .loops = LOOPS,
                                        .env_left = on_env_left};
    ws_server_free(fx.server);
    homes_left = 0;
    fx.server = ws_server_new(fx.loop, &options);
    must_listen("127.0.0.1:0");
    for (int i = 0; i < LOOPS; i++) {
        dial(&far[i], 0);
        echo_over(&far[i]);
    }
    ws_server_free(fx.server);
    fx.server = NULL;
    assert_int_equal(homes_left, LOOPS);
    for (int i = 0; i < LOOPS; i++)
        far_free(&far[i]);
}

/* Connections on every loop, questions on their way: freeing far and answers them all. */
static void freed_in_the_middle(void **state)
{
    (void)state;
    struct ws_server_options options = {.config = &fx.config,
                                        .handler = &server_fixture_handler,
                                        .user = &fx.accepted,
                                        .loops = LOOPS};
    struct peer far[LOOPS];
    size_t totals[20] = {0};
    ws_server_free(fx.server);
    fx.server = ws_server_new(fx.loop, &options);
    must_listen("127.0.0.1:0");
    for (int i = 0; i < LOOPS; i++) {
        dial(&far[i], 0);
        echo_over(&far[i]);
    }
    struct ws_server_env asker = {.conn = {.loop = fx.loop}};
    answers = 0;
    for (int i = 0; i < 20; i++)
        ws_server_ask(fx.server, &asker, visit_silently, on_answer, &totals[i]);
    ws_server_free(fx.server);
    fx.server = NULL;
    assert_int_equal(answers, 20);
    for (int i = 0; i < LOOPS; i++)
        far_free(&far[i]);
}

static void freed_with_connections(void **state)
{
    (void)state;
    struct peer end;
    must_listen("127.0.0.1:0");
    must_listen(in_directory("s"));
    dial(&end, 0);
    echo_over(&end);
    ws_server_free(fx.server);
    assert_int_equal(fx.ends, 1);
    ws_server_free(NULL);
    make_server(0);
    far_free(&end);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        FIXTURE_TEST(freed_with_connections),
        FIXTURE_TEST(several_loops),
        FIXTURE_TEST(homes_are_left),
        FIXTURE_TEST(freed_in_the_middle),
    };
    return cmocka_run_group_tests_name("server_loops", tests, NULL, NULL);
}
