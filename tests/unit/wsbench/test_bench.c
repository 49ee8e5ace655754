#include "cmd/wsbench/bench.h"

#include "cmd/common/exit.h"
#include "cmd/common/units.h"
#include <ws/server.h>

#include <math.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

/* --- a server on a thread of its own, which can misbehave --- */

static struct {
    struct ws_loop *loop;
    struct ws_server *server;
    pthread_t thread;
    struct ws_async stop;
    unsigned drop, twice;         /* every such message; 0: none */
    unsigned close_at, signal_at; /* when so many came */
    atomic_uint received, dropped, doubled, closes;
} server;

static void on_event(struct ws_conn *conn, const struct ws_event *event)
{
    if (event->type != WS_EVENT_MESSAGE)
        return;
    unsigned number = atomic_fetch_add(&server.received, 1) + 1;
    if (number == server.signal_at)
        kill(getpid(), SIGINT);
    if (server.close_at && number >= server.close_at) {
        ws_conn_close(conn, 1008, "enough");
    } else if (server.drop && number % server.drop == 0) {
        server.dropped++;
    } else if (server.twice && number % server.twice == 0) {
        server.doubled++;
        ws_conn_send(conn, event->opcode, WS_SEND_COPY, event->data, event->len);
        ws_conn_send(conn, event->opcode, WS_SEND_COPY, event->data, event->len);
    } else {
        ws_conn_reply(conn, event);
    }
}

static void on_close(struct ws_conn *conn, const struct ws_end *end)
{
    (void)conn;
    (void)end;
    server.closes++;
}

static void *run_server(void *argument)
{
    (void)argument;
    ws_loop_run(server.loop);
    return NULL;
}

static void stop_server(struct ws_async *async)
{
    (void)async;
    ws_loop_stop(server.loop);
}

static struct settings settings;
static struct options options;
static struct result *result;
static sigset_t signals_before;

static int set_up(void **state)
{
    static const struct ws_handler handler = {.event = on_event, .close = on_close};
    struct ws_conn_config config;
    sigset_t all;
    (void)state;
    memset(&server, 0, sizeof server);
    ws_conn_config_init(&config, WS_ROLE_SERVER);
    server.stop.run = stop_server;
    if (ws_loop_new(&server.loop) != WS_OK)
        return -1;
    server.server = ws_server_new(
        server.loop, &(struct ws_server_options){.config = &config, .handler = &handler});
    char error[200];
    if (!server.server || !ws_server_listen(server.server, "127.0.0.1:0", error, sizeof error))
        return -1;
    /* Signals are the measuring thread's. */
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &signals_before);
    return pthread_create(&server.thread, NULL, run_server, NULL);
}

static int tear_down(void **state)
{
    (void)state;
    ws_loop_post(server.loop, &server.stop);
    pthread_join(server.thread, NULL);
    ws_server_free(server.server);
    ws_loop_turn(server.loop, 0);
    ws_loop_free(server.loop);
    /* A thread's last wake-up may still be pending, when the main thread had seen its count. */
    signal(SIGUSR1, SIG_IGN);
    pthread_sigmask(SIG_SETMASK, &signals_before, NULL);
    free(result);
    result = NULL;
    return 0;
}

/* Measures with the options in `line`, to the server or the URL that is in it. */
static void bench(const char *line)
{
    char words[400], *argv[40], *rest = words;
    int argc = 0;
    snprintf(words, sizeof words, "wsbench -q %s%s%s", line, strstr(line, "://") ? "" : " ",
             strstr(line, "://") ? "" : ws_server_url(server.server, 0));
    for (char *word; (word = strsep(&rest, " "));)
        argv[argc++] = word;
    argv[argc] = NULL;
    assert_true(wsbench_settings_read(&settings, &options, argc, argv));
    free(result);
    result = calloc(1, sizeof *result);
    assert_non_null(result);
    bench_run(&settings, result);
    wsbench_settings_free(&settings);
    options_free(&options);
}

#define T (&result->totals)

static void assert_messages(uint64_t sent, uint64_t received, uint64_t lost, uint64_t duplicated)
{
    assert_int_equal(T->sent, sent);
    assert_int_equal(T->received, received);
    assert_int_equal(T->lost, lost);
    assert_int_equal(T->duplicated, duplicated);
    assert_int_equal(T->reordered + T->corrupted + T->unasked, 0);
}

/* --- */

static void echoes_on_several_threads(void **state)
{
    static const char *const lines[] = {"-c 5 -t 2 -n 301", "-c 5 -t 2 -n 301 -w 32",
                                        "-c 5 -t 2 -n 301 -w 32 -b -s 40-3000",
                                        "-c 5 -t 2 -n 301 -w 8 -m {{seq}}-{{conn}}"};
    (void)state;
    for (size_t i = 0; i < sizeof lines / sizeof lines[0]; i++) {
        server.received = 0;
        bench(lines[i]);
        assert_messages(301, 301, 0, 0);
        assert_int_equal(server.received, 301);
        assert_int_equal(T->opened, 5);
        assert_int_equal(T->rtt.count, 301);
        assert_int_equal(T->client_closes.rows[0].number, 1000);
        assert_int_equal(T->client_closes.rows[0].count, 5);
        assert_true(result->drained && result->load_s > 0 && result->connect_s > 0);
    }
}

static void what_the_server_loses_and_repeats(void **state)
{
    (void)state;
    server.drop = 11;
    server.twice = 7;
    bench("-c 3 -t 2 -n 400 -w 4 -T 100ms");
    assert_messages(400, 400 - server.dropped, server.dropped, server.doubled);
    assert_true(server.dropped >= 30 && server.doubled >= 40);
    assert_int_equal(T->rtt.count, 400); /* lost ones with the age that they have reached */
}

static void due_is_sent_or_counted_as_unsent(void **state)
{
    (void)state;
    bench("-c 4 -t 2 -w 100 -R 500 -d 400ms");
    uint64_t unsent = totals_unsent(T);
    assert_int_equal(T->sent + unsent, 200);
    assert_int_equal(T->received, T->sent);
    assert_int_equal(T->lag.count, T->sent);
    assert_int_equal(T->rtt.count, 200);
    assert_true(result->load_s >= 0.4);
    server.drop = 1; /* nothing is answered, and the window is full at once */
    bench("-c 2 -w 5 -R 500 -d 200ms -T 1s");
    assert_int_equal(T->sent, 10);
    assert_int_equal(T->lost, 10);
    assert_int_equal(T->unsent[UNSENT_WINDOW], 90);
}

static void a_warm_up_is_in_no_count(void **state)
{
    (void)state;
    bench("-c 2 -w 100 -R 500 --warmup=200ms -d 200ms");
    assert_int_equal(T->sent + totals_unsent(T), 100);
    assert_int_equal(T->received, T->sent);
    assert_true(server.received > 150);
}

static void connections_one_after_another(void **state)
{
    (void)state;
    bench("--mode=churn -c 3 -t 2 -n 40");
    assert_messages(40, 40, 0, 0);
    assert_int_equal(T->opened, 40);
    assert_int_equal(T->client_closes.rows[0].count, 40);
    bench("-c 4 -d 2s --channel-lifetime=50ms");
    /* Those that are on their way when the time is over may still open, and are no renewed ones. */
    assert_true(T->renewed >= 4);
    assert_in_range(T->opened, 4 + T->renewed, 8 + T->renewed);
    assert_int_equal(T->lost + T->dropped, 0);
}

static void without_messages(void **state)
{
    (void)state;
    bench("--mode=connect -c 20 -t 2");
    assert_int_equal(T->opened, 20);
    bench("--mode=idle -c 20 -t 2 -d 50ms");
    assert_int_equal(T->opened, 20);
    assert_int_equal(server.received, 0);
    bench("--mode=ping -c 3 -n 30");
    assert_messages(30, 30, 0, 0);
    assert_int_equal(server.received, 0);
}

static void a_server_that_closes(void **state)
{
    (void)state;
    int64_t begun_us = ws_clock_us();
    server.close_at = 30;
    bench("-c 3 -d 20s");
    assert_true(ws_clock_us() - begun_us < SECONDS(15)); /* nothing is left that could send */
    assert_int_equal(T->dropped, 3);
    assert_int_equal(T->server_closes.rows[0].number, 1008);
    assert_int_equal(T->server_closes.rows[0].count, 3);
    assert_int_equal(T->received, 29);
    assert_int_equal(T->received + T->lost, T->sent);
    assert_non_null(strstr(T->first_detail, "closed by the server: close code 1008"));
}

/* What there was no connection for was due all the same: the rates are those of the whole time. */
static void a_load_without_connections_was_to_go_on(void **state)
{
    static const struct {
        const char *line;
        double load_s;
    } rows[] = {
        {"-c 2 -d 20s", 20},
        {"-c 2 -d 20s -n 1000", 0}, /* it may have been the last */
        {"-c 2 -w 100 -R 100 -d 20s", 20},
        {"-c 2 -w 100 -R 100 --warmup=100ms -d 20s", 20},
        {"-c 2 -w 100 -R 100 -d 20s -n 500", 5}, /* until the last was due */
        {"-c 2 -d 0 -n 1000", 0},                /* as long as it was */
    };
    (void)state;
    server.close_at = 20;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        server.received = 0;
        bench(rows[i].line);
        assert_int_equal(T->dropped, 2);
        assert_true((result->deserted_s > 0) == (rows[i].load_s > 0));
        assert_true(result->deserted_s < result->load_s && result->deserted_s < 5);
        if (rows[i].load_s > 0)
            assert_true(result->load_s == rows[i].load_s);
        else
            assert_true(result->load_s > 0 && result->load_s < 15);
        assert_true(fabs(result->rate_per_s * result->load_s - (double)result->load_sent) < 0.001);
    }
    server.close_at = 0;
    bench("-c 2 -d 20s -n 100"); /* all was sent */
    assert_true(result->load_s < 15);
}

static void a_signal_ends_the_load(void **state)
{
    (void)state;
    server.signal_at = 50;
    bench("-c 2 -d 60s");
    assert_int_equal(result->signal_number, SIGINT);
    assert_true(T->sent >= 50 && T->sent == T->received);
    assert_true(result->load_s < 30);
}

static void what_cannot_be_started(void **state)
{
    (void)state;
    bench("-c 1 ws://nowhere.invalid/");
    assert_non_null(strstr(result->problem, "resolve nowhere.invalid"));
    assert_int_equal(result->problem_status, WS_EXIT_CONNECT);
    bench("-c 2 -t 2 ws://127.0.0.1:1/");
    assert_int_equal(T->failed, 2);
    assert_int_equal(T->first_error, WS_E_CONNECT);
    assert_non_null(strstr(T->first_detail, "refused"));
    assert_true(result->load_s == 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(echoes_on_several_threads, set_up, tear_down),
        cmocka_unit_test_setup_teardown(what_the_server_loses_and_repeats, set_up, tear_down),
        cmocka_unit_test_setup_teardown(due_is_sent_or_counted_as_unsent, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_warm_up_is_in_no_count, set_up, tear_down),
        cmocka_unit_test_setup_teardown(connections_one_after_another, set_up, tear_down),
        cmocka_unit_test_setup_teardown(without_messages, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_server_that_closes, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_load_without_connections_was_to_go_on, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_signal_ends_the_load, set_up, tear_down),
        cmocka_unit_test_setup_teardown(what_cannot_be_started, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
