/* Contexts, and what a program that includes the public headers alone learns of TLS. */
#include <ws/net.h>

#include <stdio.h>
#include <string.h>

#include <setjmp.h>
#include <stdarg.h>
/* cmocka.h needs those and stddef.h, stdint.h before it. */
#include <cmocka.h>

static struct ws_loop *loop;
static struct ws_tls_context *server_tls;
static enum ws_error ended_with;
static bool opened;
static char failure[200], version[20], peer[100];
static enum ws_tls_rejection rejection;

static void on_open(struct ws_conn *conn, const struct ws_event *event)
{
    const struct ws_tls *tls = ws_conn_tls(conn);
    (void)event;
    opened = true;
    assert_true(ws_tls_established(tls));
    assert_false(ws_tls_http2(tls));
    assert_false(ws_tls_resumed(tls));
    assert_true(ws_tls_handshake_us(tls) > 0);
    assert_true(ws_tls_established_us(tls) <= ws_clock_us());
    assert_true(strlen(ws_tls_cipher(tls)) > 0);
    snprintf(version, sizeof version, "%s", ws_tls_version(tls));
    ws_tls_peer(tls, peer, sizeof peer);
    ws_conn_close(conn, WS_CLOSE_NORMAL, NULL);
}

static void on_close(struct ws_conn *conn, const struct ws_end *end)
{
    const struct ws_tls *tls = ws_conn_tls(conn);
    ended_with = end->error;
    snprintf(failure, sizeof failure, "%s", ws_tls_failure(tls));
    rejection = ws_tls_rejection(tls);
    ws_loop_stop(loop);
}

static void *use_tls(void *user, unsigned index, struct ws_server_env *env)
{
    (void)user;
    (void)index;
    env->tls = server_tls;
    return NULL;
}

/* A client, which accepts any certificate or not, connects to a server whose certificate is its
 * own. */
static void connect_to_self_signed(bool insecure)
{
    static const struct ws_handler server_handler, handler = {.open = on_open, .close = on_close};
    struct ws_conn_config server_config, config;
    struct ws_conn_env env;
    struct ws_url url;
    char error[200];
    struct ws_tls_identity *pair = ws_tls_identity_self_signed(NULL, 0);
    struct ws_tls_options options = {.role = WS_ROLE_SERVER, .pair = pair};
    assert_non_null(server_tls = ws_tls_context_new(&options, error, sizeof error));
    ws_tls_identity_free(pair);
    options = (struct ws_tls_options){.role = WS_ROLE_CLIENT, .insecure = insecure};
    struct ws_tls_context *tls = ws_tls_context_new(&options, error, sizeof error);
    assert_non_null(tls);

    assert_int_equal(ws_loop_new(&loop), WS_OK);
    ws_conn_config_init(&server_config, WS_ROLE_SERVER);
    ws_conn_config_init(&config, WS_ROLE_CLIENT);
    const struct ws_server_options serving = {
        .config = &server_config, .handler = &server_handler, .env_user = use_tls, .secure = true};
    struct ws_server *server = ws_server_new(loop, &serving);
    assert_non_null(server);
    assert_true(ws_server_listen(server, "127.0.0.1:0", error, sizeof error));
    assert_int_equal(ws_url_parse(ws_server_url(server, 0), &url), WS_URL_OK);
    assert_int_equal(ws_conn_env_init(&env, loop, &config, &handler, NULL), WS_OK);
    const struct ws_client_options client = {.url = &url, .env = &env, .tls = tls};
    opened = false;
    assert_non_null(ws_client_connect(&client));
    ws_loop_run(loop);

    ws_url_free(&url);
    ws_server_free(server);
    ws_loop_turn(loop, 0);
    ws_loop_free(loop);
    ws_tls_context_free(tls);
    ws_tls_context_free(server_tls);
}

static void what_was_agreed_on(void **state)
{
    (void)state;
    connect_to_self_signed(true);
    assert_true(opened);
    assert_int_equal(ended_with, WS_OK);
    assert_string_equal(failure, "");
    assert_string_equal(version, "TLSv1.3");
    assert_non_null(strstr(peer, "localhost"));
    assert_int_equal(rejection, WS_TLS_REJECTED_NOT);
}

static void why_it_failed(void **state)
{
    (void)state;
    connect_to_self_signed(false);
    assert_false(opened);
    assert_int_equal(ended_with, WS_E_TLS);
    assert_non_null(strstr(failure, "self-signed"));
    assert_int_equal(rejection, WS_TLS_REJECTED_ISSUER);
}

static void a_server_without_a_certificate(void **state)
{
    (void)state;
    char error[200] = "";
    const struct ws_tls_options options = {.role = WS_ROLE_SERVER};
    assert_null(ws_tls_context_new(&options, error, sizeof error));
    assert_string_equal(error, "a server needs a certificate");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_was_agreed_on),
        cmocka_unit_test(why_it_failed),
        cmocka_unit_test(a_server_without_a_certificate),
    };
    return cmocka_run_group_tests_name("tls_context", tests, NULL, NULL);
}
