/*
 * Every allocation fails once: a server and its client, in one process on one loop, from the loop's
 * making to its end, again and again, with the first allocation failing, the second, and so on
 * until none does any more; and once more with everything failing from the n-th on.
 *
 * Linked with --wrap for what the library calls: libc's and libcrypto's own allocations succeed,
 * the latter also where libcrypto is linked into this program.
 */
#include "libws/http2/http2.h"
#include <ws/client.h>
#include <ws/server.h>

#include "tests/unit/failing.h"
#include "tests/unit/support_net.h"
#include <ws/tls_context.h>

#include <openssl/crypto.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <setjmp.h>
/* cmocka.h needs those and stddef.h, stdint.h before it. */
#include <cmocka.h>

/* --- the conversation --- */

enum { SMALL = 20, LARGE = 60000, PIECES = 5, PIECE = 9000 };

struct talk {
    struct ws_loop *loop;
    struct ws_server *server;
    struct ws_conn_config server_config, client_config;
    struct ws_conn_env env;
    struct ws_client *client;
    struct ws_conn *conn;
    struct grown sent, heard, got; /* by the client, by the server, and back again */
    unsigned opened, connected, refused, ended, served, pauses, pongs;
    enum ws_error refusal;
    struct ws_end end, server_end;
    bool complete; /* all that was sent has come back, and both closed */
};

static struct talk t;
static struct ws_tls_context *server_tls, *client_tls; /* where it goes through TLS */
static bool over_http2;
static uint8_t payload[LARGE];

/* What the tests write down must not fail. */
static void note(struct grown *grown, const void *data, size_t len)
{
    bool was = armed;
    armed = false;
    grown_add(grown, data, len);
    armed = was;
}

static void server_event(struct ws_conn *conn, const struct ws_event *event)
{
    if (event->type != WS_EVENT_MESSAGE && event->type != WS_EVENT_CHUNK)
        return;
    note(&t.heard, event->data, event->len);
    enum ws_error error = ws_conn_reply(conn, event);
    if (error != WS_OK && error != WS_E_CLOSING)
        ws_conn_abort(conn, error);
    if (++t.pauses % 4 == 0) {
        ws_conn_pause(conn); /* what is unread is parked */
        ws_conn_resume(conn);
    }
}

static void server_open(struct ws_conn *conn, const struct ws_event *event)
{
    char peer[80];
    (void)event;
    /* The kernel refuses some of it; on TCP every refusal would cost a delayed acknowledgement. */
    if (strcmp(ws_conn_peer(conn, peer, sizeof peer), "unix") == 0)
        shrink_buffers(ws_conn_fd(conn));
    t.served++;
}

static void server_close(struct ws_conn *conn, const struct ws_end *end)
{
    (void)conn;
    t.server_end = *end;
}

static bool client_send(unsigned opcode, unsigned flags, size_t len)
{
    enum ws_error error = ws_conn_send(t.conn, opcode, flags, payload, len);
    if (error == WS_OK)
        note(&t.sent, payload, len);
    else
        assert_true(error == WS_E_NO_MEMORY || error == WS_E_CLOSING || error == WS_E_RANDOM);
    return error == WS_OK;
}

static void client_open(struct ws_conn *conn, const struct ws_event *event)
{
    t.opened++;
    (void)event;
    bool sent = true;
    for (int i = 0; i < SMALL; i++)
        sent &= client_send(WS_OP_BINARY, WS_SEND_COPY, (size_t)i * 10);
    sent &= ws_conn_ping(conn, "ping", 4) == WS_OK;
    sent &= client_send(WS_OP_BINARY, WS_SEND_COPY, LARGE);
    for (int i = 0; i < PIECES && sent; i++)
        sent &= client_send(WS_OP_BINARY, i < PIECES - 1 ? WS_SEND_MORE : 0, PIECE);
    if (!sent)
        ws_conn_abort(conn, WS_E_NO_MEMORY);
}

static void client_event(struct ws_conn *conn, const struct ws_event *event)
{
    t.pongs += event->type == WS_EVENT_PONG;
    if (event->type != WS_EVENT_MESSAGE && event->type != WS_EVENT_CHUNK)
        return;
    note(&t.got, event->data, event->len);
    if (t.got.len == t.sent.len && ws_conn_close(conn, 1000, "done") == WS_E_NO_MEMORY)
        ws_conn_abort(conn, WS_E_NO_MEMORY);
}

static void client_close(struct ws_conn *conn, const struct ws_end *end)
{
    assert_ptr_equal(conn, t.conn);
    t.ended++;
    t.end = *end;
    t.conn = NULL;
}

static const struct ws_handler server_handler = {
    .open = server_open, .event = server_event, .close = server_close};
static const struct ws_handler client_handler = {
    .open = client_open, .event = client_event, .close = client_close};

static void on_connected(void *user, struct ws_conn *conn)
{
    (void)user;
    t.connected++;
    t.client = NULL;
    t.conn = conn;
}

static void on_failed(void *user, enum ws_error error, const char *detail)
{
    (void)user;
    assert_true(strlen(detail) > 0);
    t.refused++;
    t.refusal = error;
    t.client = NULL;
}

static bool over(void)
{
    return t.refused || t.ended;
}

/* The client's half, over a server that listens at `text`. */
static void converse(const char *text)
{
    static const char *const subprotocols[] = {"one", "two", NULL};
    static const struct ws_header headers[] = {{"X-One", "1"}, {"X-Two", "2"}};
    struct ws_url url;
    if (ws_conn_env_init(&t.env, t.loop, &t.client_config, &client_handler, NULL) != WS_OK)
        return;
    enum ws_url_error error = ws_url_parse(text, &url);
    if (error != WS_URL_OK) {
        assert_int_equal(error, WS_URL_NO_MEMORY);
        return;
    }
    struct ws_client_options options = {
        .url = &url,
        .subprotocols = subprotocols,
        .headers = headers,
        .header_count = 2,
        .tls = client_tls,
        .tls_name = "localhost",
        .connect_ms = 5000,
        .http2_prior = over_http2,
        .env = &t.env,
        .connected = on_connected,
        .failed = on_failed,
    };
    t.client = ws_client_connect(&options);
    ws_url_free(&url);
    if (!t.client)
        return;
    TURN_UNTIL(t.loop, over());
    t.complete = t.ended && t.end.error == WS_OK && t.end.code == 1000;
}

static void forget(void)
{
    grown_free(&t.sent);
    grown_free(&t.heard);
    grown_free(&t.got);
    t.opened = t.connected = t.refused = t.ended = t.served = t.pongs = 0;
    t.complete = false;
}

/* What came is what was sent, as far as it came; and an end that got all of it closed cleanly. */
static void check(void)
{
    assert_true(t.heard.len <= t.sent.len);
    assert_true(t.got.len <= t.heard.len);
    if (t.heard.len > 0)
        assert_memory_equal(t.heard.data, t.sent.data, t.heard.len);
    if (t.got.len > 0)
        assert_memory_equal(t.got.data, t.sent.data, t.got.len);
    assert_true(t.connected + t.refused <= 1);
    assert_int_equal(t.ended, t.connected);
    if (t.complete) {
        assert_int_equal(t.got.len, t.sent.len);
        assert_true(t.pongs > 0);
    } else if (t.ended) {
        assert_true(t.end.error != WS_OK || t.end.code == WS_CLOSE_INTERNAL);
    }
}

static void *join(void *user, unsigned index, struct ws_server_env *env)
{
    (void)index;
    env->tls = server_tls;
    return user;
}

static void one_run(const char *where)
{
    char error[200];
    struct ws_server_options options = {.config = &t.server_config,
                                        .handler = &server_handler,
                                        .env_user = join,
                                        .secure = server_tls != NULL};
    memset(&t, 0, sizeof t);
    ws_conn_config_init(&t.server_config, WS_ROLE_SERVER);
    t.server_config.session.chunks = true;
    t.server_config.pause_reads_when_full = true;
    t.server_config.high_water = 10000;
    t.server_config.close_ms = 100;
    t.server_config.http2_prior = over_http2;
    t.server_config.max_streams = 2;
    ws_conn_config_init(&t.client_config, WS_ROLE_CLIENT);
    t.client_config.close_ms = 1000;

    calls = failed = 0;
    armed = true;
    enum ws_error made = ws_loop_new(&t.loop);
    if (made != WS_OK) {
        armed = false;
        assert_int_equal(made, WS_E_NO_MEMORY);
        return;
    }
    t.server = ws_server_new(t.loop, &options);
    if (t.server && ws_server_listen(t.server, where, error, sizeof error)) {
        converse(ws_server_url(t.server, 0));
        armed = false;
        TURN_UNTIL(t.loop, ws_server_count(t.server) == 0);
        check();
        assert_true(t.complete || failed > 0);
        /* Whatever it was, the server goes on as if nothing had been. */
        if (failed > 0) {
            forget();
            converse(ws_server_url(t.server, 0));
            check();
            assert_true(t.complete);
        }
        armed = true;
    } else {
        assert_true(failed > 0);
    }
    ws_server_free(t.server);
    ws_loop_turn(t.loop, 0);
    ws_loop_free(t.loop);
    armed = false;
    forget();
}

static void every_allocation(const char *where, bool rest)
{
    unsigned before = open_descriptors();
    armed = false;
    from_there_on = rest;
    fill(payload, sizeof payload, 5);
    for (fail_at = 1;; fail_at++) {
        one_run(where);
        assert_int_equal(open_descriptors(), before);
        if (failed == 0)
            break;
        assert_true(fail_at < 10000);
    }
    print_message("%lu allocations%s over %.4s\n", fail_at - 1,
                  rest ? ", and all that come after" : "", where);
}

static void one_fails_over_tcp(void **state)
{
    (void)state;
    every_allocation("127.0.0.1:0", false);
}

static void all_from_one_on_fail_over_tcp(void **state)
{
    (void)state;
    every_allocation("127.0.0.1:0", true);
}

static const char *unix_path(void)
{
    static char where[100];
    snprintf(where, sizeof where, "unix:/tmp/test_memory.%d", (int)getpid());
    return where;
}

static void one_fails_over_a_unix_socket(void **state)
{
    (void)state;
    every_allocation(unix_path(), false);
    unlink(unix_path() + 5);
}

static void all_from_one_on_fail_over_a_unix_socket(void **state)
{
    (void)state;
    every_allocation(unix_path(), true);
    unlink(unix_path() + 5);
}

/* The contexts too: what could be made of them, or nothing. */
static bool make_contexts(void)
{
    char error[200];
    struct ws_tls_options options = {.role = WS_ROLE_SERVER};
    struct ws_tls_identity *pair = ws_tls_identity_self_signed(NULL, 0);
    struct ws_tls_context *first = NULL;
    options.pair = pair;
    if (pair)
        first = ws_tls_context_new(&options, error, sizeof error);
    if (first)
        server_tls = ws_tls_context_again(first);
    ws_tls_context_free(first);
    ws_tls_identity_free(pair);
    options = (struct ws_tls_options){.role = WS_ROLE_CLIENT, .insecure = true};
    client_tls = ws_tls_context_new(&options, error, sizeof error);
    return server_tls && client_tls;
}

static void free_contexts(void)
{
    ws_tls_context_free(server_tls);
    ws_tls_context_free(client_tls);
    server_tls = client_tls = NULL;
}

static void contexts_fail(void **state)
{
    (void)state;
    from_there_on = false;
    for (fail_at = 1; fail_at < 100; fail_at++) {
        calls = failed = 0;
        armed = true;
        bool made = make_contexts();
        armed = false;
        free_contexts();
        assert_int_equal(made, failed == 0);
        if (failed == 0)
            return;
    }
    fail();
}

static void one_fails_over_tls(void **state)
{
    (void)state;
    assert_true(make_contexts());
    every_allocation("127.0.0.1:0", false);
    free_contexts();
}

static void all_from_one_on_fail_over_tls(void **state)
{
    (void)state;
    assert_true(make_contexts());
    every_allocation("127.0.0.1:0", true);
    free_contexts();
}

static void one_fails_over_http2(void **state)
{
    (void)state;
    if (!ws_http2_supported())
        skip();
    over_http2 = true;
    every_allocation("127.0.0.1:0", false);
    over_http2 = false;
}

static void all_from_one_on_fail_over_http2(void **state)
{
    (void)state;
    if (!ws_http2_supported())
        skip();
    over_http2 = true;
    every_allocation("127.0.0.1:0", true);
    over_http2 = false;
}

static bool shut_down;

static void silent_open(struct ws_conn *conn, const struct ws_event *event)
{
    (void)conn;
    (void)event;
    t.opened++;
}

static void on_shut_down(void *user)
{
    (void)user;
    shut_down = true;
}

/* Nothing can be allocated any more: that is when a server may have to go. */
static void a_server_shuts_down(void **state)
{
    (void)state;
    char error[200];
    const struct ws_server_options options = {.config = &t.server_config,
                                              .handler = &server_handler};
    memset(&t, 0, sizeof t);
    ws_conn_config_init(&t.server_config, WS_ROLE_SERVER);
    ws_conn_config_init(&t.client_config, WS_ROLE_CLIENT);
    assert_int_equal(ws_loop_new(&t.loop), WS_OK);
    t.server = ws_server_new(t.loop, &options);
    assert_non_null(t.server);
    assert_true(ws_server_listen(t.server, "127.0.0.1:0", error, sizeof error));
    struct ws_url url;
    assert_int_equal(ws_url_parse(ws_server_url(t.server, 0), &url), WS_URL_OK);
    static const struct ws_handler silent = {.open = silent_open, .close = client_close};
    assert_int_equal(ws_conn_env_init(&t.env, t.loop, &t.client_config, &silent, NULL), WS_OK);
    const struct ws_client_options client = {
        .url = &url, .env = &t.env, .connected = on_connected, .failed = on_failed};
    t.client = ws_client_connect(&client);
    assert_non_null(t.client);
    TURN_UNTIL(t.loop, t.served == 1 && t.opened == 1);
    calls = failed = 0, fail_at = 1, from_there_on = true;
    shut_down = false;
    armed = true;
    ws_server_shutdown(t.server, 1001, "away", 100, on_shut_down);
    TURN_UNTIL(t.loop, shut_down && t.ended == 1);
    armed = false;
    assert_int_equal(ws_server_count(t.server), 0);
    ws_server_free(t.server);
    ws_url_free(&url);
    ws_loop_turn(t.loop, 0);
    ws_loop_free(t.loop);
}

/* A client that is to ask a proxy, which refuses the connection. */
static void towards_a_proxy(void **state)
{
    (void)state;
    unsigned before = open_descriptors();
    from_there_on = false;
    for (fail_at = 1;; fail_at++) {
        struct ws_url url;
        struct ws_proxy proxy = {0};
        memset(&t, 0, sizeof t);
        armed = false;
        assert_int_equal(ws_loop_new(&t.loop), WS_OK);
        assert_int_equal(ws_url_parse("ws://inside.example/", &url), WS_URL_OK);
        assert_int_equal(ws_conn_env_init(&t.env, t.loop, &t.client_config, &client_handler, NULL),
                         WS_OK);
        calls = failed = 0;
        armed = true;
        const char *wrong = ws_proxy_parse("socks5://joe:pass@127.0.0.1:1", &proxy);
        if (wrong) {
            assert_string_equal(wrong, "out of memory");
        } else {
            struct ws_client_options options = {
                .url = &url,
                .proxy = &proxy,
                .connect_ms = 5000,
                .env = &t.env,
                .connected = on_connected,
                .failed = on_failed,
            };
            t.client = ws_client_connect(&options);
            assert_true(t.client || failed > 0);
            if (t.client)
                TURN_UNTIL(t.loop, over());
            assert_true(failed > 0 || t.refusal == WS_E_CONNECT);
        }
        armed = false;
        ws_proxy_free(&proxy);
        ws_url_free(&url);
        ws_loop_turn(t.loop, 0);
        ws_loop_free(t.loop);
        assert_int_equal(open_descriptors(), before);
        if (failed == 0)
            break;
        assert_true(fail_at < 100);
    }
    assert_true(fail_at > 8);
}

static void *crypto_malloc(size_t size, const char *file, int line)
{
    (void)file, (void)line;
    return __real_malloc(size);
}

static void *crypto_realloc(void *memory, size_t size, const char *file, int line)
{
    (void)file, (void)line;
    return __real_realloc(memory, size);
}

static void crypto_free(void *memory, const char *file, int line)
{
    (void)file, (void)line;
    free(memory);
}

int main(void)
{
    CRYPTO_set_mem_functions(crypto_malloc, crypto_realloc, crypto_free);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_fails_over_tcp),
        cmocka_unit_test(all_from_one_on_fail_over_tcp),
        cmocka_unit_test(towards_a_proxy),
        cmocka_unit_test(one_fails_over_a_unix_socket),
        cmocka_unit_test(all_from_one_on_fail_over_a_unix_socket),
        cmocka_unit_test(contexts_fail),
        cmocka_unit_test(one_fails_over_tls),
        cmocka_unit_test(all_from_one_on_fail_over_tls),
        cmocka_unit_test(one_fails_over_http2),
        cmocka_unit_test(all_from_one_on_fail_over_http2),
        cmocka_unit_test(a_server_shuts_down),
    };
    return cmocka_run_group_tests_name("memory", tests, NULL, NULL);
}
