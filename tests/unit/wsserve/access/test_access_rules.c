#include "cmd/wsserve/access/access_rules.h"

#include <stdio.h>
#include <string.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka.h needs those four before it. */
#include <cmocka.h>

static char buffer[2048], error[256];
static struct ws_http_head head;
static struct ws_request request;

static const struct ws_request *ask(const char *target, const char *headers)
{
    int len = snprintf(buffer, sizeof buffer,
                       "GET %s HTTP/1.1\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                       "Sec-WebSocket-Version: 13\r\n"
                       "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n%s\r\n",
                       target, headers);
    ws_http_init(&head, false, sizeof buffer);
    assert_int_equal(ws_http_parse(&head, buffer, (size_t)len), WS_OK);
    ws_handshake_read_request(&head, buffer, &request);
    return &request;
}

static enum ws_error upgrade(struct access_rules *rules, const char *headers)
{
    char user[WS_CREDENTIALS_USER];
    struct ws_address peer = {.kind = WS_ADDRESS_UNIX}, client;
    enum ws_error verdict = access_rules_check_request(rules, ask("/", headers), &peer, &client);
    return verdict == WS_OK ? access_rules_check_upgrade(rules, &request, false, 1, user) : verdict;
}

#define LIST(...)                                                                                  \
    {                                                                                              \
        (const char *[]){__VA_ARGS__}, sizeof((const char *[]){__VA_ARGS__}) / sizeof(char *)      \
    }

/* What stands between any page on the web and a local shell. */
static void where_something_local_is_behind(void **state)
{
    struct settings_http settings = {.path = NULL};
    (void)state;
    struct access_rules *rules = access_rules_new(&settings, true, error, sizeof error);
    assert_non_null(rules);
    assert_int_equal(upgrade(rules, "Host: localhost:8080\r\n"), WS_OK); /* no page */
    assert_int_equal(upgrade(rules, "Host: 127.0.0.1:8080\r\nOrigin: http://127.0.0.1:8080\r\n"),
                     WS_OK);
    assert_int_equal(upgrade(rules, "Host: 127.0.0.1:8080\r\nOrigin: https://evil.example\r\n"),
                     WS_E_ORIGIN_REFUSED);
    assert_int_equal(upgrade(rules, "Host: 127.0.0.1:8080\r\nOrigin: null\r\n"),
                     WS_E_ORIGIN_REFUSED);
    assert_int_equal(upgrade(rules, "Host: 127.0.0.1:8080\r\nOrigin: \r\n"), WS_E_ORIGIN_REFUSED);
    /* The page's own name was made to lead here: its origin agrees, its host is none of ours. */
    assert_int_equal(
        upgrade(rules, "Host: rebind.example:8080\r\nOrigin: http://rebind.example:8080\r\n"),
        WS_E_HOST_REFUSED);
    assert_int_equal(upgrade(rules, "Host: rebind.example\r\n"), WS_E_HOST_REFUSED);
    access_rules_free(rules);
}

static void it_is_opened_by_name(void **state)
{
    struct settings_http settings = {.origin = LIST("https://app.example"),
                                     .host_allow = LIST("app.example")};
    (void)state;
    struct access_rules *rules = access_rules_new(&settings, true, error, sizeof error);
    assert_non_null(rules);
    assert_int_equal(upgrade(rules, "Host: app.example\r\nOrigin: https://app.example\r\n"), WS_OK);
    assert_int_equal(upgrade(rules, "Host: 127.0.0.1\r\nOrigin: https://app.example\r\n"), WS_OK);
    assert_int_equal(upgrade(rules, "Host: 127.0.0.1\r\nOrigin: http://127.0.0.1\r\n"),
                     WS_E_ORIGIN_REFUSED);
    assert_int_equal(upgrade(rules, "Host: other.example\r\nOrigin: https://app.example\r\n"),
                     WS_E_HOST_REFUSED);
    access_rules_free(rules);

    settings = (struct settings_http){.origin = LIST("*"), .host_allow = LIST("*")};
    rules = access_rules_new(&settings, true, error, sizeof error);
    assert_non_null(rules);
    assert_int_equal(upgrade(rules, "Host: any.example\r\nOrigin: https://evil.example\r\n"),
                     WS_OK);
    access_rules_free(rules);
}

static void nothing_is_asked_where_nothing_was_said(void **state)
{
    struct settings_http settings = {.path = NULL};
    (void)state;
    struct access_rules *rules = access_rules_new(&settings, false, error, sizeof error);
    assert_non_null(rules);
    assert_int_equal(upgrade(rules, "Host: x.example\r\nOrigin: https://y.example\r\n"), WS_OK);
    access_rules_free(rules);
}

static void lists_of_addresses(void **state)
{
    struct settings_http settings = {.deny = LIST("192.0.2.0/24")};
    struct ws_address unknown = {.kind = WS_ADDRESS_UNKNOWN}, v4 = {.kind = WS_ADDRESS_UNKNOWN};
    (void)state;
    struct access_rules *rules = access_rules_new(&settings, false, error, sizeof error);
    assert_non_null(rules);
    assert_true(ws_address_parse((struct ws_str){"192.0.2.1", 9}, &v4));
    assert_int_equal(access_rules_check_address(rules, &v4), WS_E_ADDRESS_REFUSED);
    assert_true(ws_address_parse((struct ws_str){"192.0.3.1", 9}, &v4));
    assert_int_equal(access_rules_check_address(rules, &v4), WS_OK);
    assert_int_equal(access_rules_check_address(rules, &unknown), WS_E_ADDRESS_REFUSED);
    access_rules_free(rules);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(where_something_local_is_behind),
        cmocka_unit_test(it_is_opened_by_name),
        cmocka_unit_test(nothing_is_asked_where_nothing_was_said),
        cmocka_unit_test(lists_of_addresses),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
