#include "cmd/common/options/secret.h"

#include <fcntl.h>
#include <pty.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka.h needs those four before it. */
#include <cmocka.h>

static void expect(const char *value, const char *secret)
{
    char message[200] = "";
    char *got = secret_resolve(value, message, sizeof message);
    assert_non_null(got);
    assert_string_equal(got, secret);
    secret_free(got);
}

static void expect_error(const char *value, const char *part)
{
    char message[200] = "";
    assert_null(secret_resolve(value, message, sizeof message));
    assert_non_null(strstr(message, part));
}

/* Makes a file of the given content; `value` gets its name after an "@". */
static void make_file(const void *content, size_t len, char *value, size_t size)
{
    const char *folder = getenv("TMPDIR");
    snprintf(value, size, "@%s/secretXXXXXX", folder ? folder : "/tmp");
    int fd = mkstemp(value + 1);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, content, len), (ssize_t)len);
    close(fd);
}

static void test_sources(void **state)
{
    (void)state;
    expect("plain", "plain");
    expect("", "");
    setenv("LIBWS_TEST_SECRET", "from env", 1);
    expect("env:LIBWS_TEST_SECRET", "from env");
    unsetenv("LIBWS_TEST_SECRET");
    expect_error("env:LIBWS_TEST_SECRET", "LIBWS_TEST_SECRET");
    expect_error("@/nonexistent/file", "/nonexistent/file");
    expect_error("@/", "cannot read");
}

static void test_files(void **state)
{
    (void)state;
    static const struct {
        const char *content;
        size_t len;
        const char *secret;
    } cases[] = {
        {"a b", 3, "a b"}, {"x\n", 2, "x"}, {"x\r\n", 3, "x"}, {"x\n\n", 3, "x\n"}, {"", 0, ""}};
    char value[200];
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        make_file(cases[i].content, cases[i].len, value, sizeof value);
        expect(value, cases[i].secret);
        unlink(value + 1);
    }
    make_file("a\0b", 3, value, sizeof value);
    expect_error(value, "NUL");
    unlink(value + 1);
    char *large = calloc(1, 70000);
    memset(large, 'x', 70000);
    make_file(large, 70000, value, sizeof value);
    expect_error(value, "64 KiB");
    unlink(value + 1);
    free(large);
}

/* "@-" reads one line and leaves the rest of the input. */
static void test_stdin(void **state)
{
    (void)state;
    int ends[2], saved = dup(STDIN_FILENO);
    char rest[16] = "";
    assert_int_equal(pipe(ends), 0);
    assert_int_equal(write(ends[1], "first\nrest", 10), 10);
    close(ends[1]);
    dup2(ends[0], STDIN_FILENO);
    close(ends[0]);
    expect("@-", "first");
    assert_int_equal(read(STDIN_FILENO, rest, sizeof rest), 4);
    assert_string_equal(rest, "rest");
    expect_error("@-", "no data");
    if (saved >= 0) {
        dup2(saved, STDIN_FILENO);
        close(saved);
    }
}

static void type(const char *keys, const char *secret)
{
    int person, terminal;
    struct termios before, after;
    char shown[200] = "";
    assert_int_equal(openpty(&person, &terminal, NULL, NULL, NULL), 0);
    /* Input that is typed before the prompt is echoed by the terminal. */
    assert_int_equal(tcgetattr(terminal, &before), 0);
    before.c_lflag &= ~(tcflag_t)(ECHO | ICANON | ISIG);
    assert_int_equal(tcsetattr(terminal, TCSANOW, &before), 0);
    assert_int_equal(write(person, keys, strlen(keys)), (ssize_t)strlen(keys));
    char *got = secret_ask_on(terminal, "Secret: ");
    if (secret) {
        assert_non_null(got);
        assert_string_equal(got, secret);
    } else {
        assert_null(got);
    }
    /* The output may arrive in pieces. */
    for (size_t len = 0; !strchr(shown, '\n');) {
        ssize_t n = read(person, shown + len, sizeof shown - 1 - len);
        assert_true(n > 0);
        len += (size_t)n;
    }
    assert_string_equal(shown, "Secret: \r\n");
    assert_int_equal(tcgetattr(terminal, &after), 0);
    assert_int_equal(before.c_lflag, after.c_lflag);
    secret_free(got);
    close(person);
    close(terminal);
}

static void test_asking(void **state)
{
    (void)state;
    type("open sesame\r", "open sesame");
    type("\r", "");
    type("ax\177b\r", "ab");
    type("a\xc3\xbc\177b\r", "ab");
    type("\177wrong\025right\r", "right");
    type("half\004", "half");
    type("\004", NULL);
    type("never mind\003", NULL);
    int ends[2];
    assert_int_equal(pipe(ends), 0);
    assert_null(secret_ask_on(ends[0], "Secret: "));
    close(ends[0]);
    close(ends[1]);
    secret_free(NULL);
}

static void hides_tokens_of_a_query(void **state)
{
    static const char *const lines[][2] = {
        {"/?token=abc", "/?token=***"},
        {"GET /a?b=c&token=x&token=&d HTTP/1.1", "GET /a?b=c&token=***&token=***&d HTTP/1.1"},
        {"GET /?token=x HTTP/1.1", "GET /?token=*** HTTP/1.1"},
        {"GET http://ann:pass@host/?token=x HTTP/1.1", "GET http://***@host/?token=*** HTTP/1.1"},
        {"ws://a@b", "ws://***@b"},
        {"/token=a?xtoken=b&mytoken=c", "/token=a?xtoken=b&mytoken=c"},
        {"", ""},
    };
    char text[100];
    (void)state;
    for (size_t i = 0; i < sizeof lines / sizeof lines[0]; i++) {
        secret_hide_token(lines[i][0], strlen(lines[i][0]), text, sizeof text);
        assert_string_equal(text, lines[i][1]);
        char *whole = secret_without_token(lines[i][0], strlen(lines[i][0]));
        assert_string_equal(whole, lines[i][1]);
        free(whole);
    }
    char *most = secret_without_token("?token=&token=&token=", 21); /* it becomes longer */
    assert_string_equal(most, "?token=***&token=***&token=***");
    free(most);
    secret_hide_token("/?token=abc", 11, text, 6);
    assert_string_equal(text, "/?tok");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(hides_tokens_of_a_query),
        cmocka_unit_test(test_sources),
        cmocka_unit_test(test_files),
        cmocka_unit_test(test_stdin),
        cmocka_unit_test(test_asking),
    };
    return cmocka_run_group_tests_name("secret", tests, NULL, NULL);
}
