#include "cmd/wsserve/request/target.h"

#include <stdio.h>
#include <string.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka.h needs those four before it. */
#include <cmocka.h>

static char buffer[2048];
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

static void paths_of_targets(void **state)
{
    static const struct {
        const char *target, *path;
    } rows[] = {
        {"/", "/"},
        {"/a/b?c=/d", "/a/b"},
        {"http://host", "/"},
        {"http://host:80/a?b", "/a"},
        {"http://host?x", "/"},
        {"/a://b", "/a://b"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct ws_str path = target_path(ask(rows[i].target, "Host: x\r\n"));
        if (!ws_str_equal(path, rows[i].path))
            fail_msg("%s: %.*s", rows[i].target, (int)path.len, path.p);
    }
}

static void split(const char *target, const char *path, const char *query)
{
    struct ws_str p, q;
    target_split((struct ws_str){target, strlen(target)}, &p, &q);
    assert_int_equal(p.len, strlen(path));
    assert_memory_equal(p.p, path, p.len);
    assert_int_equal(q.len, strlen(query));
    assert_memory_equal(q.p, query, q.len);
}

static void paths_and_queries(void **state)
{
    (void)state;
    split("/", "/", "");
    split("/a/b?x?y", "/a/b", "x?y");
    split("http://h/a?x", "/a", "x");
    split("http://h", "/", "");
    split("http://h?x", "/", "x");
    split("http:///a?x", "/a", "x");
    split("http://", "/", "");
    split("", "/", "");
    split("/a?u=http://b/c", "/a", "u=http://b/c");
}

static void tokens_are_not_logged(void **state)
{
    static const struct {
        const char *target, *shown;
    } rows[] = {
        {"/", "/"},
        {"/?token=secret", "/?token=***"},
        {"/?token=", "/?token=***"},
        {"http://ann:secret@host/a?token=b", "http://***@host/a?token=***"},
        {"http://ann:s@cret@host", "http://***@host"},
        {"http://host/a@b?c@d", "http://host/a@b?c@d"},
        {"/http://a@b", "/http://a@b"},
        {"/?a=1&token=secret&b=token=2", "/?a=1&token=***&b=token=2"},
        {"/?token=one&token=two", "/?token=***&token=***"},
        {"/token=x?y", "/token=x?y"},
        {"/&token=x", "/&token=x"},
        {"/?tokens=x", "/?tokens=x"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char text[64];
        assert_string_equal(target_loggable(ask(rows[i].target, "Host: x\r\n"), text, sizeof text),
                            rows[i].shown);
        assert_int_equal(strlen(target_loggable(&request, text, 8)),
                         strlen(rows[i].shown) < 7 ? strlen(rows[i].shown) : 7);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(paths_of_targets),
        cmocka_unit_test(paths_and_queries),
        cmocka_unit_test(tokens_are_not_logged),
    };
    return cmocka_run_group_tests_name("wsserve_target", tests, NULL, NULL);
}
