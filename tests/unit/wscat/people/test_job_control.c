/* Without an editor; test_editor.c has what becomes of the line. */
#include "cmd/wscat/people/job_control.h"

#include <sys/wait.h>
#include <unistd.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka.h needs those four before it. */
#include <cmocka.h>

static void others_are_left_alone(void **state)
{
    (void)state;
    assert_false(job_control(NULL, SIGINT));
    assert_false(job_control(NULL, SIGTERM));
    assert_true(job_control(NULL, SIGWINCH));
    assert_true(job_control(NULL, SIGCONT));
}

/* A process of its own, in a group that a parent outside of it could continue. */
static pid_t job(void (*action)(int))
{
    pid_t pid = fork();
    assert_true(pid >= 0);
    if (pid == 0) {
        sigset_t set;
        setpgid(0, 0);
        signal(SIGTSTP, action);
        sigemptyset(&set);
        sigaddset(&set, SIGTSTP);
        sigprocmask(SIG_BLOCK, &set, NULL);
        bool taken = job_control(NULL, SIGTSTP);
        sigprocmask(SIG_BLOCK, NULL, &set);
        _exit(taken && sigismember(&set, SIGTSTP) ? 7 : 1);
    }
    return pid;
}

static void stops_and_goes_on(void **state)
{
    int status;
    pid_t pid = job(SIG_DFL);
    (void)state;
    assert_int_equal(waitpid(pid, &status, WUNTRACED), pid);
    assert_true(WIFSTOPPED(status) && WSTOPSIG(status) == SIGTSTP);
    kill(pid, SIGCONT);
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 7);
}

static void ignored_where_it_was(void **state)
{
    int status;
    pid_t pid = job(SIG_IGN);
    (void)state;
    assert_int_equal(waitpid(pid, &status, WUNTRACED), pid);
    assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 7);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(others_are_left_alone),
        cmocka_unit_test(stops_and_goes_on),
        cmocka_unit_test(ignored_where_it_was),
    };
    return cmocka_run_group_tests_name("job_control", tests, NULL, NULL);
}
