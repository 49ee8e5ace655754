#include "cmd/wsserve/bridge/cgi.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka.h needs those four before it. */
#include <cmocka.h>

static struct ws_http_head head;
static struct ws_request request;
static char text[8192];
static char **env;

static void given(const char *target, const char *headers)
{
    int len = snprintf(text, sizeof text, "GET %s HTTP/1.1\r\nHost: example.com:8080\r\n%s\r\n",
                       target, headers);
    ws_http_init(&head, false, sizeof text);
    assert_int_equal(ws_http_parse(&head, text, (size_t)len), WS_OK);
    ws_handshake_read_request(&head, text, &request);
}

static void make(struct cgi_request cgi)
{
    free(env);
    cgi.request = &request;
    env = cgi_environment(&cgi);
    assert_non_null(env);
}

static const char *get(const char *name)
{
    const char *found = NULL;
    size_t len = strlen(name);
    for (char **p = env; *p; p++)
        if (strncmp(*p, name, len) == 0 && (*p)[len] == '=') {
            assert_null(found); /* only once */
            found = *p + len + 1;
        }
    return found;
}

#define IS(name, value)                                                                            \
    do {                                                                                           \
        assert_non_null(get(name));                                                                \
        assert_string_equal(get(name), value);                                                     \
    } while (0)

static void test_request(void **state)
{
    (void)state;
    given("/chat%20room/x?name=a&b=%20", "");
    make((struct cgi_request){.address = "127.0.0.1", .port = 4711, .unique_id = "abc-1"});
    IS("GATEWAY_INTERFACE", "websocketd-CGI/0.1");
    IS("SERVER_PROTOCOL", "HTTP/1.1");
    assert_memory_equal(get("SERVER_SOFTWARE"), "wsserve/", 8);
    IS("SERVER_NAME", "example.com");
    IS("SERVER_PORT", "8080");
    IS("REMOTE_ADDR", "127.0.0.1");
    IS("REMOTE_HOST", "127.0.0.1");
    IS("REMOTE_PORT", "4711");
    IS("REMOTE_USER", "");
    IS("UNIQUE_ID", "abc-1");
    IS("REQUEST_METHOD", "GET");
    IS("REQUEST_URI", "/chat%20room/x?name=a&b=%20");
    IS("SCRIPT_NAME", "/");
    IS("PATH_INFO", "/chat room/x");
    IS("PATH_TRANSLATED", "");
    IS("QUERY_STRING", "name=a&b=%20");
    IS("HTTP_HOST", "example.com:8080");
    assert_null(get("HTTPS"));
    make((struct cgi_request){.address = "::1", .port = 4711, .https = true, .user = "joe"});
    IS("REMOTE_ADDR", "::1");
    IS("REMOTE_PORT", "4711");
    IS("HTTPS", "on");
    IS("REMOTE_USER", "joe");
    make((struct cgi_request){.address = "unix"});
    IS("REMOTE_ADDR", "unix");
    IS("REMOTE_PORT", "");
}

static void test_headers(void **state)
{
    (void)state;
    given("/", "User-Agent: a b\r\nX-Two: 1\r\nx-two: 2\r\nCookie: a=1\r\nCookie: b=2\r\n"
               "traceparent: 00-1\r\nX-Request-Id: 9\r\n");
    make((struct cgi_request){0});
    IS("HTTP_USER_AGENT", "a b");
    IS("HTTP_X_TWO", "1, 2");
    IS("HTTP_COOKIE", "a=1; b=2");
    IS("HTTP_TRACEPARENT", "00-1");
    IS("HTTP_X_REQUEST_ID", "9");
}

static void test_what_a_client_must_not_set(void **state)
{
    (void)state;
    given("/", "Proxy: http://evil/\r\nLD_PRELOAD: x.so\r\nLD-PRELOAD: y.so\r\nX_User: root\r\n"
               "X-User: joe\r\nBad!Name: 1\r\nAuthorization: Basic c2VjcmV0\r\nPATH: /evil\r\n");
    make((struct cgi_request){0});
    assert_null(get("HTTP_PROXY"));
    assert_null(get("LD_PRELOAD"));
    IS("HTTP_LD_PRELOAD", "y.so");
    IS("HTTP_X_USER", "joe");
    IS("HTTP_AUTHORIZATION", "Basic c2VjcmV0");
    IS("HTTP_PATH", "/evil");
    for (char **p = env; *p; p++)
        assert_null(strchr(*p, '!'));
    make((struct cgi_request){.user = "joe"});
    assert_null(get("HTTP_AUTHORIZATION"));
}

static void test_passenv(void **state)
{
    (void)state;
    given("/", "");
    setenv("PATH", "/bin:/here", 1);
    setenv("WSSERVE_TEST", "yes", 1);
    make((struct cgi_request){0});
    IS("PATH", "/bin:/here");
    assert_null(get("WSSERVE_TEST"));
    make((struct cgi_request){.passenv = "WSSERVE_TEST,,NOT_THERE"});
    IS("WSSERVE_TEST", "yes");
    assert_null(get("PATH"));
    assert_null(get("NOT_THERE"));
    make((struct cgi_request){.passenv = ""});
    assert_null(get("PATH"));
}

static void test_without_a_request(void **state)
{
    (void)state;
    struct cgi_request cgi = {.passenv = ""};
    free(env);
    env = cgi_environment(&cgi);
    assert_non_null(get("GATEWAY_INTERFACE"));
    assert_null(get("REQUEST_METHOD"));
}

static void test_decoding(void **state)
{
    (void)state;
    char to[32];
#define DECODE(path) cgi_decode_path((struct ws_str){path, sizeof path - 1}, to)
    assert_true(DECODE("/a%2Fb%2e%2E"));
    assert_string_equal(to, "/a/b..");
    assert_false(DECODE("/a%00b"));
    assert_false(DECODE("/a%2"));
    assert_false(DECODE("/a%"));
    assert_false(DECODE("/a%zz"));
}

static int done(void **state)
{
    (void)state;
    free(env);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_request),
        cmocka_unit_test(test_headers),
        cmocka_unit_test(test_what_a_client_must_not_set),
        cmocka_unit_test(test_passenv),
        cmocka_unit_test(test_without_a_request),
        cmocka_unit_test(test_decoding),
    };
    return cmocka_run_group_tests(tests, NULL, done);
}
