/* Redis is a socket of the test; tests/cli/wsserve/cluster.bats has real ones. */
#include "cmd/wsserve/cluster/redis_link.h"

#include "cmd/wsserve/cluster/resp_command.h"

#include <arpa/inet.h>
#include <netinet/in.h>
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

enum { NEVER_MS = 3600000, GATHER_LEN = 64 * 1024 };

static struct {
    struct ws_loop *loop;
    struct redis_link link;
    int listener, redis; /* Redis's ends */
    unsigned opened, replies;
    char lost[256];
} fx;

static void on_opened(struct redis_link *link)
{
    (void)link;
    fx.opened++;
}

static bool on_replied(struct redis_link *link, const struct resp_reply *reply)
{
    (void)link;
    (void)reply;
    fx.replies++;
    return true;
}

static void on_lost(struct redis_link *link, const char *why)
{
    (void)link;
    snprintf(fx.lost, sizeof fx.lost, "%s", why);
}

static int start(void **state)
{
    static const struct redis_link_user user = {on_opened, on_replied, on_lost};
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t len = sizeof address;
    (void)state;
    memset(&fx, 0, sizeof fx);
    fx.listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fx.listener < 0 || bind(fx.listener, (struct sockaddr *)&address, len) != 0 ||
        listen(fx.listener, 1) != 0 ||
        getsockname(fx.listener, (struct sockaddr *)&address, &len) != 0 ||
        ws_loop_new(&fx.loop) != WS_OK)
        return -1;
    fx.link = (struct redis_link){.user = &user,
                                  .loop = fx.loop,
                                  .host = "127.0.0.1",
                                  .name = "127.0.0.1",
                                  .port = ntohs(address.sin_port),
                                  .max_reply = 1000,
                                  .gather_ms = NEVER_MS};
    if (!redis_link_start(&fx.link))
        return -1;
    while (fx.link.state != REDIS_LINK_GREETING)
        ws_loop_turn(fx.loop, 1);
    fx.redis = accept(fx.listener, NULL, NULL);
    return fx.redis < 0;
}

static int stop(void **state)
{
    (void)state;
    redis_link_stop(&fx.link);
    ws_loop_turn(fx.loop, 0);
    ws_loop_free(fx.loop);
    close(fx.redis);
    close(fx.listener);
    return 0;
}

/* What Redis has received, up to now; bytes. */
static size_t received(void)
{
    static char bytes[65536];
    size_t sum = 0;
    ws_loop_turn(fx.loop, 0);
    for (ssize_t n; (n = recv(fx.redis, bytes, sizeof bytes, MSG_DONTWAIT)) > 0;)
        sum += (size_t)n;
    return sum;
}

static void says(const char *answer)
{
    assert_int_equal(send(fx.redis, answer, strlen(answer), 0), strlen(answer));
}

static size_t command(size_t len)
{
    static char text[GATHER_LEN];
    const char *words[] = {"PUBLISH", "chat", text};
    const size_t lengths[] = {7, 4, len};
    assert_true(len <= sizeof text);
    assert_true(redis_link_command(&fx.link, 3, words, lengths));
    return resp_command_size(3, lengths);
}

static void open_link(void)
{
    assert_int_equal(fx.opened, 0);
    while (received() == 0)
        ;
    says("-ERR This instance has cluster support disabled\r\n");
    while (!fx.opened)
        ws_loop_turn(fx.loop, 1);
    assert_int_equal(fx.link.state, REDIS_LINK_OPEN);
    assert_false(fx.link.sharded);
}

static void few_commands_leave_at_once_and_many_together(void **state)
{
    (void)state;
    open_link();
    for (int i = 0; i < 20; i++) {
        size_t len = command(10);
        assert_int_equal(received(), len);
    }
    while (!fx.link.many) { /* more in ten milliseconds than a rare sender's */
        for (int i = 0; i < 1000; i++)
            command(10);
        received();
    }
    /* What the kernel had no room for. */
    while (redis_link_queued(&fx.link) > 0 && received() > 0)
        ;
    fx.link.counted = 1000000; /* they are still many, however slow this machine is */
    size_t held = redis_link_queued(&fx.link);
    held += command(10);
    assert_int_equal(received(), 0);
    assert_int_equal(redis_link_queued(&fx.link), held);
    for (int i = 0; i < 5; i++) /* but no more than so much waits */
        held += command(GATHER_LEN / 5);
    size_t got = received();
    for (size_t more; (more = received()) > 0;)
        got += more;
    assert_int_equal(got, held);
    assert_int_equal(redis_link_queued(&fx.link), 0);
    assert_string_equal(fx.lost, "");
}

static void what_is_no_redis_is_lost(void **state)
{
    (void)state;
    open_link();
    says("HTTP/1.1 400 Bad Request\r\n");
    while (!fx.lost[0])
        ws_loop_turn(fx.loop, 1);
    assert_non_null(strstr(fx.lost, "no Redis speaks like this: "));
    assert_int_equal(fx.replies, 0);
    assert_int_equal(fx.link.state, REDIS_LINK_WAITING);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(few_commands_leave_at_once_and_many_together, start, stop),
        cmocka_unit_test_setup_teardown(what_is_no_redis_is_lost, start, stop),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
