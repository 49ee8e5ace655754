#include <ws/admission.h>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <pthread.h>
#include <stdbool.h>
#include <string.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka.h needs those four before it. */
#include <cmocka.h>

enum { SECOND = 1000000 };

union any {
    struct sockaddr any;
    struct sockaddr_in v4;
    struct sockaddr_in6 v6;
};

static union any address(const char *text)
{
    union any a = {0};
    if (strchr(text, ':')) {
        a.v6.sin6_family = AF_INET6;
        assert_int_equal(inet_pton(AF_INET6, text, &a.v6.sin6_addr), 1);
    } else {
        a.v4.sin_family = AF_INET;
        assert_int_equal(inet_pton(AF_INET, text, &a.v4.sin_addr), 1);
    }
    return a;
}

static struct ws_admission *admission;

static void start(size_t connections, size_t per_address, uint32_t rate)
{
    struct ws_admission_limits limits = {connections, 0, per_address, rate};
    admission = ws_admission_new(&limits);
    assert_non_null(admission);
}

static enum ws_error enter(const char *text, int64_t now, struct ws_client_entry **client_entry)
{
    union any a = address(text);
    return ws_admission_acquire(admission, &a.any, now, client_entry);
}

/* It had no place. */
static void leave(struct ws_client_entry *client_entry)
{
    ws_admission_leave(admission, WS_PLACE_UNFINISHED, client_entry);
    ws_admission_release(admission);
}

static void so_many_and_no_more(void **state)
{
    (void)state;
    struct ws_client_entry *v[6];
    struct ws_admission_limits limits;
    struct ws_admission_counts counts;
    start(4, 0, 0);
    for (int i = 0; i < 6; i++) {
        assert_int_equal(enter("127.0.0.1", 0, &v[i]), WS_OK);
        assert_null(v[i]);
        assert_int_equal(ws_admission_percent(admission), 0); /* it has asked for nothing */
    }
    for (unsigned i = 0; i < 4; i++) {
        assert_int_equal(ws_admission_admit(admission), WS_OK);
        assert_int_equal(ws_admission_percent(admission), 25 * (i + 1));
    }
    assert_int_equal(ws_admission_admit(admission), WS_E_TOO_MANY_CONNECTIONS);
    ws_admission_read(admission, &limits, &counts);
    assert_int_equal(limits.max_connections, 4);
    assert_int_equal(counts.admitted, 4);
    assert_int_equal(counts.unfinished, 2);
    ws_admission_leave(admission, WS_PLACE_ADMITTED, v[0]);
    assert_int_equal(ws_admission_count(admission), 6); /* it is still to be closed */
    assert_int_equal(ws_admission_admit(admission), WS_OK);
    ws_admission_release(admission);
    assert_int_equal(ws_admission_count(admission), 5);
    assert_int_equal(ws_admission_addresses(admission), 0);
    ws_admission_free(admission);
}

static void by_address(void **state)
{
    (void)state;
    struct ws_client_entry *a[3], *b, *unused;
    start(0, 2, 0);
    assert_int_equal(enter("10.0.0.1", 0, &a[0]), WS_OK);
    assert_int_equal(enter("::ffff:10.0.0.1", 0, &a[1]), WS_OK); /* the same */
    assert_ptr_equal(a[0], a[1]);
    assert_int_equal(enter("10.0.0.1", 0, &a[2]), WS_E_TOO_MANY_FROM_ADDRESS);
    assert_int_equal(enter("10.0.0.2", 0, &b), WS_OK);
    leave(a[2]);
    leave(a[0]);
    assert_int_equal(enter("10.0.0.1", 0, &a[0]), WS_OK);

    /* All of an IPv6 network counts as one address; a unix socket has none. */
    struct ws_client_entry *six[3];
    assert_int_equal(enter("2001:db8::1", 0, &six[0]), WS_OK);
    assert_int_equal(enter("2001:db8::2:1", 0, &six[1]), WS_OK);
    assert_int_equal(enter("2001:db8::3", 0, &six[2]), WS_E_TOO_MANY_FROM_ADDRESS);
    assert_int_equal(enter("2001:db8:0:1::1", 0, &b), WS_OK);
    struct sockaddr unix_socket = {.sa_family = AF_UNIX};
    for (int i = 0; i < 5; i++) {
        assert_int_equal(ws_admission_acquire(admission, &unix_socket, 0, &unused), WS_OK);
        assert_null(unused);
    }
    assert_int_equal(ws_admission_percent(admission), 0);
    ws_admission_free(admission);
}

static void a_rate_of_connecting(void **state)
{
    (void)state;
    struct ws_client_entry *v;
    start(0, 0, 3);
    for (int i = 0; i < 3; i++) {
        assert_int_equal(enter("10.0.0.1", 5 * SECOND, &v), WS_OK);
        leave(v);
    }
    assert_int_equal(enter("10.0.0.1", 5 * SECOND, &v), WS_E_CONNECT_RATE);
    assert_int_equal(enter("10.0.0.9", 5 * SECOND, &v), WS_OK); /* another's affair */
    assert_int_equal(enter("10.0.0.1", 5 * SECOND + SECOND / 3 - 1, &v), WS_E_CONNECT_RATE);
    assert_int_equal(enter("10.0.0.1", 5 * SECOND + SECOND / 3 + 1, &v), WS_OK);
    /* However long it was away, no more than a second's worth at once. */
    for (int i = 0; i < 3; i++)
        assert_int_equal(enter("10.0.0.1", 1000 * (int64_t)SECOND, &v), WS_OK);
    assert_int_equal(enter("10.0.0.1", 1000 * (int64_t)SECOND, &v), WS_E_CONNECT_RATE);
    ws_admission_free(admission);
}

static void counted_where_a_proxy_says(void **state)
{
    (void)state;
    union any one = address("192.0.2.1"), two = address("192.0.2.2");
    struct ws_client_entry *v[3];
    start(0, 2, 0);
    for (int i = 0; i < 2; i++)
        assert_int_equal(enter("10.0.0.1", 0, &v[i]), WS_OK);
    assert_int_equal(ws_admission_reassign(admission, &one.any, 0, &v[0]), WS_OK);
    assert_int_equal(ws_admission_reassign(admission, &one.any, 0, &v[1]), WS_OK);
    assert_int_equal(enter("10.0.0.1", 0, &v[2]), WS_OK);
    assert_int_equal(ws_admission_reassign(admission, &one.any, 0, &v[2]),
                     WS_E_TOO_MANY_FROM_ADDRESS);
    assert_int_equal(ws_admission_reassign(admission, &two.any, 0, &v[2]), WS_OK);
    assert_int_equal(ws_admission_count(admission), 3);
    for (int i = 0; i < 3; i++)
        leave(v[i]);
    assert_int_equal(ws_admission_count(admission), 0);
    ws_admission_free(admission);
}

/* A million addresses that come once do not stay. */
static void memory_is_bounded(void **state)
{
    (void)state;
    start(0, 1, 1);
    size_t most = 0;
    for (uint32_t i = 0; i < 1000000; i++) {
        union any a = {.v4 = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(0x0a000000 + i)}};
        struct ws_client_entry *v;
        /* 1,000 a second */
        assert_int_equal(ws_admission_acquire(admission, &a.any, (int64_t)i * 1000, &v), WS_OK);
        leave(v);
        size_t now = ws_admission_addresses(admission);
        most = now > most ? now : most;
    }
    assert_true(most > 1000);
    assert_true(most < 5000);
    ws_admission_free(admission);
}

static void *come_and_go(void *unused)
{
    (void)unused;
    for (int i = 0; i < 20000; i++) {
        struct ws_client_entry *v;
        union any a = {.v4 = {.sin_family = AF_INET, .sin_addr.s_addr = htonl((uint32_t)i % 50)}};
        ws_admission_acquire(admission, &a.any, i, &v);
        leave(v);
    }
    return NULL;
}

static void of_many_threads(void **state)
{
    (void)state;
    pthread_t threads[4];
    start(1000, 5, 100);
    for (int i = 0; i < 4; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, come_and_go, NULL), 0);
    for (int i = 0; i < 4; i++)
        pthread_join(threads[i], NULL);
    assert_int_equal(ws_admission_count(admission), 0);
    assert_int_equal(ws_admission_addresses(admission), 50);
    ws_admission_free(admission);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(so_many_and_no_more),  cmocka_unit_test(by_address),
        cmocka_unit_test(a_rate_of_connecting), cmocka_unit_test(counted_where_a_proxy_says),
        cmocka_unit_test(memory_is_bounded),    cmocka_unit_test(of_many_threads),
    };
    return cmocka_run_group_tests_name("admission", tests, NULL, NULL);
}
