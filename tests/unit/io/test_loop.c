#include <ws/loop.h>

#include "tests/unit/support_net.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <unistd.h>

#include <setjmp.h>
#include <stdarg.h>
/* cmocka.h needs those and stddef.h, stdint.h before it. */
#include <cmocka.h>

static struct ws_loop *loop;

static int set_up(void **state)
{
    (void)state;
    return ws_loop_new(&loop) == WS_OK ? 0 : -1;
}

static int tear_down(void **state)
{
    (void)state;
    ws_loop_free(loop);
    return 0;
}

/* A watch that counts, and may do something to another. */
struct counted {
    struct ws_watch watch;
    unsigned calls, ready;
    bool drain;
    int64_t lasts_us; /* a call */
    unsigned place;   /* of the last call among those of all watches */
    struct counted *unwatch;
    struct ws_deferred *defer;
};

static unsigned places;

static void on_ready(struct ws_watch *watch, unsigned ready)
{
    struct counted *counted = ws_container_of(watch, struct counted, watch);
    char byte[64];
    int64_t begun = ws_clock_us();
    counted->calls++;
    counted->place = ++places;
    counted->ready |= ready;
    while (ws_clock_us() - begun < counted->lasts_us)
        ;
    if (counted->drain && read(watch->fd, byte, sizeof byte) < 0)
        assert_int_equal(errno, EAGAIN);
    if (counted->unwatch)
        ws_loop_unwatch(loop, &counted->unwatch->watch);
    if (counted->defer)
        ws_loop_defer(loop, counted->defer);
}

static void watch(struct counted *counted, int fd, unsigned interest)
{
    memset(counted, 0, sizeof *counted);
    counted->watch.fd = fd;
    counted->watch.ready = on_ready;
    assert_int_equal(ws_loop_watch(loop, &counted->watch, interest), WS_OK);
}

static void turn(int times)
{
    while (times-- > 0)
        ws_loop_turn(loop, 0);
}

static void readable_and_writable(void **state)
{
    (void)state;
    int fds[2];
    struct counted c;
    socket_pair(fds);
    watch(&c, fds[0], WS_READABLE);
    turn(1);
    assert_int_equal(c.calls, 0);
    assert_int_equal(write(fds[1], "x", 1), 1);
    turn(1);
    assert_int_equal(c.calls, 1);
    assert_int_equal(c.ready, WS_READABLE);
    turn(1); /* level-triggered: it was not read */
    assert_int_equal(c.calls, 2);

    /* Nothing is waited for: neither the byte nor that it could be written to. */
    assert_int_equal(ws_loop_rewatch(loop, &c.watch, 0), WS_OK);
    turn(3);
    assert_int_equal(c.calls, 2);
    assert_int_equal(ws_loop_rewatch(loop, &c.watch, WS_READABLE | WS_WRITABLE), WS_OK);
    turn(1);
    assert_int_equal(c.ready, WS_READABLE | WS_WRITABLE);
    c.ready = 0;
    assert_int_equal(ws_loop_rewatch(loop, &c.watch, WS_WRITABLE), WS_OK);
    turn(1);
    assert_int_equal(c.ready, WS_WRITABLE);

    assert_int_equal(ws_loop_unwatch(loop, &c.watch), fds[0]);
    assert_int_equal(c.watch.fd, -1);
    assert_int_equal(ws_loop_unwatch(loop, &c.watch), -1);
    unsigned calls = c.calls;
    turn(3);
    assert_int_equal(c.calls, calls);
    close(fds[0]);
    close(fds[1]);
}

static void a_bad_descriptor_is_an_error(void **state)
{
    (void)state;
    int fds[2];
    struct counted c = {.watch = {.ready = on_ready}};
    socket_pair(fds);
    close(fds[0]);
    close(fds[1]);
    c.watch.fd = fds[0];
    assert_int_equal(ws_loop_watch(loop, &c.watch, WS_READABLE), WS_E_IO);
    ws_loop_unwatch(loop, &c.watch);
}

/* A hang-up is reported for as long as epoll is asked at all: without interest it must not be. */
static void a_hang_up_without_interest_does_not_spin(void **state)
{
    (void)state;
    int fds[2];
    struct counted c;
    socket_pair(fds);
    watch(&c, fds[0], WS_READABLE);
    ws_loop_rewatch(loop, &c.watch, 0);
    close(fds[1]);
    int64_t begun = ws_clock_us();
    ws_loop_turn(loop, 30);
    assert_true(ws_clock_us() - begun >= 25000); /* it slept */
    assert_int_equal(c.calls, 0);
    /* With interest it shows as what is waited for. */
    ws_loop_rewatch(loop, &c.watch, WS_WRITABLE);
    ws_loop_turn(loop, 30);
    assert_int_equal(c.ready, WS_WRITABLE);
    close(ws_loop_unwatch(loop, &c.watch));
}

static void unwatched_by_an_earlier_event_of_the_batch(void **state)
{
    (void)state;
    for (int round = 0; round < 2; round++) {
        int a[2], b[2];
        struct counted first, second;
        socket_pair(a);
        socket_pair(b);
        watch(&first, a[0], WS_READABLE);
        watch(&second, b[0], WS_READABLE);
        /* Whichever comes first takes the other away. */
        first.unwatch = &second;
        second.unwatch = &first;
        assert_int_equal(write(a[1], "x", 1), 1);
        assert_int_equal(write(b[1], "x", 1), 1);
        turn(1);
        assert_int_equal(first.calls + second.calls, 1);
        ws_loop_unwatch(loop, &first.watch);
        ws_loop_unwatch(loop, &second.watch);
        for (int i = 0; i < 2; i++) {
            close(a[i]);
            close(b[i]);
        }
    }
}

static void a_regular_file_is_always_ready(void **state)
{
    (void)state;
    char path[] = "/tmp/test_loop.XXXXXX";
    int fd = mkstemp(path);
    assert_true(fd >= 0);
    unlink(path);
    struct counted c;
    watch(&c, fd, WS_READABLE);
    int64_t begun = ws_clock_us();
    ws_loop_turn(loop, 1000);
    ws_loop_turn(loop, 1000);
    assert_true(ws_clock_us() - begun < 500000); /* it did not wait */
    assert_int_equal(c.calls, 2);
    assert_int_equal(c.ready, WS_READABLE);
    ws_loop_rewatch(loop, &c.watch, 0);
    ws_loop_turn(loop, 5);
    assert_int_equal(c.calls, 2);
    ws_loop_rewatch(loop, &c.watch, WS_READABLE | WS_WRITABLE);
    turn(1);
    assert_int_equal(c.calls, 3);
    assert_int_equal(c.ready, WS_READABLE | WS_WRITABLE);
    close(ws_loop_unwatch(loop, &c.watch));
    turn(1);
    assert_int_equal(c.calls, 3);
}

/* --- tasks --- */

struct chain {
    struct ws_deferred task;
    unsigned runs, more;
    struct ws_deferred *next;
};

static void on_chain(struct ws_deferred *task)
{
    struct chain *chain = ws_container_of(task, struct chain, task);
    chain->runs++;
    if (chain->next)
        ws_loop_defer(loop, chain->next);
    if (chain->more > 0) {
        chain->more--;
        ws_loop_defer(loop, task);
    }
}

static void tasks(void **state)
{
    (void)state;
    struct chain second = {.task = {.run = on_chain}, .more = 5};
    struct chain first = {.task = {.run = on_chain}, .next = &second.task};
    ws_loop_defer(loop, &first.task);
    ws_loop_defer(loop, &first.task);
    ws_loop_defer(loop, &first.task);
    assert_int_equal(first.runs, 0);
    turn(1);
    assert_int_equal(first.runs, 1);  /* once however often it is asked for */
    assert_int_equal(second.runs, 6); /* and what it defers in the same go */
    turn(1);
    assert_int_equal(first.runs, 1);
}

static void on_free(struct ws_deferred *task)
{
    free(task);
}

static void a_task_may_free_itself(void **state)
{
    (void)state;
    for (int i = 0; i < 10; i++) {
        struct ws_deferred *task = calloc(1, sizeof *task);
        assert_non_null(task);
        task->run = on_free;
        ws_loop_defer(loop, task);
    }
    turn(1);
}

static void tasks_of_an_event_run_in_its_batch(void **state)
{
    (void)state;
    int fds[2];
    struct counted c;
    struct chain chain = {.task = {.run = on_chain}};
    socket_pair(fds);
    watch(&c, fds[0], WS_READABLE);
    c.defer = &chain.task;
    c.drain = true;
    assert_int_equal(write(fds[1], "x", 1), 1);
    turn(1);
    assert_int_equal(chain.runs, 1);
    close(ws_loop_unwatch(loop, &c.watch));
    close(fds[1]);
}

/* --- from outside --- */

static unsigned woken;

static void on_woken(void *context)
{
    assert_ptr_equal(context, &woken);
    woken++;
}

static void *wake(void *argument)
{
    (void)argument;
    usleep(20000);
    ws_loop_wake(loop);
    return NULL;
}

static void woken_from_another_thread(void **state)
{
    (void)state;
    pthread_t thread;
    woken = 0;
    ws_loop_on_wake(loop, on_woken, &woken);
    assert_int_equal(pthread_create(&thread, NULL, wake, NULL), 0);
    int64_t begun = ws_clock_us();
    while (woken == 0)
        ws_loop_turn(loop, 10000);
    assert_true(ws_clock_us() - begun < 5000000);
    pthread_join(thread, NULL);
    /* Any number of wake-ups before it looks are at least one. */
    for (int i = 0; i < 1000; i++)
        ws_loop_wake(loop);
    turn(1);
    assert_int_equal(woken, 2);
    turn(3);
    assert_int_equal(woken, 2);
}

static unsigned signals[65];

static void on_signal(void *context, int number)
{
    (void)context;
    signals[number]++;
}

static void signals_are_events(void **state)
{
    (void)state;
    static const int wanted[] = {SIGUSR1, SIGTERM};
    sigset_t before;
    sigprocmask(SIG_SETMASK, NULL, &before);
    assert_int_equal(ws_loop_on_signals(loop, wanted, 2, on_signal, NULL), WS_OK);
    raise(SIGUSR1);
    raise(SIGTERM);
    assert_int_equal(signals[SIGUSR1], 0);
    turn(1);
    assert_int_equal(signals[SIGUSR1], 1);
    assert_int_equal(signals[SIGTERM], 1);
    turn(2);
    assert_int_equal(signals[SIGUSR1], 1);
    sigprocmask(SIG_SETMASK, &before, NULL);
}

/* --- time --- */

struct clocked {
    struct ws_timer timer;
    int64_t fired;
    unsigned times;
};

static void on_fire(struct ws_timer *timer)
{
    struct clocked *clocked = ws_container_of(timer, struct clocked, timer);
    clocked->fired = ws_loop_now(loop);
    clocked->times++;
    ws_loop_stop(loop);
}

static void timers_wake_the_loop(void **state)
{
    (void)state;
    struct clocked c = {.timer = {.fire = on_fire}};
    assert_true(ws_loop_now(loop) > 0);
    int64_t when = ws_loop_now(loop) + 30;
    ws_loop_arm(loop, &c.timer, when);
    ws_loop_run(loop); /* until it stops it */
    assert_true(c.fired >= when);
    assert_true(c.fired < when + 1000);

    /* One that is disarmed does not fire, and an earlier wait ends earlier. */
    ws_loop_arm(loop, &c.timer, ws_loop_now(loop) + 10);
    ws_loop_disarm(loop, &c.timer);
    c.fired = 0;
    ws_loop_turn(loop, 20);
    ws_loop_turn(loop, 0);
    assert_int_equal(c.fired, 0);
    ws_loop_arm(loop, &c.timer, ws_loop_now(loop) + 3600 * 1000);
    int64_t begun = ws_clock_us();
    ws_loop_turn(loop, 10);
    assert_true(ws_clock_us() - begun < 1000000);
    ws_loop_disarm(loop, &c.timer);
}

/* A process that was stopped finds both: what was in time comes first. */
static void what_is_ready_comes_before_late_timers(void **state)
{
    (void)state;
    enum { PAIRS = 300 }; /* more than one batch */
    static struct counted watched[PAIRS];
    int fds[PAIRS][2];
    struct clocked late = {.timer = {.fire = on_fire}};
    for (int i = 0; i < PAIRS; i++) {
        socket_pair(fds[i]);
        watch(&watched[i], fds[i][0], WS_READABLE);
        watched[i].drain = true;
        assert_int_equal(write(fds[i][1], "x", 1), 1);
    }
    ws_loop_arm(loop, &late.timer, ws_loop_now(loop) + 10);
    usleep(600 * 1000);
    while (late.times == 0)
        turn(1);
    for (int i = 0; i < PAIRS; i++) {
        assert_int_equal(watched[i].calls, 1);
        close(ws_loop_unwatch(loop, &watched[i].watch));
        close(fds[i][1]);
    }
}

static int told; /* gets a byte while the loop is held up */

static void hold_up(int signal_number)
{
    (void)signal_number;
    int64_t end_us = ws_clock_us() + 700 * 1000;
    if (write(told, "x", 1) != 1)
        _exit(1);
    while (ws_clock_us() < end_us)
        ;
}

/* The same where epoll had been asked before, and was interrupted. */
static void what_came_since_epoll_was_asked_comes_first(void **state)
{
    (void)state;
    int fds[2];
    struct counted c;
    struct clocked late = {.timer = {.fire = on_fire}};
    struct sigaction action = {.sa_handler = hold_up}, before;
    const struct itimerval soon = {.it_value.tv_usec = 20000};
    socket_pair(fds);
    told = fds[1];
    watch(&c, fds[0], WS_READABLE);
    c.drain = true;
    ws_loop_arm(loop, &late.timer, ws_loop_now(loop) + 100);
    sigaction(SIGALRM, &action, &before);
    setitimer(ITIMER_REAL, &soon, NULL);
    while (late.times == 0 && c.calls == 0)
        ws_loop_turn(loop, 1000);
    assert_int_equal(c.calls, 1);
    while (late.times == 0)
        ws_loop_turn(loop, 1000);
    assert_in_range(late.fired, 700, 60000);
    sigaction(SIGALRM, &before, NULL);
    close(ws_loop_unwatch(loop, &c.watch));
    close(fds[1]);
}

/* What is ready without end does not hold them back. */
static void late_timers_fire_at_last(void **state)
{
    (void)state;
    enum { PAIRS = 256 };
    static struct counted watched[PAIRS];
    int fds[PAIRS][2];
    struct clocked late = {.timer = {.fire = on_fire}};
    for (int i = 0; i < PAIRS; i++) {
        socket_pair(fds[i]);
        watch(&watched[i], fds[i][0], WS_WRITABLE);
    }
    ws_loop_arm(loop, &late.timer, ws_loop_now(loop) + 10);
    usleep(600 * 1000);
    turn(256);
    assert_int_equal(late.times, 0);
    turn(1);
    assert_int_equal(late.times, 1);
    for (int i = 0; i < PAIRS; i++) {
        close(ws_loop_unwatch(loop, &watched[i].watch));
        close(fds[i][1]);
    }
}

static void on_period(struct ws_timer *timer)
{
    on_fire(timer);
    ws_loop_arm(loop, timer, ws_loop_now(loop) + 10);
}

/* One that comes every 10 ms comes once after 100, and then 10 ms later. */
static void a_period_does_not_catch_up(void **state)
{
    (void)state;
    struct clocked c = {.timer = {.fire = on_period}};
    ws_loop_arm(loop, &c.timer, ws_loop_now(loop) + 10);
    usleep(100 * 1000);
    turn(1);
    assert_int_equal(c.times, 1);
    ws_loop_disarm(loop, &c.timer);
}

struct piece {
    struct ws_timer timer;
    unsigned fired;
    struct ws_timer *disarms;
};

static void on_piece(struct ws_timer *timer)
{
    struct piece *piece = ws_container_of(timer, struct piece, timer);
    piece->fired++;
    ws_loop_arm_next(loop, timer);
    if (piece->disarms)
        ws_loop_disarm(loop, piece->disarms);
}

/* What goes on in pieces does so once a turn, after what is ready, and no turn waits. */
static void work_in_pieces(void **state)
{
    struct piece first = {.timer = {.fire = on_piece}}, second = first;
    struct clocked distant = {.timer = {.fire = on_fire}};
    (void)state;
    ws_loop_arm(loop, &distant.timer, ws_loop_now(loop) + 3600 * 1000);
    ws_loop_arm_next(loop, &first.timer);
    ws_loop_arm_next(loop, &second.timer);
    assert_int_equal(ws_loop_timer_count(loop), 3);
    for (unsigned i = 1; i <= 1000; i++) {
        ws_loop_turn(loop, -1);
        assert_true(first.fired == i && second.fired == i);
    }
    first.disarms = &second.timer; /* before its turn has come */
    ws_loop_turn(loop, -1);
    assert_true(first.fired == 1001 && second.fired == 1000);
    ws_loop_arm(loop, &first.timer, ws_loop_now(loop) + 3600 * 1000);
    ws_loop_turn(loop, 0);
    assert_true(first.fired == 1001 && distant.fired == 0);
    ws_loop_disarm(loop, &first.timer);
    ws_loop_disarm(loop, &distant.timer);
    assert_int_equal(ws_loop_timer_count(loop), 0);
}

static void time_goes_on_and_never_back(void **state)
{
    (void)state;
    int64_t last = ws_loop_now(loop);
    for (int i = 0; i < 1000; i++) {
        ws_loop_turn(loop, 0);
        assert_true(ws_loop_now(loop) >= last);
        last = ws_loop_now(loop);
    }
    int64_t end_us = ws_clock_us() + 5000; /* between two batches */
    while (ws_clock_us() < end_us)
        ;
    assert_true(ws_loop_now(loop) >= last + 5);
}

/* --- when it cannot be made --- */

static void without_descriptors(void **state)
{
    (void)state;
    struct rlimit before, limit;
    getrlimit(RLIMIT_NOFILE, &before);
    int next = dup(0);
    assert_true(next >= 0);
    close(next);
    for (int spare = 0; spare < 3; spare++) {
        struct ws_loop *other;
        unsigned open_before = open_descriptors();
        limit = before;
        limit.rlim_cur = (rlim_t)(next + spare);
        setrlimit(RLIMIT_NOFILE, &limit);
        enum ws_error error = ws_loop_new(&other);
        setrlimit(RLIMIT_NOFILE, &before);
        if (error == WS_OK)
            ws_loop_free(other);
        assert_int_equal(error, spare < 2 ? WS_E_NO_DESCRIPTORS : WS_OK);
        assert_int_equal(open_descriptors(), open_before);
    }
}

static void more_events_than_a_batch(void **state)
{
    (void)state;
    enum { MANY = 600 };
    static struct counted many[MANY];
    static int far[MANY];
    for (int i = 0; i < MANY; i++) {
        int fds[2];
        if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, fds) < 0) {
            print_message("only %d sockets available\n", i);
            fail();
        }
        watch(&many[i], fds[0], WS_READABLE);
        many[i].drain = true;
        far[i] = fds[1];
        assert_int_equal(write(far[i], "x", 1), 1);
    }
    turn(4);
    for (int i = 0; i < MANY; i++) {
        assert_int_equal(many[i].calls, 1);
        close(ws_loop_unwatch(loop, &many[i].watch));
        close(far[i]);
    }
}

/* --- bulk --- */

enum { BULK = 3 };

/* BULK watches that are ready for ever, and made before one that is not bulk. */
static void watch_bulk(struct counted bulk[BULK], struct counted *other, int far[BULK + 1],
                       int64_t lasts_us)
{
    for (int i = 0; i <= BULK; i++) {
        int fds[2];
        socket_pair(fds);
        far[i] = fds[1];
        assert_int_equal(write(far[i], "x", 1), 1);
        watch(i < BULK ? &bulk[i] : other, fds[0], WS_READABLE);
        if (i < BULK) {
            bulk[i].watch.bulk = true;
            bulk[i].lasts_us = lasts_us;
        }
    }
}

static void unwatch_bulk(struct counted bulk[BULK], struct counted *other, const int far[BULK + 1])
{
    for (int i = 0; i <= BULK; i++) {
        close(ws_loop_unwatch(loop, i < BULK ? &bulk[i].watch : &other->watch));
        close(far[i]);
    }
}

static void bulk_comes_after_the_others_of_a_batch(void **state)
{
    (void)state;
    struct counted bulk[BULK], other;
    int far[BULK + 1];
    watch_bulk(bulk, &other, far, 0);
    for (unsigned turns = 1; turns < 10; turns++) {
        unsigned before = places;
        turn(1);
        assert_int_equal(other.calls, turns);
        assert_int_equal(other.place, before + 1);
        assert_true(places > before + 1);
    }
    unwatch_bulk(bulk, &other, far);
}

/* Calls that last leave the rest of their batch to the next ones, in which each has its turn. */
static void bulk_takes_turns(void **state)
{
    (void)state;
    struct counted bulk[BULK], other;
    int far[BULK + 1];
    watch_bulk(bulk, &other, far, 1000);
    for (unsigned turns = 1; turns <= 4 * BULK; turns++) {
        unsigned calls = 0;
        turn(1);
        assert_int_equal(other.calls, turns);
        assert_int_equal(other.place, places - 1);
        for (int i = 0; i < BULK; i++) {
            calls += bulk[i].calls;
            assert_in_range(bulk[i].calls, turns / BULK, (turns + BULK - 1) / BULK);
        }
        assert_int_equal(calls, turns);
    }
    unwatch_bulk(bulk, &other, far);
}

static void raise_limit(void)
{
    struct rlimit limit;
    getrlimit(RLIMIT_NOFILE, &limit);
    if (limit.rlim_cur < 2000) {
        limit.rlim_cur = limit.rlim_max < 2000 ? limit.rlim_max : 2000;
        setrlimit(RLIMIT_NOFILE, &limit);
    }
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(readable_and_writable),
        TEST(a_bad_descriptor_is_an_error),
        TEST(a_hang_up_without_interest_does_not_spin),
        TEST(unwatched_by_an_earlier_event_of_the_batch),
        TEST(a_regular_file_is_always_ready),
        TEST(tasks),
        TEST(a_task_may_free_itself),
        TEST(tasks_of_an_event_run_in_its_batch),
        TEST(woken_from_another_thread),
        TEST(signals_are_events),
        TEST(timers_wake_the_loop),
        TEST(what_is_ready_comes_before_late_timers),
        TEST(what_came_since_epoll_was_asked_comes_first),
        TEST(late_timers_fire_at_last),
        TEST(a_period_does_not_catch_up),
        TEST(work_in_pieces),
        TEST(time_goes_on_and_never_back),
        TEST(without_descriptors),
        TEST(more_events_than_a_batch),
        TEST(bulk_comes_after_the_others_of_a_batch),
        TEST(bulk_takes_turns),
    };
    raise_limit();
    return cmocka_run_group_tests_name("loop", tests, NULL, NULL);
}
