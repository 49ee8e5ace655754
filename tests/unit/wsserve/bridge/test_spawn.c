#include "cmd/wsserve/bridge/spawn.h"

#include "tests/unit/support_net.h"

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

/* What a script prints, up to its end, in a buffer of this file; `*status` is what wait() says. */
static const char *output_of(const char *script, struct spawn_command command, int *status)
{
    static char text[1000];
    char sh[] = "sh", c[] = "-c", path[] = "PATH=/usr/bin:/bin", line[300];
    char *argv[] = {sh, c, line, NULL}, *envp[] = {path, NULL};
    struct spawn_ends ends;
    pid_t pid;
    snprintf(line, sizeof line, "%s", script);
    command.file = "/bin/sh", command.argv = argv, command.envp = envp;
    assert_true(spawn_open(&ends, &command));
    assert_int_equal(spawn_start(&ends, &command, &pid), 0);
    spawn_close_program_ends(&ends);
    assert_true(fcntl(ends.output, F_GETFL) & O_NONBLOCK);
    assert_true(fcntl(ends.input, F_GETFL) & O_NONBLOCK);
    assert_int_equal(write(ends.input, "in\n", 3), 3);
    size_t len = 0;
    for (ssize_t n = 1; n > 0 || (n < 0 && errno == EAGAIN); len += n > 0 ? (size_t)n : 0)
        n = read(ends.output, text + len, sizeof text - 1 - len);
    text[len] = '\0';
    assert_int_equal(waitpid(pid, status, 0), pid);
    spawn_close_own_ends(&ends);
    return text;
}

static void test_pipes(void **state)
{
    (void)state;
    int status;
    unsigned before = open_descriptors();
    struct spawn_command command = {.directory = "/usr"};
    const char *text =
        output_of("read x; echo \"$x, $PWD\"; echo hidden >&2; exit 3", command, &status);
    assert_string_equal(text, "in, /usr\n");
    assert_int_equal(WEXITSTATUS(status), 3);
    assert_int_equal(open_descriptors(), before);
}

static void test_it_leads_a_session(void **state)
{
    (void)state;
    int status;
    int pid, group, session;
    const char *text =
        output_of("set -- $(cat /proc/$$/stat); echo $1 $5 $6", (struct spawn_command){0}, &status);
    assert_int_equal(sscanf(text, "%d %d %d", &pid, &group, &session), 3);
    assert_int_equal(group, pid);
    assert_int_equal(session, pid);
}

/* It can be opened by the name of the controlling terminal. */
static void test_a_terminal(void **state)
{
    (void)state;
    int status;
    unsigned before = open_descriptors();
    struct spawn_command command = {.pty = true};
    const char *text =
        output_of("test -t 0 && test -t 1 && test -t 2 && read x </dev/tty && echo $x >/dev/tty",
                  command, &status);
    assert_string_equal(text, "in\n");
    assert_int_equal(WEXITSTATUS(status), 0);
    assert_int_equal(open_descriptors(), before);
}

static void test_standard_error_of_ours(void **state)
{
    (void)state;
    int status, kept = dup(STDERR_FILENO), ends[2];
    char line[10] = "";
    assert_int_equal(pipe(ends), 0);
    dup2(ends[1], STDERR_FILENO);
    output_of("echo seen >&2", (struct spawn_command){.pass_stderr = true}, &status);
    dup2(kept, STDERR_FILENO);
    close(kept);
    close(ends[1]);
    assert_int_equal(read(ends[0], line, sizeof line - 1), 5);
    assert_string_equal(line, "seen\n");
    close(ends[0]);
}

static int failure_of(struct spawn_command command)
{
    char name[] = "x";
    char *argv[] = {name, NULL}, *envp[] = {NULL};
    struct spawn_ends ends;
    pid_t pid;
    command.argv = argv, command.envp = envp;
    assert_true(spawn_open(&ends, &command));
    int why = spawn_start(&ends, &command, &pid);
    spawn_close_program_ends(&ends);
    spawn_close_program_ends(&ends);
    spawn_close_own_ends(&ends);
    return why;
}

static void test_what_cannot_be_run(void **state)
{
    (void)state;
    unsigned before = open_descriptors();
    struct spawn_command away = {.file = "/nonexistent/x"};
    struct spawn_command elsewhere = {.file = "/bin/sh", .directory = "/nonexistent"};
    struct spawn_command folder = {.file = "/", .pty = true};
    assert_int_equal(failure_of(away), ENOENT);
    assert_int_equal(failure_of(elsewhere), ENOENT);
    assert_int_equal(failure_of(folder), EACCES);
    assert_int_equal(waitpid(-1, NULL, WNOHANG), -1);
    assert_int_equal(errno, ECHILD);
    assert_int_equal(open_descriptors(), before);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_pipes),
        cmocka_unit_test(test_it_leads_a_session),
        cmocka_unit_test(test_a_terminal),
        cmocka_unit_test(test_standard_error_of_ours),
        cmocka_unit_test(test_what_cannot_be_run),
    };
    return cmocka_run_group_tests_name("spawn", tests, NULL, NULL);
}
