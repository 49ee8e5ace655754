#include "cmd/wsserve/access/credentials.h"

#include <stdio.h>
#include <string.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka.h needs those four before it. */
#include <cmocka.h>

static struct ws_credentials credentials;
static char user[WS_CREDENTIALS_USER];

static struct ws_str str(const char *text)
{
    return (struct ws_str){text, strlen(text)};
}

static enum ws_credentials_verdict check(const char *target, const char *headers)
{
    char buffer[1024];
    struct ws_http_head head;
    struct ws_request request;
    int len =
        snprintf(buffer, sizeof buffer, "GET %s HTTP/1.1\r\nHost: x\r\n%s\r\n", target, headers);
    ws_http_init(&head, false, sizeof buffer);
    assert_int_equal(ws_http_parse(&head, buffer, (size_t)len), WS_OK);
    ws_handshake_read_request(&head, buffer, &request);
    return ws_credentials_check(&credentials, &request, user);
}

static int fill(void **state)
{
    (void)state;
    return !(ws_credentials_add_password(&credentials, str("ann:s3cret")) &&
             ws_credentials_add_password(&credentials, str("bob:with:colon")) &&
             ws_credentials_add_token(&credentials, str("tok en+1")));
}

static int empty(void **state)
{
    (void)state;
    ws_credentials_free(&credentials);
    return 0;
}

static void passwords(void **state)
{
    (void)state;
#define BASIC(base64) check("/", "Authorization: Basic " base64 "\r\n")
    assert_int_equal(BASIC("YW5uOnMzY3JldA=="), WS_CREDENTIALS_RIGHT);
    assert_string_equal(user, "ann");
    assert_int_equal(check("/", "authorization: bAsIc   YW5uOnMzY3JldA==\r\n"),
                     WS_CREDENTIALS_RIGHT);
    assert_int_equal(BASIC("Ym9iOndpdGg6Y29sb24="), WS_CREDENTIALS_RIGHT);
    assert_int_equal(BASIC("YW5uOnMzY3JldAo="), WS_CREDENTIALS_WRONG);     /* a line feed more */
    assert_int_equal(BASIC("YW5uOnMzY3Jl"), WS_CREDENTIALS_WRONG);         /* one byte less */
    assert_int_equal(BASIC("YW5uOndpdGg6Y29sb24="), WS_CREDENTIALS_WRONG); /* bob's password */
    assert_string_equal(user, "ann");
    assert_int_equal(BASIC("dG9rIGVuKzE="), WS_CREDENTIALS_WRONG); /* a token is no password */
    assert_int_equal(BASIC("YW5uOnMzY3JldA"), WS_CREDENTIALS_WRONG);
    assert_int_equal(BASIC("%%%%"), WS_CREDENTIALS_WRONG);
    assert_int_equal(BASIC("===="), WS_CREDENTIALS_WRONG);
    assert_int_equal(BASIC("YW5u OnMzY3JldA=="), WS_CREDENTIALS_WRONG);
    assert_string_equal(user, "");
}

static void tokens(void **state)
{
    (void)state;
    assert_int_equal(check("/", "Authorization: Bearer tok en+1\r\n"), WS_CREDENTIALS_RIGHT);
    assert_int_equal(check("/", "Authorization: Bearer tok en+\r\n"), WS_CREDENTIALS_WRONG);
    assert_int_equal(check("/", "Authorization: Bearer ann:s3cret\r\n"), WS_CREDENTIALS_WRONG);
    assert_int_equal(check("/?token=tok%20en+1", ""), WS_CREDENTIALS_RIGHT);
    assert_int_equal(check("/a?b=c&token=tok%20en%2b1&d", ""), WS_CREDENTIALS_RIGHT);
    assert_int_equal(check("/?token=tok%2", ""), WS_CREDENTIALS_WRONG);
    assert_int_equal(check("/?token=", ""), WS_CREDENTIALS_WRONG);
    assert_int_equal(check("/?token=x&token=tok%20en+1", ""), WS_CREDENTIALS_WRONG);
}

static void what_is_no_attempt(void **state)
{
    (void)state;
    assert_int_equal(check("/", ""), WS_CREDENTIALS_MISSING);
    assert_int_equal(check("/token=tok", ""), WS_CREDENTIALS_MISSING);
    assert_int_equal(check("/?tokens=tok&Token=x&token", ""), WS_CREDENTIALS_MISSING);
}

static void what_makes_no_sense(void **state)
{
    (void)state;
    assert_int_equal(check("/", "Authorization: Digest x\r\n"), WS_CREDENTIALS_WRONG);
    assert_int_equal(check("/", "Authorization: Basic\r\n"), WS_CREDENTIALS_WRONG);
    assert_int_equal(check("/", "Authorization: \r\n"), WS_CREDENTIALS_WRONG);
    assert_int_equal(check("/", "Authorization: Basic YW5uOnMzY3JldA==\r\n"
                                "Authorization: Basic YW5uOnMzY3JldA==\r\n"),
                     WS_CREDENTIALS_WRONG);
    /* A wrong header is not made good by the query. */
    assert_int_equal(check("/?token=tok%20en+1", "Authorization: Bearer x\r\n"),
                     WS_CREDENTIALS_WRONG);
}

static void what_cannot_be_added(void **state)
{
    struct ws_credentials none = {0};
    (void)state;
    assert_false(ws_credentials_add_password(&none, str("nocolon")));
    assert_false(ws_credentials_add_password(&none, str("")));
    assert_false(ws_credentials_add_token(&none, str("")));
    assert_int_equal(none.count, 0);
    assert_true(credentials.passwords && credentials.tokens);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(passwords),
        cmocka_unit_test(tokens),
        cmocka_unit_test(what_is_no_attempt),
        cmocka_unit_test(what_makes_no_sense),
        cmocka_unit_test(what_cannot_be_added),
    };
    return cmocka_run_group_tests(tests, fill, empty);
}
