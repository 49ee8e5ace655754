#include "cmd/wsserve/bridge/exec_error.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka.h needs those four before it. */
#include <cmocka.h>

static char path[] = "/tmp/exec_error.XXXXXX";

static const char *explain(const char *content, int why)
{
    static char text[600];
    int fd = open(path, O_WRONLY | O_TRUNC | O_CLOEXEC);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, content, strlen(content)), strlen(content));
    close(fd);
    return exec_error_explain(path, why, text, sizeof text);
}

static void causes(void **state)
{
    static const struct {
        const char *content;
        int why;
        const char *words;
    } rows[] = {
        {"#!/no/such -x\ncat\n", ENOENT, "its interpreter /no/such: No such file"},
        {"#! /no/such\n", ENOENT, "its interpreter /no/such: No such file"},
        {"#!/bin/sh\r\ncat\r\n", ENOENT, "CR LF, so that '/bin/sh\\r' is looked for"},
        {"#!/etc/passwd\n", EACCES, "its interpreter /etc/passwd: Permission denied"},
        {"#!", ENOENT, "its interpreter : No such file"},
        {"cat\n", ENOEXEC, "has to begin with a line such as #!/bin/sh"},
        {"", ENOEXEC, "has to begin with a line such as #!/bin/sh"},
        {"#", ENOEXEC, "has to begin with a line such as #!/bin/sh"},
        {"\177ELF", ENOENT, ": No such file"},
        {"#!/bin/sh\n", E2BIG, ": Argument list too long"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        const char *text = explain(rows[i].content, rows[i].why);
        if (strncmp(text, "cannot run /tmp/exec_error.", 27) != 0 || !strstr(text, rows[i].words))
            fail_msg("row %zu: %s", i, text);
    }
}

static void a_file_that_is_gone(void **state)
{
    char text[80], small[8];
    (void)state;
    assert_string_equal(exec_error_explain("/no/file", ENOENT, text, sizeof text),
                        "cannot run /no/file: No such file or directory");
    assert_string_equal(exec_error_explain("/no/file", ENOENT, small, sizeof small), "cannot ");
}

static void what_was_meant(void **state)
{
    char text[EXEC_ERROR_HINT];
    (void)state;
    /* `path` is a file without the bit for executing. */
    assert_int_equal(chmod(path, 0600), 0);
    exec_error_hint(path, EACCES, text, sizeof text);
    assert_non_null(strstr(text, "chmod +x /tmp/exec_error."));
    assert_int_equal(chdir("/tmp"), 0);
    exec_error_hint(path + 5, ENOENT, text, sizeof text);
    assert_non_null(strstr(text, "chmod +x ./exec_error."));
    assert_int_equal(chmod(path, 0700), 0);
    exec_error_hint(path + 5, ENOENT, text, sizeof text);
    assert_non_null(strstr(text, "of this folder it is ./exec_error."));
    assert_string_equal(exec_error_hint(path, EACCES, text, sizeof text), "");
    assert_string_equal(exec_error_hint("9000", ENOENT, text, sizeof text),
                        " (to listen on that port: --port=9000)");
    assert_string_equal(exec_error_hint(":9000", ENOENT, text, sizeof text),
                        " (to listen on that port: --port=9000)");
    assert_string_equal(exec_error_hint("localhost:9000", ENOENT, text, sizeof text),
                        " (to listen there: --listen=localhost:9000)");
    assert_string_equal(exec_error_hint("a:b", ENOENT, text, sizeof text), "");
    assert_string_equal(exec_error_hint("a:", ENOENT, text, sizeof text), "");
    exec_error_hint("WS://h:1/", ENOENT, text, sizeof text);
    assert_non_null(strstr(text, "takes no URL"));
    exec_error_hint("/tmp", EACCES, text, sizeof text);
    assert_non_null(strstr(text, "--staticdir=/tmp"));
    assert_string_equal(exec_error_hint("900000", ENOENT, text, sizeof text), "");
    assert_string_equal(exec_error_hint("no-such", ENOENT, text, sizeof text), "");
    assert_string_equal(exec_error_hint("", ENOENT, text, sizeof text), "");
}

static int make(void **state)
{
    (void)state;
    int fd = mkstemp(path);
    return fd < 0 ? 1 : close(fd);
}

static int unmake(void **state)
{
    (void)state;
    return unlink(path);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(causes),
        cmocka_unit_test(a_file_that_is_gone),
        cmocka_unit_test(what_was_meant),
    };
    return cmocka_run_group_tests(tests, make, unmake);
}
