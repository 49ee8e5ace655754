#include "cmd/common/exit.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka.h needs those four before it. */
#include <cmocka.h>

static void test_errors(void **state)
{
    (void)state;
    static const struct {
        enum ws_error error;
        enum exit_code code;
    } cases[] = {
        {WS_OK, WS_EXIT_OK},
        {WS_MORE, WS_EXIT_OK},
        {WS_E_RESOLVE, WS_EXIT_CONNECT},
        {WS_E_CONNECT, WS_EXIT_CONNECT},
        {WS_E_TLS, WS_EXIT_TLS},
        {WS_E_STATUS, WS_EXIT_REFUSED},
        {WS_E_ACCEPT_WRONG, WS_EXIT_REFUSED},
        {WS_E_SUBPROTOCOL_UNSOLICITED, WS_EXIT_REFUSED},
        {WS_E_MASKED, WS_EXIT_PROTOCOL},
        {WS_E_UTF8, WS_EXIT_PROTOCOL},
        {WS_E_CONNECT_TIMEOUT, WS_EXIT_TIMEOUT},
        {WS_E_HEARTBEAT_TIMEOUT, WS_EXIT_TIMEOUT},
        {WS_E_LOST, WS_EXIT_LOST},
        {WS_E_RESET, WS_EXIT_LOST},
        {WS_E_EOF_IN_HANDSHAKE, WS_EXIT_LOST},
        {WS_E_STREAM_RESET, WS_EXIT_LOST},
        {WS_E_GOAWAY, WS_EXIT_LOST},
        {WS_E_HTTP2, WS_EXIT_PROTOCOL},
        {WS_E_HTTP2_FLOOD, WS_EXIT_PROTOCOL},
        {WS_E_IO, WS_EXIT_FAILURE},
        {WS_E_NO_DESCRIPTORS, WS_EXIT_CONNECT},
        {WS_E_NO_MEMORY, WS_EXIT_FAILURE},
        {WS_E_MESSAGE_TOO_BIG, WS_EXIT_FAILURE},
        {WS_E_ARGUMENT, WS_EXIT_FAILURE},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        assert_int_equal(exit_code_for(cases[i].error), cases[i].code);
}

/* No error has exit code 0. */
static void test_no_error_is_success(void **state)
{
    (void)state;
    for (int error = WS_MORE + 1; error < WS_ERROR_COUNT; error++)
        assert_int_not_equal(exit_code_for((enum ws_error)error), 0);
}

static void test_close(void **state)
{
    (void)state;
    assert_int_equal(exit_code_for_close(1000, true), 0);
    assert_int_equal(exit_code_for_close(1001, true), 0);
    assert_int_equal(exit_code_for_close(1005, true), 0);
    assert_int_equal(exit_code_for_close(1006, false), 8);
    assert_int_equal(exit_code_for_close(1006, true), 8);
    assert_int_equal(exit_code_for_close(1000, false), 8);
    assert_int_equal(exit_code_for_close(1002, true), 9);
    assert_int_equal(exit_code_for_close(4000, true), 9);
}

/* Runs `action` in a child; returns its exit code and its standard error. */
static int run(void (*action)(void), char *text, size_t size)
{
    int ends[2], status;
    assert_int_equal(pipe(ends), 0);
    fflush(NULL);
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        dup2(ends[1], STDERR_FILENO);
        close(ends[0]);
        close(ends[1]);
        action();
        _exit(99);
    }
    close(ends[1]);
    size_t len = 0;
    ssize_t n;
    while ((n = read(ends[0], text + len, size - 1 - len)) > 0)
        len += (size_t)n;
    text[len] = '\0';
    close(ends[0]);
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFEXITED(status));
    return WEXITSTATUS(status);
}

static void die(void)
{
    exit_set_tool("wscat");
    errno = ENOENT;
    exit_warn("warned about '%s'", "a\nb");
    exit_die(WS_EXIT_CONNECT, "no way: %m");
}

static void lose_reader(void)
{
    int ends[2];
    if (pipe(ends) != 0)
        return;
    exit_ignore_sigpipe();
    dup2(ends[1], STDOUT_FILENO);
    close(ends[0]);
    if (write(STDOUT_FILENO, "x", 1) < 0)
        exit_stdout_failed();
}

static void flush_to_nobody(void)
{
    int ends[2];
    if (pipe(ends) != 0)
        return;
    exit_ignore_sigpipe();
    dup2(ends[1], STDOUT_FILENO);
    close(ends[0]);
    printf("x");
    _exit(exit_flush_stdout(5));
}

static void flush_to_full(void)
{
    int full = open("/dev/full", O_WRONLY);
    dup2(full, STDOUT_FILENO);
    printf("x");
    exit_set_tool("wscat");
    _exit(exit_flush_stdout(0));
}

static void test_endings(void **state)
{
    (void)state;
    char text[512];
    assert_int_equal(run(die, text, sizeof text), 3);
    assert_string_equal(text,
                        "wscat: warned about 'a\\nb'\nwscat: no way: No such file or directory\n");
    assert_int_equal(run(lose_reader, text, sizeof text), 0);
    assert_string_equal(text, "");
    assert_int_equal(run(flush_to_nobody, text, sizeof text), 5);
    assert_string_equal(text, "");
    assert_int_equal(run(flush_to_full, text, sizeof text), 1);
    assert_non_null(strstr(text, "wscat: cannot write to standard output: "));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_errors),
        cmocka_unit_test(test_no_error_is_success),
        cmocka_unit_test(test_close),
        cmocka_unit_test(test_endings),
    };
    return cmocka_run_group_tests_name("exit", tests, NULL, NULL);
}
