#include "libws/io/resolve.h"

#include "tests/unit/support_net.h"

#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include <setjmp.h>
#include <stdarg.h>
/* cmocka.h needs those and stddef.h, stdint.h before it. */
#include <cmocka.h>

static struct ws_loop *loop;

/* A thread that still runs has a descriptor until it lets go; in the end all are closed. */
static void wait_for_descriptors(unsigned before)
{
    for (int i = 0; i < 5000 && open_descriptors() != before; i++)
        usleep(1000);
    assert_int_equal(open_descriptors(), before);
}

static unsigned descriptors;

static int set_up(void **state)
{
    (void)state;
    descriptors = open_descriptors();
    return ws_loop_new(&loop) == WS_OK ? 0 : -1;
}

static int tear_down(void **state)
{
    (void)state;
    ws_loop_free(loop);
    wait_for_descriptors(descriptors);
    return 0;
}

struct answer {
    unsigned calls;
    int error;
    struct addrinfo *addresses;
};

static void on_done(void *context, int error, struct addrinfo *addresses)
{
    struct answer *answer = context;
    answer->calls++;
    answer->error = error;
    answer->addresses = addresses;
}

static struct answer ask(const char *host, uint16_t port)
{
    struct answer answer = {0};
    assert_non_null(ws_resolve_start(loop, host, port, on_done, &answer));
    assert_int_equal(answer.calls, 0); /* later, from the loop */
    TURN_UNTIL(loop, answer.calls > 0);
    ws_loop_turn(loop, 0);
    assert_int_equal(answer.calls, 1);
    return answer;
}

static void digits(void **state)
{
    (void)state;
    struct answer answer = ask("127.0.0.1", 8080);
    assert_int_equal(answer.error, 0);
    assert_int_equal(answer.addresses->ai_family, AF_INET);
    assert_int_equal(answer.addresses->ai_socktype, SOCK_STREAM);
    struct sockaddr_in v4;
    memcpy(&v4, answer.addresses->ai_addr, sizeof v4);
    assert_int_equal(ntohs(v4.sin_port), 8080);
    assert_int_equal(ntohl(v4.sin_addr.s_addr), INADDR_LOOPBACK);
    freeaddrinfo(answer.addresses);

    answer = ask("::1", 65535);
    assert_int_equal(answer.error, 0);
    assert_int_equal(answer.addresses->ai_family, AF_INET6);
    struct sockaddr_in6 v6;
    memcpy(&v6, answer.addresses->ai_addr, sizeof v6);
    assert_int_equal(ntohs(v6.sin6_port), 65535);
    freeaddrinfo(answer.addresses);
}

static void names(void **state)
{
    (void)state;
    struct answer answer = ask("localhost", 80);
    assert_int_equal(answer.error, 0);
    assert_non_null(answer.addresses);
    freeaddrinfo(answer.addresses);

    /* RFC 6761 section 6.4: it never exists. */
    answer = ask("no.such.host.invalid", 80);
    assert_true(answer.error != 0);
    assert_null(answer.addresses);
    answer = ask("", 80);
    if (answer.error == 0)
        freeaddrinfo(answer.addresses);
}

/* At any time: at once, while the thread works, and when its answer lies there unread. */
static void cancel(void **state)
{
    (void)state;
    static const char *const hosts[] = {"127.0.0.1", "localhost", "no.such.host.invalid"};
    unsigned before = open_descriptors();
    for (size_t h = 0; h < 3; h++)
        for (unsigned delay = 0; delay < 20; delay++) {
            struct answer answer = {0};
            struct ws_resolve *resolve = ws_resolve_start(loop, hosts[h], 1, on_done, &answer);
            assert_non_null(resolve);
            usleep(delay * delay * 20);
            ws_resolve_cancel(resolve);
            ws_loop_turn(loop, 0);
            ws_loop_turn(loop, 1);
            assert_int_equal(answer.calls, 0);
        }
    wait_for_descriptors(before);
}

static void many_at_once(void **state)
{
    (void)state;
    struct answer answers[50] = {{0}};
    unsigned before = open_descriptors();
    for (int i = 0; i < 50; i++)
        assert_non_null(
            ws_resolve_start(loop, i % 2 ? "localhost" : "127.0.0.1", 1, on_done, &answers[i]));
    for (int i = 0; i < 50; i++) {
        TURN_UNTIL(loop, answers[i].calls == 1);
        assert_int_equal(answers[i].error, 0);
        freeaddrinfo(answers[i].addresses);
    }
    wait_for_descriptors(before);
}

static void without_descriptors(void **state)
{
    (void)state;
    struct rlimit before, limit;
    struct answer answer = {0};
    int next = dup(0);
    close(next);
    getrlimit(RLIMIT_NOFILE, &before);
    limit = before;
    limit.rlim_cur = (rlim_t)next;
    setrlimit(RLIMIT_NOFILE, &limit);
    struct ws_resolve *resolve = ws_resolve_start(loop, "127.0.0.1", 1, on_done, &answer);
    setrlimit(RLIMIT_NOFILE, &before);
    assert_null(resolve);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(digits), TEST(names), TEST(cancel), TEST(many_at_once), TEST(without_descriptors),
    };
    return cmocka_run_group_tests_name("resolve", tests, NULL, NULL);
}
