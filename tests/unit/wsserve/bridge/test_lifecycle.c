#include "cmd/wsserve/bridge/lifecycle.h"

#include "cmd/common/log.h"
#include "tests/unit/support_net.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
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
static struct attempts attempts;
static struct backoff backoff;
static struct log discarded = {.fd = -1, .least = WS_LOG_ERROR};
static uint8_t memory[CHANNEL_READ_SIZE];

/* A lifecycle with its channel, as a mode has it. */
struct run {
    struct lifecycle life;
    struct channel channel;
    char output[256];
    size_t len;
    unsigned exits, finishes, frees;
    enum ws_error why;
    bool failed, blocked, release_when_finished;
};

static struct run *run_of(struct lifecycle *life)
{
    return ws_container_of(life, struct run, life);
}

static void on_exited(struct lifecycle *life)
{
    assert_true(life->exited);
    run_of(life)->exits++;
}

static void on_finished(struct lifecycle *life, enum ws_error why)
{
    struct run *run = run_of(life);
    run->finishes++;
    run->why = why;
    run->failed = lifecycle_failed(life);
    assert_false(lifecycle_active(life));
    if (run->release_when_finished)
        lifecycle_release(life, 0);
}

static bool is_blocked(struct lifecycle *life)
{
    return run_of(life)->blocked;
}

static void on_freed(struct lifecycle *life)
{
    run_of(life)->frees++;
}

static const struct lifecycle_user life_user = {on_exited, on_finished, is_blocked, on_freed};

static void on_input(struct channel *channel, uint8_t *data, size_t len)
{
    struct run *run = ws_container_of(channel, struct run, channel);
    assert_true(run->len + len < sizeof run->output);
    memcpy(run->output + run->len, data, len);
    run->len += len;
    lifecycle_on_input(&run->life);
}

static void on_end(struct channel *channel, enum ws_error why)
{
    lifecycle_on_input_end(&ws_container_of(channel, struct run, channel)->life, why);
}

static const struct channel_user channel_user = {.input = on_input, .end = on_end};

static const struct lifecycle_target target = {&attempts, &backoff, "target"};

static void prepare(struct run *run)
{
    *run = (struct run){.why = WS_ERROR_COUNT};
    lifecycle_init(&run->life, &life_user, &discarded, loop);
    assert_int_equal(run->life.phase, PHASE_WAITING);
    assert_int_equal(lifecycle_ask(&run->life, &target), 0);
}

static void attach(struct run *run, const int fds[2])
{
    run->channel.user = &channel_user;
    assert_int_equal(channel_open(&run->channel, loop, fds[0], fds[1], memory, 1024), WS_OK);
    lifecycle_attach(&run->life, &run->channel);
    channel_resume(&run->channel);
}

static void start_with(struct run *run, bool pty, const char *script)
{
    char sh[] = "sh", c[] = "-c", path[] = "PATH=/usr/bin:/bin", line[200], error[200];
    char *argv[] = {sh, c, line, NULL}, *envp[] = {path, NULL};
    struct spawn_command command = {.file = "/bin/sh", .argv = argv, .envp = envp, .pty = pty};
    int fds[2];
    snprintf(line, sizeof line, "%s", script);
    prepare(run);
    if (!lifecycle_start_program(&run->life, &family, &command, fds, error, sizeof error))
        fail_msg("%s", error);
    assert_int_equal(run->life.phase, PHASE_RUNNING);
    attach(run, fds);
}

static void start(struct run *run, const char *script)
{
    start_with(run, false, script);
}

/* Returns the service's end of the connection. */
static int connect_service(struct run *run)
{
    int fds[2];
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, fds), 0);
    prepare(run);
    attach(run, (int[2]){fds[0], fds[0]});
    lifecycle_start_service(&run->life);
    return fds[1];
}

static void release(struct run *run, uint32_t grace_ms)
{
    lifecycle_release(&run->life, grace_ms);
    assert_int_equal(run->frees, 0);
    TURN_UNTIL(loop, run->frees == 1);
    ws_loop_turn(loop, 0);
    assert_int_equal(run->frees, 1);
    assert_int_equal(run->life.phase, PHASE_FREED);
    assert_int_equal(attempts.running, 0);
    assert_int_equal(family.count, 0);
}

/* --- programs --- */

static void test_a_program_that_ends(void **state)
{
    (void)state;
    struct run run;
    start(&run, "echo hello");
    TURN_UNTIL(loop, run.finishes == 1);
    assert_int_equal(run.exits, 1);
    assert_memory_equal(run.output, "hello\n", 6);
    assert_false(run.failed);
    assert_int_equal(run.life.phase, PHASE_FINISHED);
    release(&run, 0);
    assert_int_equal(run.finishes, 1);
    assert_int_equal(backoff.failures, 0);
}

static void test_released_inside_of_finished(void **state)
{
    (void)state;
    struct run run;
    start(&run, "true");
    run.release_when_finished = true;
    TURN_UNTIL(loop, run.frees == 1);
    assert_int_equal(run.finishes, 1);
    assert_int_equal(attempts.running, 0);
}

static void test_failures_back_it_off(void **state)
{
    (void)state;
    struct run run;
    for (int i = 0; i < BACKOFF_FAILURES; i++) {
        start(&run, "exit 3");
        TURN_UNTIL(loop, run.finishes == 1);
        assert_true(run.failed);
        assert_int_equal(run.life.child.status, 3);
        release(&run, 0);
    }
    lifecycle_init(&run.life, &life_user, &discarded, loop);
    assert_true(lifecycle_ask(&run.life, &target) > 0);
    assert_int_equal(attempts.running, 0);
    backoff = (struct backoff){0};
}

/* How many failures in a row there are after the script has had `words`. */
static unsigned failures_after(const char *script, const char *words, bool from_client)
{
    struct run run;
    backoff = (struct backoff){0};
    start(&run, script);
    if (words[0])
        assert_int_equal(channel_write(&run.channel, words, strlen(words)), WS_OK);
    run.channel.relayed = from_client;
    TURN_UNTIL(loop, run.finishes == 1);
    assert_true(run.failed);
    release(&run, 0);
    unsigned failures = backoff.failures;
    backoff = (struct backoff){0};
    return failures;
}

/* What a program does after it has read its input says nothing about whether it can run. */
static void test_what_is_a_failure(void **state)
{
    (void)state;
    assert_int_equal(failures_after("exit 1", "", false), 1);
    assert_int_equal(failures_after("exit 126", "", false), 1);
    assert_int_equal(failures_after("kill -SEGV $$", "", false), 1);
    assert_int_equal(failures_after("kill -SEGV $$", "x\n", true), 1); /* which it never read */
    assert_int_equal(failures_after("sleep 1.1; exit 1", "", false), 0);
    assert_int_equal(failures_after("sleep 1.1; exit 127", "", false), 1);
    assert_int_equal(failures_after("exit 1", "x\n", true), 0);
    assert_int_equal(failures_after("read x; exit 1", "x\n", true), 0);
    assert_int_equal(failures_after("read x; exit 127", "x\n", true), 0);
    assert_int_equal(failures_after("read x; kill -SEGV $$", "x\n", true), 0);
}

/* It got the end of its input, and no client is there any more. */
static void test_an_end_because_of_ours(void **state)
{
    (void)state;
    struct run run;
    start(&run, "cat; exit 1");
    lifecycle_close_input(&run.life, 10000);
    TURN_UNTIL(loop, run.finishes == 1);
    release(&run, 0);
    assert_int_equal(backoff.failures, 0);
}

static void test_a_lack_of_ours(void **state)
{
    (void)state;
    struct run run;
    prepare(&run);
    lifecycle_give_up(&run.life);
    release(&run, 0);
    assert_int_equal(backoff.failures, 0);
}

static void test_the_end_of_input_and_what_it_still_says(void **state)
{
    (void)state;
    struct run run;
    start(&run, "cat; echo bye");
    assert_int_equal(channel_write(&run.channel, "a\n", 2), WS_OK);
    lifecycle_close_input(&run.life, 10000);
    assert_int_equal(run.life.phase, PHASE_INPUT_CLOSED);
    TURN_UNTIL(loop, run.finishes == 1);
    assert_memory_equal(run.output, "a\nbye\n", 6);
    assert_false(run.failed);
    release(&run, 0);
}

static void test_a_grace_that_is_over(void **state)
{
    (void)state;
    struct run run;
    start(&run, "trap '' TERM; while :; do sleep 1; done");
    lifecycle_close_input(&run.life, 20);
    TURN_UNTIL(loop, run.finishes == 1);
    assert_false(run.failed); /* it was killed by us */
    release(&run, 0);
    assert_int_equal(backoff.failures, 0);
}

/* Its output is open in another process: that is read as long as it comes, and no longer. */
static void test_output_after_the_exit(void **state)
{
    (void)state;
    struct run run;
    start(&run, "(sleep 0.3; echo late; sleep 60) & exit 0");
    TURN_UNTIL(loop, run.exits == 1);
    assert_int_equal(run.life.phase, PHASE_DRAINING);
    assert_int_equal(run.finishes, 0);
    int64_t before = ws_clock_us();
    TURN_UNTIL(loop, run.finishes == 1);
    assert_memory_equal(run.output, "late\n", 5);
    assert_true(ws_clock_us() - before >= (int64_t)LIFECYCLE_LINGER_MS * 1000);
    release(&run, 0);
}

static void test_full_receivers_prolong_it(void **state)
{
    (void)state;
    struct run run;
    start(&run, "sleep 60 & exit 0");
    run.blocked = true;
    int64_t end = ws_clock_us() + (int64_t)(LIFECYCLE_LINGER_MS + 300) * 1000;
    TURN_UNTIL(loop, ws_clock_us() > end);
    assert_int_equal(run.life.phase, PHASE_DRAINING);
    run.blocked = false;
    TURN_UNTIL(loop, run.finishes == 1);
    release(&run, 0);
}

static void test_a_program_that_closes_its_output(void **state)
{
    (void)state;
    struct run run;
    start(&run, "exec >&-; read -r status; exit $status");
    TURN_UNTIL(loop, !channel_reading(&run.channel));
    assert_int_equal(run.life.phase, PHASE_RUNNING);
    assert_int_equal(run.life.child.phase, CHILD_RUNNING);
    assert_int_equal(channel_write(&run.channel, "7\n", 2), WS_OK);
    TURN_UNTIL(loop, run.finishes == 1);
    assert_true(run.failed);
    assert_int_equal(run.life.child.status, 7);
    release(&run, 0);
    backoff = (struct backoff){0};
}

/* No output can come: the connection need not wait for what it does in its grace. */
static void test_closed_output_and_input(void **state)
{
    (void)state;
    struct run run;
    start(&run, "exec >&-; sleep 60");
    TURN_UNTIL(loop, !channel_reading(&run.channel));
    lifecycle_close_input(&run.life, LIFECYCLE_LINGER_MS + 200);
    TURN_UNTIL(loop, run.finishes == 1);
    assert_false(run.failed);
    assert_false(run.life.exited);
    release(&run, 0);
    start(&run, "cat >/dev/null; exec >&-; sleep 60");
    lifecycle_close_input(&run.life, 2 * LIFECYCLE_LINGER_MS);
    TURN_UNTIL(loop, run.finishes == 1);
    assert_false(run.life.exited);
    release(&run, 0);
}

static void test_a_closed_output_and_no_client(void **state)
{
    (void)state;
    struct run run;
    start(&run, "exec >&-; trap '' TERM; while :; do sleep 1; done");
    TURN_UNTIL(loop, !channel_reading(&run.channel));
    release(&run, 0);
    assert_int_equal(run.finishes, 0);
    assert_true(run.life.child.ended);
}

/* Nothing reads what is written to a terminal that no process has open. */
static void test_a_program_that_leaves_its_terminal(void **state)
{
    (void)state;
    struct run run;
    start_with(&run, true, "exec </dev/null >/dev/null 2>&1; sleep 60");
    TURN_UNTIL(loop, !channel_reading(&run.channel));
    assert_int_equal(run.life.child.phase, CHILD_RUNNING);
    assert_int_equal(channel_write(&run.channel, "x\n", 2), WS_E_CLOSING);
    release(&run, 0);
}

static void test_released_while_it_runs(void **state)
{
    (void)state;
    struct run run;
    start(&run, "cat >/dev/null; yes | head -c 100; exit 5");
    release(&run, 10000);
    assert_int_equal(run.finishes, 0);
    assert_true(run.life.exited);
}

static void test_finished_and_aborted(void **state)
{
    (void)state;
    struct run run;
    start(&run, "sleep 60");
    lifecycle_finish(&run.life);
    lifecycle_finish(&run.life);
    assert_int_equal(run.finishes, 1);
    release(&run, 10000);
    start(&run, "sleep 60");
    lifecycle_abort(&run.life);
    assert_int_equal(run.finishes, 0);
    release(&run, 10000);
    assert_int_equal(run.finishes, 0);
}

static void test_never_started(void **state)
{
    (void)state;
    struct run run;
    prepare(&run);
    release(&run, 10000);
    assert_int_equal(backoff.failures, 0);
    prepare(&run);
    lifecycle_fail(&run.life);
    release(&run, 0);
    assert_int_equal(backoff.failures, 1);
    backoff = (struct backoff){0};
}

/* --- services --- */

static void test_a_service_that_ends(void **state)
{
    (void)state;
    struct run run;
    int fd = connect_service(&run);
    assert_int_equal(write(fd, "hello", 5), 5);
    close(fd);
    TURN_UNTIL(loop, run.finishes == 1);
    assert_int_equal(run.why, WS_E_LOST);
    assert_memory_equal(run.output, "hello", 5);
    assert_false(run.life.exited);
    release(&run, 0);
}

static void test_a_service_has_a_grace(void **state)
{
    (void)state;
    struct run run;
    char byte;
    int fd = connect_service(&run);
    lifecycle_close_input(&run.life, 20);
    assert_int_equal(run.finishes, 0);
    TURN_UNTIL(loop, run.finishes == 1);
    assert_int_equal(run.why, WS_OK);
    assert_int_equal(read(fd, &byte, 1), 0);
    release(&run, 0);
    close(fd);
}

static void test_a_service_that_is_left(void **state)
{
    (void)state;
    struct run run;
    char byte;
    int fd = connect_service(&run);
    lifecycle_close_input(&run.life, LIFECYCLE_FOREVER);
    assert_false(ws_timer_armed(&run.life.timer));
    release(&run, 10000);
    assert_int_equal(run.finishes, 0);
    assert_int_equal(read(fd, &byte, 1), 0);
    close(fd);
}

static int begin(void **state)
{
    (void)state;
    child_prepare();
    kill_sequence_parse("TERM:50ms,KILL", &steps);
    attempts_init(&attempts, 0);
    if (ws_loop_new(&loop) != WS_OK)
        return -1;
    children_init(&family, loop, &steps);
    return 0;
}

static int end(void **state)
{
    (void)state;
    attempts_free(&attempts);
    ws_loop_free(loop);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_program_that_ends),
        cmocka_unit_test(test_released_inside_of_finished),
        cmocka_unit_test(test_failures_back_it_off),
        cmocka_unit_test(test_what_is_a_failure),
        cmocka_unit_test(test_an_end_because_of_ours),
        cmocka_unit_test(test_a_lack_of_ours),
        cmocka_unit_test(test_the_end_of_input_and_what_it_still_says),
        cmocka_unit_test(test_a_grace_that_is_over),
        cmocka_unit_test(test_output_after_the_exit),
        cmocka_unit_test(test_full_receivers_prolong_it),
        cmocka_unit_test(test_a_program_that_closes_its_output),
        cmocka_unit_test(test_closed_output_and_input),
        cmocka_unit_test(test_a_closed_output_and_no_client),
        cmocka_unit_test(test_a_program_that_leaves_its_terminal),
        cmocka_unit_test(test_released_while_it_runs),
        cmocka_unit_test(test_finished_and_aborted),
        cmocka_unit_test(test_never_started),
        cmocka_unit_test(test_a_service_that_ends),
        cmocka_unit_test(test_a_service_has_a_grace),
        cmocka_unit_test(test_a_service_that_is_left),
    };
    signal(SIGPIPE, SIG_IGN); /* a program may have ended before it is written to */
    return cmocka_run_group_tests_name("wsserve_lifecycle", tests, begin, end);
}
