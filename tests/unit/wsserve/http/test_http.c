/* access_control, http, aggregate and admin together: requests to a server in this process.
 */
#include "cmd/common/log.h"
#include "cmd/wsserve/access/access_control.h"
#include "cmd/wsserve/context.h"
#include "cmd/wsserve/http/admin.h"
#include "cmd/wsserve/http/http.h"
#include "cmd/wsserve/observe/worker.h"
#include "cmd/wsserve/options/settings.h"
#include "cmd/wsserve/request/answer.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka.h needs those four before it. */
#include <cmocka.h>

/* Turns the loop until it is so, 10 seconds at most. (support_net.h has another struct record.) */
#define TURN_UNTIL(loop, condition)                                                                \
    for (int64_t until_ = ws_clock_us() + 10000000; !(condition); ws_loop_turn(loop, 5))           \
    assert_true(ws_clock_us() < until_)

static struct server fx_server;
static struct settings settings;
static bool reaches_local;
static char answer[65536];

static void on_request(struct ws_conn *conn, const struct ws_request *request)
{
    enum access_verdict verdict = access_control_check(conn, request);
    if (verdict == ACCESS_PLAIN)
        http_answer(conn, request);
    else if (verdict == ACCESS_UPGRADE)
        assert_int_equal(answer_accept(conn, request), WS_OK);
}

static const struct ws_handler handler = {.request = on_request};

static void *join(void *user, unsigned index, struct ws_server_env *env)
{
    (void)user;
    fx_server.workers[index].env = env;
    return &fx_server.workers[index];
}

/* With what stands in `settings.http`; everything else is as small as can be. */
static void begin(void)
{
    char error[256];
    struct ws_conn_config config;
    static struct log log;
    fx_server = (struct server){.settings = &settings, .log = &log, .worker_count = 1};
    log = (struct log){.fd = -1, .least = WS_LOG_ERROR};
    assert_true(worker_init(&fx_server.workers[0], &fx_server, 0));
    ws_conn_config_init(&config, WS_ROLE_SERVER);
    assert_int_equal(ws_loop_new(&fx_server.loop), WS_OK);
    struct ws_server_options options = {
        .config = &config, .handler = &handler, .user = &fx_server, .env_user = join};
    assert_true(access_control_start(&fx_server, reaches_local, error, sizeof error));
    fx_server.http = http_new(&settings.http, error, sizeof error);
    assert_non_null(fx_server.http);
    fx_server.ws_server = ws_server_new(fx_server.loop, &options);
    assert_non_null(fx_server.ws_server);
    assert_true(ws_server_listen(fx_server.ws_server, "127.0.0.1:0", error, sizeof error));
    assert_true(admin_start(&fx_server));
}

static int end(void **state)
{
    (void)state;
    ws_server_free(fx_server.ws_server);
    admin_stop(&fx_server);
    ws_loop_free(fx_server.loop);
    http_free(fx_server.http);
    access_control_stop(&fx_server);
    worker_free(&fx_server.workers[0]);
    settings = (struct settings){.port = 0};
    reaches_local = false;
    return 0;
}

/* True once the answer is whole: at the end of the stream, or of a 101. */
static bool receive(int fd, size_t *len)
{
    ssize_t more = recv(fd, answer + *len, sizeof answer - 1 - *len, MSG_DONTWAIT);
    if (more < 0)
        return errno != EAGAIN;
    *len += (size_t)more;
    answer[*len] = '\0';
    return more == 0 || (strncmp(answer, "HTTP/1.1 101", 12) == 0 && strstr(answer, "\r\n\r\n"));
}

static int ask_at(const char *url, const char *request)
{
    struct sockaddr_in to = {.sin_family = AF_INET,
                             .sin_addr.s_addr = htonl(INADDR_LOOPBACK),
                             .sin_port = htons((uint16_t)atoi(strrchr(url, ':') + 1))};
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    size_t len = 0;
    assert_int_equal(connect(fd, (struct sockaddr *)&to, sizeof to), 0);
    assert_int_equal(send(fd, request, strlen(request), MSG_NOSIGNAL), strlen(request));
    TURN_UNTIL(fx_server.loop, receive(fd, &len));
    close(fd);
    assert_memory_equal(answer, "HTTP/1.1 ", 9);
    return atoi(answer + 9);
}

static int ask(const char *request)
{
    return ask_at(ws_server_url(fx_server.ws_server, 0), request);
}

static int get(const char *path)
{
    char request[256];
    snprintf(request, sizeof request, "GET %s HTTP/1.1\r\nHost: localhost\r\n\r\n", path);
    return ask(request);
}

#define UPGRADE                                                                                    \
    "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"                   \
    "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"

static bool says(const char *text)
{
    return strstr(answer, text) != NULL;
}

static void with_nothing_to_serve(void **state)
{
    (void)state;
    begin();
    assert_int_equal(get("/"), 426);
    assert_int_equal(get("/health"), 426);
    assert_int_equal(ask("GET / HTTP/1.1\r\nHost: x\r\n" UPGRADE "\r\n"), 101);
    assert_int_equal(ask("POST / HTTP/1.1\r\nHost: x\r\n\r\n"), 426);
}

static void paths_lead_where_they_should(void **state)
{
    (void)state;
    settings.http = (struct settings_http){
        .health = "/up", .metrics = "/m", .path = "/ws", .dev_console = true};
    begin();
    assert_int_equal(get("/up"), 200);
    assert_true(says("\r\n\r\n{\"status\":\"ok\",\"connections\":0,\"limit\":0}\n"));
    assert_int_equal(get("/m"), 200);
    assert_true(says("wsserve_connections{state="));
    assert_int_equal(get("/"), 200);
    assert_true(says("data-path=\"/ws\""));
    assert_int_equal(get("/ws"), 200);
    assert_int_equal(get("/other"), 404);
    assert_int_equal(ask("HEAD /up HTTP/1.1\r\nHost: x\r\n\r\n"), 200);
    assert_true(says("Content-Length: 42\r\n"));
    assert_false(says("status"));
    assert_int_equal(ask("PUT /up HTTP/1.1\r\nHost: x\r\n\r\n"), 405);
    assert_true(says("Allow: GET, HEAD\r\n"));
    assert_int_equal(ask("GET / HTTP/1.1\r\nHost: x\r\n" UPGRADE "\r\n"), 404);
    assert_int_equal(ask("GET /ws HTTP/1.1\r\nHost: x\r\n" UPGRADE "\r\n"), 101);
}

static void drained_and_unwell(void **state)
{
    (void)state;
    settings.http = (struct settings_http){.health = "/health"};
    begin();
    atomic_store(&fx_server.draining, true);
    assert_int_equal(get("/health"), 503);
    assert_true(says("\"status\":\"draining\""));
    assert_int_equal(get("/"), 503);
}

static void the_admin_has_it_alone(void **state)
{
    (void)state;
    settings.http =
        (struct settings_http){.health = "/health", .metrics = "/metrics", .admin = "127.0.0.1:0"};
    begin();
    assert_int_equal(get("/health"), 426);
    assert_int_equal(get("/metrics"), 426);
    const char *admin = admin_url(&fx_server);
    assert_int_equal(ask_at(admin, "GET /health HTTP/1.1\r\nHost: localhost\r\n\r\n"), 200);
    assert_int_equal(ask_at(admin, "GET /metrics HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n"), 200);
    assert_int_equal(ask_at(admin, "GET /connections HTTP/1.1\r\nHost: [::1]\r\n\r\n"), 200);
    assert_true(says("Content-Type: application/json\r\n"));
    assert_true(says("\r\n\r\n[]\n"));
    assert_int_equal(ask_at(admin, "GET /health HTTP/1.1\r\nHost: evil.example\r\n\r\n"), 200);
    assert_int_equal(ask_at(admin, "GET /metrics HTTP/1.1\r\nHost: evil.example\r\n\r\n"), 403);
    assert_int_equal(ask_at(admin, "GET / HTTP/1.1\r\nHost: localhost\r\n" UPGRADE "\r\n"), 404);
}

static void secrets_before_content(void **state)
{
    (void)state;
    settings.http = (struct settings_http){
        .health = "/health", .metrics = "/metrics", .token = "abc", .dev_console = true};
    begin();
    assert_int_equal(get("/"), 401);
    assert_true(says("WWW-Authenticate: Bearer realm="));
    assert_false(says("X-WebSocket-Error"));
    assert_int_equal(get("/metrics"), 401);
    assert_int_equal(get("/health"), 200);
    assert_int_equal(get("/metrics?token=abc"), 200);
    assert_int_equal(get("/?token=abd"), 401);
}

static void what_is_local_is_guarded(void **state)
{
    (void)state;
    reaches_local = true;
    begin();
    assert_int_equal(ask("GET / HTTP/1.1\r\nHost: 127.0.0.1:1\r\n"
                         "Origin: http://evil.example\r\n" UPGRADE "\r\n"),
                     403);
    assert_true(says("\r\n\r\nthe request was refused\n"));
    assert_int_equal(ask("GET / HTTP/1.1\r\nHost: rebind.example\r\n" UPGRADE "\r\n"), 403);
    assert_int_equal(ask("GET / HTTP/1.1\r\nHost: 127.0.0.1:1\r\n"
                         "Origin: http://127.0.0.1:1\r\n" UPGRADE "\r\n"),
                     101);
}

/* A client that asks for metrics and leaves at once is gone when they are ready. */
static void the_one_who_asked_is_gone(void **state)
{
    (void)state;
    settings.http = (struct settings_http){.metrics = "/metrics"};
    begin();
    for (int i = 0; i < 50; i++) {
        static const char request[] = "GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n";
        struct sockaddr_in to = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
        struct linger linger = {.l_onoff = 1};
        to.sin_port =
            htons((uint16_t)atoi(strrchr(ws_server_url(fx_server.ws_server, 0), ':') + 1));
        int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
        assert_int_equal(connect(fd, (struct sockaddr *)&to, sizeof to), 0);
        assert_int_equal(send(fd, request, sizeof request - 1, MSG_NOSIGNAL), sizeof request - 1);
        setsockopt(fd, SOL_SOCKET, SO_LINGER, &linger, sizeof linger);
        for (int turn = 0; turn < i % 4; turn++)
            ws_loop_turn(fx_server.loop, 0);
        close(fd);
    }
    TURN_UNTIL(fx_server.loop, ws_server_count(fx_server.ws_server) == 0);
}

#define TEST(name) cmocka_unit_test_teardown(name, end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(with_nothing_to_serve),     TEST(paths_lead_where_they_should),
        TEST(drained_and_unwell),        TEST(the_admin_has_it_alone),
        TEST(secrets_before_content),    TEST(what_is_local_is_guarded),
        TEST(the_one_who_asked_is_gone),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
