#include "cmd/wsbench/payload/own.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static struct own own;
static struct target target;
static char problem[200];

static bool load(const struct own_options *options)
{
    return own_read(&own, options, &target, true, problem, sizeof problem);
}

static void nothing_of_the_users(void **state)
{
    struct own_request request;
    uint64_t random = 0;
    (void)state;
    assert_true(load(&(struct own_options){.match = NULL}));
    assert_false(own_any(&own));
    assert_true(own_request(&own, &target, 3, &random, &request));
    assert_null(request.target);
    assert_null(request.headers);
    own_request_free(&request);
    own_free(&own);
}

static void messages_and_what_is_wrong_with_them(void **state)
{
    static const char *messages[] = {"one", "{{seq}}"}, *bad[] = {"\xff"},
                      *range[] = {"{{rand:x}}"};
    (void)state;
    assert_true(load(&(struct own_options){.messages = {messages, 2}, .match = "seq"}));
    assert_int_equal(own.message_count, 2);
    assert_true(own_any(&own));
    own_free(&own);
    assert_false(load(&(struct own_options){.messages = {bad, 1}}));
    assert_non_null(strstr(problem, "not UTF-8"));
    own_free(&own);
    assert_false(load(&(struct own_options){.messages = {range, 1}}));
    assert_non_null(strstr(problem, "no range"));
    own_free(&own);
    assert_false(load(&(struct own_options){.match = "other"}));
    own_free(&own);
    assert_false(load(&(struct own_options){.first_expect = "("}));
    own_free(&own);
}

static void a_request_of_its_own_for_each_connection(void **state)
{
    static char path[] = "/room/{{conn}}";
    static struct ws_header headers[] = {
        {"X-Number", "n{{conn}}"}, {"Host", NULL}, {"X-Same", "yes"}};
    struct own_request request;
    uint64_t random = 0;
    (void)state;
    target.url.target = path;
    target.request_headers = headers;
    target.request_header_count = 3;
    assert_true(load(&(struct own_options){.match = NULL}));
    assert_true(own_request(&own, &target, 12, &random, &request));
    assert_string_equal(request.target, "/room/12");
    assert_string_equal(request.headers[0].value, "n12");
    assert_null(request.headers[1].value);
    assert_string_equal(request.headers[2].value, "yes");
    own_request_free(&request);
    own_free(&own);
}

/* They are the target's, and what was read of them is freed, as a sanitizer sees. */
static void headers_that_are_the_same_on_each_connection(void **state)
{
    static struct ws_header headers[] = {{"X-Same", "yes"}, {"X-Also", "{{no place}}"}};
    struct own_request request;
    uint64_t random = 0;
    (void)state;
    target.url.target = NULL;
    target.request_headers = headers;
    target.request_header_count = 2;
    assert_true(load(&(struct own_options){.match = NULL}));
    assert_int_equal(own.header_count, 0);
    assert_true(own_request(&own, &target, 12, &random, &request));
    assert_null(request.headers);
    own_request_free(&request);
    own_free(&own);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nothing_of_the_users),
        cmocka_unit_test(messages_and_what_is_wrong_with_them),
        cmocka_unit_test(a_request_of_its_own_for_each_connection),
        cmocka_unit_test(headers_that_are_the_same_on_each_connection),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
