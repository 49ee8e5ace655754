/* What a connection keeps for a peer that asks its TLS for answers, and does not take them. */
#include "libws/conn/conn_private.h"
#include "libws/tls/tls_private.h"

#include "tests/unit/support_net.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <setjmp.h>
#include <stdarg.h>
/* cmocka.h needs those and stddef.h, stdint.h before it. */
#include <cmocka.h>

enum { ROOM = 64 * 1024 };

static struct ws_loop *loop;
static struct ws_conn *conn;
static struct ws_tls *client;
static struct ws_out sealed;
static struct grown wire; /* towards the server */
static int far;

static void forget(struct ws_conn *ended, const struct ws_end *end)
{
    (void)ended;
    (void)end;
    conn = NULL;
}

static struct ws_tls_context *new_context(enum ws_role role, const struct ws_tls_identity *pair)
{
    char error[200] = "";
    struct ws_tls_options options = {
        .role = role, .pair = pair, .insecure = role == WS_ROLE_CLIENT};
    struct ws_tls_context *context = ws_tls_context_new(&options, error, sizeof error);
    if (!context)
        fail_msg("%s", error);
    return context;
}

/* Sends what the kernel takes; false when it takes none of it. */
static bool push(void)
{
    for (size_t i = 0; i < sealed.count; i++)
        grown_add(&wire, ws_out_span_data(&sealed, i), sealed.spans[i].len);
    ws_out_clear(&sealed);
    ssize_t n = send(far, wire.data, wire.len, MSG_NOSIGNAL);
    if (n > 0)
        grown_consume(&wire, (size_t)n);
    return n > 0;
}

static void shake_hands(void)
{
    static uint8_t memory[WS_TLS_RECORD_MAX + ROOM];
    size_t len;
    assert_int_equal(ws_tls_begin(client, &sealed), WS_OK);
    push();
    int64_t give_up = ws_clock_us() + 60 * 1000000;
    while (!ws_tls_established(client)) {
        assert_true(ws_clock_us() < give_up);
        ws_loop_turn(loop, 5);
        ssize_t n = recv(far, memory + WS_TLS_RECORD_MAX, ROOM, 0);
        if (n <= 0)
            continue;
        ws_tls_open(client, memory + WS_TLS_RECORD_MAX, (size_t)n, memory, &sealed, &len);
        push();
    }
    TURN_UNTIL(loop, ws_tls_established(conn->cold->tls));
}

/* New keys, asked for again and again, with a byte of a request in between. */
static void ask(void)
{
    enum { TIMES = 500, IN_A_ROW = 20 };
    struct iovec byte = {(void *)(uintptr_t) "G", 1};
    size_t len;
    client->sealed = &sealed;
    for (int i = 0; i < TIMES; i++) {
        assert_int_equal(SSL_key_update(client->ssl, SSL_KEY_UPDATE_REQUESTED), 1);
        assert_int_equal(SSL_do_handshake(client->ssl), 1);
        if (i % IN_A_ROW == 0) {
            ws_tls_seal(client, &byte, 1, 1, &sealed, &len);
            client->sealed = &sealed;
        }
    }
    client->sealed = NULL;
}

static void answers_of_tls_are_not_gathered_for_ever(void **state)
{
    struct ws_conn_config config;
    static const struct ws_handler handler = {.close = forget};
    struct ws_conn_env env;
    struct ws_tls_identity *pair = ws_tls_identity_self_signed(NULL, 0);
    struct ws_tls_context *ours = new_context(WS_ROLE_SERVER, pair);
    struct ws_tls_context *theirs = new_context(WS_ROLE_CLIENT, NULL);
    int fds[2];
    (void)state;
    assert_int_equal(ws_loop_new(&loop), WS_OK);
    ws_conn_config_init(&config, WS_ROLE_SERVER);
    config.handshake_ms = config.write_ms = 3600 * 1000;
    assert_int_equal(ws_conn_env_init(&env, loop, &config, &handler, NULL), WS_OK);
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, fds), 0);
    far = fds[1];
    conn = ws_conn_new(&env, fds[0], NULL);
    assert_non_null(conn);
    assert_int_equal(ws_conn_secure(conn, ours, NULL), WS_OK);
    client = ws_tls_new(theirs, "localhost");
    shake_hands();

    /* Nothing is read from here on: at some time the server must read no more either. */
    size_t most = 0;
    for (int stuck = 0; stuck < 20;) {
        if (wire.len == 0)
            ask();
        stuck = push() ? 0 : stuck + 1;
        ws_loop_turn(loop, 0);
        assert_non_null(conn);
        most = conn->cold->sealed.bytes > most ? conn->cold->sealed.bytes : most;
        assert_true(most < 3 * WS_SEALED_HIGH);
    }
    assert_true(most > WS_SEALED_HIGH);

    close(far);
    TURN_UNTIL(loop, !conn);
    ws_tls_free(client);
    ws_tls_context_free(ours);
    ws_tls_context_free(theirs);
    ws_tls_identity_free(pair);
    ws_out_free(&sealed);
    grown_free(&wire);
    ws_loop_free(loop);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(answers_of_tls_are_not_gathered_for_ever),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
