#include "cmd/wsserve/access/forwarded.h"

#include <stdio.h>
#include <string.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka.h needs those four before it. */
#include <cmocka.h>

static struct ws_networks trusted;

/* Who it is that sends `headers` through the peer at `peer`: an address, "-" for the peer itself,
 * "?" where it cannot be read. */
static const char *who(const char *peer, const char *headers)
{
    static char text[WS_ADDRESS_TEXT];
    char buffer[1024];
    struct ws_http_head head;
    struct ws_request request;
    struct ws_address from, client;
    int len = snprintf(buffer, sizeof buffer, "GET / HTTP/1.1\r\nHost: x\r\n%s\r\n", headers);
    ws_http_init(&head, false, sizeof buffer);
    assert_int_equal(ws_http_parse(&head, buffer, (size_t)len), WS_OK);
    ws_handshake_read_request(&head, buffer, &request);
    assert_true(ws_address_parse((struct ws_str){peer, strlen(peer)}, &from));
    switch (ws_forwarded_client(&request, &trusted, &from, &client)) {
    case WS_FORWARDED_NONE:
        assert_memory_equal(client.ip, from.ip, sizeof from.ip);
        return "-";
    case WS_FORWARDED_BROKEN:
        assert_int_equal(client.kind, WS_ADDRESS_UNKNOWN);
        return "?";
    default:
        return ws_address_format(&client, text);
    }
}

static void only_trusted_proxies_count(void **state)
{
    (void)state;
    assert_string_equal(who("192.0.2.9", "X-Forwarded-For: 10.0.0.5\r\n"), "-");
    assert_string_equal(who("127.0.0.1", "X-Forwarded-For: 192.0.2.1\r\n"), "192.0.2.1");
    assert_string_equal(who("::ffff:127.0.0.1", "X-Forwarded-For: 192.0.2.1\r\n"), "192.0.2.1");
    assert_string_equal(who("127.0.0.1", ""), "-");
    assert_string_equal(who("127.0.0.1", "X-Forwarded-For: \r\n"), "-");
}

static void the_list_is_read_from_the_right(void **state)
{
    (void)state;
#define XFF(list) who("127.0.0.1", "X-Forwarded-For: " list "\r\n")
    assert_string_equal(XFF("10.9.9.9, 192.0.2.1"), "192.0.2.1");
    assert_string_equal(XFF("10.9.9.9, 192.0.2.1, 10.0.0.1, 10.0.0.2"), "192.0.2.1");
    assert_string_equal(XFF("junk, \"more, 192.0.2.1:99"), "192.0.2.1");
    assert_string_equal(XFF("192.0.2.1, junk"), "?");
    assert_string_equal(XFF("192.0.2.1, junk, 10.0.0.1"), "?");
    assert_string_equal(XFF("10.0.0.1, 10.0.0.2"), "10.0.0.1");
    assert_string_equal(XFF("2001:db8::1"), "2001:db8::1");
    assert_string_equal(XFF("unknown"), "?");
    assert_string_equal(
        who("10.0.0.1", "X-Forwarded-For: 192.0.2.1\r\nX-Forwarded-For: 192.0.2.2\r\n"),
        "192.0.2.2");
}

static void the_standard_header(void **state)
{
    (void)state;
#define STD(list) who("127.0.0.1", "Forwarded: " list "\r\n")
    assert_string_equal(STD("for=192.0.2.1"), "192.0.2.1");
    assert_string_equal(STD("proto=http; FOR=\"192.0.2.1:80\" ;by=_x"), "192.0.2.1");
    assert_string_equal(STD("for=\"[2001:db8::1]:4711\""), "2001:db8::1");
    assert_string_equal(STD("for=192.0.2.7, for=192.0.2.1, for=10.0.0.1"), "192.0.2.1");
    assert_string_equal(STD("for=_hidden"), "?");
    assert_string_equal(STD("for=unknown"), "?");
    assert_string_equal(STD("for=192.0.2.1, proto=https"), "?");
    assert_string_equal(STD("for=192.0.2.1;for=192.0.2.2"), "?");
    assert_string_equal(STD("for=\"192.0.2.1, for=192.0.2.2"), "?");
}

static void two_headers_must_agree(void **state)
{
    (void)state;
    assert_string_equal(
        who("127.0.0.1", "X-Forwarded-For: 192.0.2.1\r\nForwarded: for=192.0.2.1\r\n"),
        "192.0.2.1");
    assert_string_equal(
        who("127.0.0.1", "X-Forwarded-For: 192.0.2.1\r\nForwarded: for=192.0.2.2\r\n"), "?");
    assert_string_equal(who("127.0.0.1", "X-Forwarded-For: 192.0.2.1\r\nForwarded: for=x\r\n"),
                        "?");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(only_trusted_proxies_count),
        cmocka_unit_test(the_list_is_read_from_the_right),
        cmocka_unit_test(the_standard_header),
        cmocka_unit_test(two_headers_must_agree),
    };
    size_t len;
    if (ws_networks_add(&trusted, "127.0.0.1,10.0.0.0/8", &len))
        return 1;
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    ws_networks_free(&trusted);
    return failed;
}
