#include "cmd/wscat/people/slash.h"

#include <ws/session.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka.h needs those four before it. */
#include <cmocka.h>

/* What the commands did, as text. */
static char did[512];

static void note(const char *name, const void *data, size_t len)
{
    size_t at = strlen(did);
    snprintf(did + at, sizeof did - at, "%s[%.*s]", name, (int)len, (const char *)data);
}

static bool on_send(void *context, unsigned opcode, unsigned flags, void *data, size_t len)
{
    char name[32];
    assert_ptr_equal(context, did);
    snprintf(name, sizeof name, "%s%s", opcode == WS_OP_TEXT ? "text" : "binary",
             flags & WS_SEND_MORE ? "+" : "");
    note(name, data, len);
    return true;
}

static void on_control(void *context, unsigned opcode, const void *data, size_t len)
{
    (void)context;
    note(ws_opcode_name(opcode), data, len);
}

static void on_close(void *context, unsigned code, const char *reason)
{
    char name[32];
    (void)context;
    snprintf(name, sizeof name, "close%u", code);
    note(name, reason, strlen(reason));
}

static void on_raw(void *context, const void *data, size_t len)
{
    (void)context;
    note("raw", data, len);
}

static void on_headers(void *context)
{
    (void)context;
    note("headers", "", 0);
}

static void on_stats(void *context)
{
    (void)context;
    note("stats", "", 0);
}

static const struct slash_ops ops = {on_send, on_control, on_close, on_raw, on_headers, on_stats};

/* The line, without a NUL after it, does that; with NULL it is no command, and is left. */
static void does(const char *text, const char *expected)
{
    size_t size = strlen(text), len = size;
    char *line = malloc(size + !size), *at = line;
    memcpy(line, text, size);
    did[0] = '\0';
    bool taken = slash_take(&ops, did, &at, &len, 100);
    assert_int_equal(taken, expected != NULL);
    if (taken)
        assert_string_equal(did, expected);
    else
        assert_memory_equal(at, line + size - len, len);
    free(line);
}

static void each_command(void **state)
{
    (void)state;
    does("/ping", "ping[]");
    does("/ping a b", "ping[a b]");
    does("/pong x", "pong[x]");
    does("/close", "close1000[]");
    does("/close 4000", "close4000[]");
    does("/close 4000 good bye", "close4000[good bye]");
    does("/text /x  y", "text[/x  y]");
    does("/text", "text[]");
    does("/bin 41 42", "binary[AB]");
    does("/raw 4344", "raw[CD]");
    does("/frag 2 abcde", "text+[ab]text+[cd]text[e]");
    does("/frag 5 abcde", "text[abcde]");
    does("/headers", "headers[]");
    does("/stats", "stats[]");
    does("/help", "");
}

static void what_is_wrong_does_nothing(void **state)
{
    static const char *const wrong[] = {"/",
                                        "/nothing",
                                        "/PING",
                                        "/close 1005",
                                        "/close x",
                                        "/close 99999",
                                        "/bin 4",
                                        "/raw xy",
                                        "/text \xff",
                                        "/frag 0 text",
                                        "/frag 2",
                                        "/frag x text",
                                        "/frag 1 \xc3",
                                        "/file /nonexistent"};
    char reason[200] = "/close 1000 ";
    (void)state;
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++)
        does(wrong[i], "");
    memset(reason + 12, 'r', 124);
    does(reason, "");
}

static void what_is_no_command(void **state)
{
    char line[] = "//x", *at = line;
    size_t len = 3;
    (void)state;
    does("", NULL);
    does("hello", NULL);
    does(" /ping", NULL);
    assert_false(slash_take(&ops, did, &at, &len, 100));
    assert_int_equal(len, 2);
    assert_memory_equal(at, "/x", 2);
}

static void a_file_is_text_if_it_is_utf8(void **state)
{
    char name[] = "/tmp/libws-test-slash-XXXXXX", line[64];
    int fd = mkstemp(name);
    (void)state;
    assert_true(fd >= 0);
    snprintf(line, sizeof line, "/file %s", name);
    assert_int_equal(write(fd, "ab", 2), 2);
    does(line, "text[ab]");
    assert_int_equal(write(fd, "\xff", 1), 1);
    does(line, "binary[ab\xff]");
    for (int i = 0; i < 100; i++)
        assert_int_equal(write(fd, "x", 1), 1);
    does(line, ""); /* longer than `max` */
    close(fd);
    unlink(name);
}

static void completion(void **state)
{
    static const struct {
        const char *begun, *rest; /* NULL: nothing */
    } rows[] = {{"/s", "tats"}, {"/pi", "ng"},     {"/p", NULL},     {"/h", "e"},
                {"/", NULL},    {"/ping", NULL},   {"/ping ", NULL}, {"/xyz", NULL},
                {"/f", NULL},   {"/headers", NULL}};
    char rest[SLASH_NAME_MAX];
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        assert_int_equal(slash_complete(rows[i].begun, strlen(rows[i].begun), rest),
                         !!rows[i].rest);
        if (rows[i].rest)
            assert_string_equal(rest, rows[i].rest);
    }
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_command),       cmocka_unit_test(what_is_wrong_does_nothing),
        cmocka_unit_test(what_is_no_command), cmocka_unit_test(a_file_is_text_if_it_is_utf8),
        cmocka_unit_test(completion),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
