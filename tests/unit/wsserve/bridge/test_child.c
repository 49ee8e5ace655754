#include "cmd/wsserve/bridge/child.h"

#include "tests/unit/support_net.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
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

static struct ws_loop *loop;
static struct children family;
static struct kill_sequence steps;

static unsigned exits, goners;

static void on_exited(struct child *child)
{
    (void)child;
    exits++;
}

static void on_gone(struct child *child)
{
    (void)child;
    goners++;
}

/* A shell's script, with what reads its output and writes its input. */
static void run(const char *script, bool pty, int fds[2], struct child *child)
{
    char sh[] = "sh", c[] = "-c", path[] = "PATH=/usr/bin:/bin", line[400];
    char *argv[] = {sh, c, line, NULL}, *envp[] = {path, NULL};
    snprintf(line, sizeof line, "%s", script);
    struct spawn_command command = {.file = "/bin/sh", .argv = argv, .envp = envp, .pty = pty};
    char error[200];
    exits = goners = 0;
    *child = (struct child){.exited = on_exited, .gone = on_gone};
    if (!child_spawn(child, &family, &command, fds, error, sizeof error))
        fail_msg("%s", error);
}

static bool exists(pid_t pid)
{
    return kill(pid, 0) == 0;
}

/* Reads to the end, or until `wanted` is there, as text. */
static char *text_of(int fd, const char *wanted)
{
    static char text[4096];
    size_t len = 0;
    text[0] = 0;
    int64_t end = ws_clock_us() + 60 * 1000000;
    while (ws_clock_us() < end && !(wanted && strstr(text, wanted))) {
        ssize_t n = read(fd, text + len, sizeof text - 1 - len);
        if (n == 0 || (n < 0 && errno != EAGAIN))
            break;
        len += n > 0 ? (size_t)n : 0;
        text[len] = 0;
        ws_loop_turn(loop, 1);
    }
    return text;
}

static void close_both(const int fds[2])
{
    close(fds[0]);
    if (fds[1] != fds[0])
        close(fds[1]);
}

static void no_children_left(void)
{
    assert_int_equal(family.count, 0);
    assert_int_equal(waitpid(-1, NULL, WNOHANG), -1);
    assert_int_equal(errno, ECHILD);
}

static void test_its_output_and_its_end(void **state)
{
    (void)state;
    unsigned before = open_descriptors();
    int fds[2];
    struct child child;
    run("read x; echo got $x; echo hidden >&2; exit 3", false, fds, &child);
    assert_int_equal(write(fds[1], "hello\n", 6), 6);
    assert_string_equal(text_of(fds[0], NULL), "got hello\n");
    TURN_UNTIL(loop, exits == 1);
    assert_int_equal(child.status, 3);
    assert_int_equal(child.signal, 0);
    assert_false(child.ended);
    assert_int_equal(goners, 0);
    child_end(&child, 1000);
    TURN_UNTIL(loop, goners == 1);
    no_children_left();
    close_both(fds);
    assert_int_equal(open_descriptors(), before);
}

static void test_a_signal_of_its_own(void **state)
{
    (void)state;
    int fds[2];
    struct child child;
    run("kill -SEGV $$", false, fds, &child);
    TURN_UNTIL(loop, exits == 1);
    assert_int_equal(child.signal, SIGSEGV);
    child_end(&child, 0);
    TURN_UNTIL(loop, goners == 1);
    close_both(fds);
    no_children_left();
}

static void test_the_group_goes_with_it(void **state)
{
    (void)state;
    int fds[2];
    struct child child;
    run("sleep 1000 & echo $!; wait", false, fds, &child);
    pid_t grandchild = atoi(text_of(fds[0], "\n"));
    assert_true(exists(grandchild));
    child_end(&child, 0);
    TURN_UNTIL(loop, goners == 1);
    assert_int_equal(exits, 0);
    assert_true(child.ended);
    assert_int_equal(child.signal, SIGTERM);
    TURN_UNTIL(loop, !exists(grandchild));
    close_both(fds);
    no_children_left();
}

/* The leader is gone, and the rest of its group ignores SIGTERM. */
static void test_orphans_are_ended_too(void **state)
{
    (void)state;
    int fds[2];
    struct child child;
    run("sh -c 'trap \"\" TERM; echo $$ ready; exec sleep 1000' & exit 0", false, fds, &child);
    pid_t orphan = atoi(text_of(fds[0], "ready\n"));
    TURN_UNTIL(loop, exits == 1);
    assert_true(orphan > 1 && exists(orphan));
    child_end(&child, 60000);
    TURN_UNTIL(loop, goners == 1);
    assert_false(child.ended);
    assert_int_equal(child.status, 0);
    TURN_UNTIL(loop, !exists(orphan));
    close_both(fds);
    no_children_left();
}

static void test_grace(void **state)
{
    (void)state;
    int fds[2];
    struct child child;
    run("trap 'exit 9' TERM; read x; exit 4", false, fds, &child);
    close(fds[1]);
    child_end(&child, 60000);
    TURN_UNTIL(loop, goners == 1);
    assert_int_equal(exits, 0);
    assert_false(child.ended);
    assert_int_equal(child.status, 4);
    close(fds[0]);

    run("trap 'exit 9' TERM; echo ready; while :; do sleep 0.01; done", false, fds, &child);
    text_of(fds[0], "ready");
    child_end(&child, 60000);
    child_end(&child, 50);
    TURN_UNTIL(loop, goners == 1);
    assert_true(child.ended);
    assert_int_equal(child.status, 9);
    close_both(fds);
    no_children_left();
}

static void test_the_last_step_is_for_the_stubborn(void **state)
{
    (void)state;
    int fds[2];
    struct child child;
    run("trap '' TERM; echo ready; while :; do sleep 0.01; done", false, fds, &child);
    text_of(fds[0], "ready");
    child_end(&child, 0);
    TURN_UNTIL(loop, goners == 1);
    assert_int_equal(child.signal, SIGKILL);
    close_both(fds);

    /* And for those that are stopped. */
    run("kill -STOP $$", false, fds, &child);
    child_end(&child, 0);
    TURN_UNTIL(loop, goners == 1);
    close_both(fds);
    no_children_left();
}

/* What went into a session of its own is reaped too, by and by. */
static void test_strays_are_reaped(void **state)
{
    (void)state;
    int fds[2];
    struct child child;
    for (int i = 0; i < 2; i++) {
        run(i == 0 ? "setsid sh -c 'echo $$; exec sleep 0.05' & read x" : "exit 0", false, fds,
            &child);
        pid_t stray = i == 0 ? atoi(text_of(fds[0], "\n")) : 0;
        child_end(&child, i == 0 ? 0 : 10000);
        TURN_UNTIL(loop, goners == 1);
        close_both(fds);
        if (i == 0) {
            siginfo_t info = {0};
            assert_true(stray > 1);
            TURN_UNTIL(loop, waitid(P_PID, (id_t)stray, &info, WEXITED | WNOHANG | WNOWAIT) < 0 ||
                                 info.si_pid == stray);
        }
    }
    no_children_left();
}

static void stop_loop(struct ws_timer *timer)
{
    (void)timer;
    ws_loop_stop(loop);
}

static void test_finish_ends_all(void **state)
{
    (void)state;
    enum { COUNT = 5 };
    int fds[COUNT][2];
    struct child child[COUNT];
    for (int i = 0; i < COUNT; i++)
        run(i % 2 ? "trap '' TERM; sleep 1000" : "sleep 1000", false, fds[i], &child[i]);
    children_finish(&family);
    assert_int_equal(goners, COUNT);
    no_children_left();
    for (int i = 0; i < COUNT; i++)
        close_both(fds[i]);

    run("trap '' TERM; echo ready; while :; do sleep 0.01; done", false, fds[0], &child[0]);
    text_of(fds[0][0], "ready");
    int64_t before = ws_clock_us();
    struct kill_sequence slow = {.count = 2, .step = {{SIGTERM, 60000}, {SIGKILL, 1000}}};
    struct ws_timer soon = {.fire = stop_loop};
    family.kill = &slow;
    ws_loop_arm(loop, &soon, ws_loop_now(loop) + 50);
    children_finish(&family);
    family.kill = &steps;
    assert_true(ws_clock_us() - before < 10 * 1000000);
    no_children_left();
    close_both(fds[0]);
}

static void test_what_cannot_be_run(void **state)
{
    (void)state;
    unsigned before = open_descriptors();
    char *argv[] = {NULL, NULL}, *envp[] = {NULL};
    struct spawn_command command = {.file = "/nonexistent/x", .argv = argv, .envp = envp};
    struct child child = {.exited = on_exited, .gone = on_gone};
    char error[200];
    int fds[2];
    assert_false(child_spawn(&child, &family, &command, fds, error, sizeof error));
    assert_string_equal(error, "cannot run /nonexistent/x: No such file or directory");
    command.file = "/bin/sh";
    command.directory = "/nonexistent";
    assert_false(child_spawn(&child, &family, &command, fds, error, sizeof error));
    command.pty = true;
    assert_false(child_spawn(&child, &family, &command, fds, error, sizeof error));
    no_children_left();
    assert_int_equal(open_descriptors(), before);
}

static void test_a_terminal(void **state)
{
    (void)state;
    unsigned before = open_descriptors();
    int fds[2];
    struct child child;
    run("test -t 0 && test -t 1 && test -t 2 && read x && echo got $x && cat", true, fds, &child);
    assert_int_equal(fds[0], fds[1]);
    assert_int_equal(write(fds[1], "hello\n", 6), 6);
    /* Nothing is echoed, and a newline is a newline. */
    assert_string_equal(text_of(fds[0], "hello\n"), "got hello\n");
    assert_int_equal(write(fds[1], "\4", 1), 1);
    TURN_UNTIL(loop, exits == 1);
    assert_int_equal(child.status, 0);
    child_end(&child, 0);
    TURN_UNTIL(loop, goners == 1);
    close_both(fds);
    no_children_left();
    assert_int_equal(open_descriptors(), before);
}

/* A child has its three streams, no signal blocked, and SIGPIPE as it should be. */
static void test_what_a_child_inherits(void **state)
{
    (void)state;
    int fds[2];
    struct child child;
    sigset_t mask, old;
    sigemptyset(&mask);
    sigaddset(&mask, SIGUSR1);
    sigprocmask(SIG_BLOCK, &mask, &old);
    signal(SIGINT, SIG_IGN); /* as a shell has it for what runs in the background */
    int stray = open("/dev/null", O_RDONLY);
    child_prepare();
    run("ls /proc/self/fd | wc -l; grep -E 'Sig(Blk|Ign)' /proc/self/status", false, fds, &child);
    const char *text = text_of(fds[0], NULL);
    /* ls has the directory open besides. */
    assert_int_equal(atoi(text), 4);
    assert_non_null(strstr(text, "SigBlk:\t0000000000000000"));
    const char *ignored = strstr(text, "SigIgn:\t");
    assert_non_null(ignored);
    /* 32 and 33 are reserved by the C library. */
    assert_int_equal(strtoull(ignored + 8, NULL, 16) & ~(3ull << 31), 0);
    close(stray);
    sigprocmask(SIG_SETMASK, &old, NULL);
    TURN_UNTIL(loop, exits == 1);
    child_end(&child, 0);
    TURN_UNTIL(loop, goners == 1);
    close_both(fds);
}

static void test_find(void **state)
{
    (void)state;
    char *found = child_find("sh");
    assert_non_null(found);
    assert_int_equal(found[0], '/');
    free(found);
    assert_null(child_find("no-such-program"));
    assert_null(child_find("./no-such-program"));
    assert_null(child_find("/"));
    found = child_find("/bin/sh");
    assert_string_equal(found, "/bin/sh");
    free(found);
    char old[4096];
    assert_non_null(getcwd(old, sizeof old));
    assert_int_equal(chdir("/bin"), 0);
    found = child_find("./sh");
    assert_int_equal(chdir(old), 0);
    assert_non_null(found);
    assert_int_equal(found[0], '/');
    assert_int_equal(access(found, X_OK), 0);
    free(found);
}

static int begin(void **state)
{
    (void)state;
    signal(SIGPIPE, SIG_IGN);
    kill_sequence_parse("TERM:100ms,KILL", &steps);
    child_prepare();
    if (ws_loop_new(&loop) != WS_OK)
        return -1;
    children_init(&family, loop, &steps);
    return 0;
}

static int end(void **state)
{
    (void)state;
    ws_loop_free(loop);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_its_output_and_its_end),
        cmocka_unit_test(test_a_signal_of_its_own),
        cmocka_unit_test(test_the_group_goes_with_it),
        cmocka_unit_test(test_orphans_are_ended_too),
        cmocka_unit_test(test_grace),
        cmocka_unit_test(test_the_last_step_is_for_the_stubborn),
        cmocka_unit_test(test_strays_are_reaped),
        cmocka_unit_test(test_finish_ends_all),
        cmocka_unit_test(test_what_cannot_be_run),
        cmocka_unit_test(test_a_terminal),
        cmocka_unit_test(test_what_a_child_inherits),
        cmocka_unit_test(test_find),
    };
    return cmocka_run_group_tests(tests, begin, end);
}
