#include <ws/loop.h>

#include "libws/io/random.h"
#include "libws/io/wheel.h"

#include <assert.h>
#include <errno.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/signalfd.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

enum {
    BATCH = 256,
    ALWAYS_MAX = 8,
    BULK_US = 250, /* for the bulk watches of a batch: then others may be ready */
    LATE_MS = 100, /* the process was stopped, or a handler took long */
    LATE_BATCHES = 256,
};

struct ws_loop {
    int epoll_fd;
    int wake_fd;
    int signal_fd;
    bool stopping;
    int64_t epoch_us; /* the monotonic clock when the loop was made */
    int64_t now_ms;   /* since then, in a batch */
    bool turning;     /* in a batch */
    struct ws_wheel wheel;
    unsigned held; /* batches for which late timers have waited */
    struct ws_deferred *tasks, *last_task;
    unsigned always_count;
    unsigned next_bulk; /* the one of a batch that comes first, modulo their number */
    struct ws_watch *always[ALWAYS_MAX];
    struct ws_watch wake_watch, signal_watch;
    void (*woken)(void *context);
    void *woken_context;
    _Atomic(struct ws_async *) posted; /* the newest first */
    void (*signalled)(void *context, int signal_number);
    void *signal_context;
    struct ws_random random;
    void *attachment;
    void (*release)(void *data); /* of the attachment */
};

int64_t ws_clock_us(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000000 + t.tv_nsec / 1000;
}

static enum ws_error last_error(void)
{
    switch (errno) {
    case ENOMEM:
    case ENOSPC:
        return WS_E_NO_MEMORY;
    case EMFILE:
    case ENFILE:
        return WS_E_NO_DESCRIPTORS;
    default:
        return WS_E_IO;
    }
}

/* In the order in which they were posted. */
static void run_posted(struct ws_loop *loop)
{
    struct ws_async *newest = atomic_exchange(&loop->posted, NULL), *oldest = NULL;
    while (newest) {
        struct ws_async *older = newest->next;
        newest->next = oldest;
        oldest = newest;
        newest = older;
    }
    while (oldest) {
        struct ws_async *async = oldest;
        oldest = async->next;
        async->run(async);
    }
}

static void on_wake(struct ws_watch *watch, unsigned ready)
{
    struct ws_loop *loop = ws_container_of(watch, struct ws_loop, wake_watch);
    uint64_t count;
    (void)ready;
    if (read(watch->fd, &count, sizeof count) <= 0)
        return;
    run_posted(loop);
    if (loop->woken)
        loop->woken(loop->woken_context);
}

static void on_signal(struct ws_watch *watch, unsigned ready)
{
    struct ws_loop *loop = ws_container_of(watch, struct ws_loop, signal_watch);
    struct signalfd_siginfo info;
    (void)ready;
    while (watch->fd >= 0 && read(watch->fd, &info, sizeof info) == (ssize_t)sizeof info)
        loop->signalled(loop->signal_context, (int)info.ssi_signo);
}

static enum ws_error open_descriptors(struct ws_loop *loop)
{
    loop->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
    if (loop->epoll_fd < 0)
        return last_error();
    loop->wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (loop->wake_fd < 0)
        return last_error();
    loop->wake_watch.fd = loop->wake_fd;
    loop->wake_watch.ready = on_wake;
    return ws_loop_watch(loop, &loop->wake_watch, WS_READABLE);
}

enum ws_error ws_loop_new(struct ws_loop **made)
{
    struct ws_loop *loop = calloc(1, sizeof *loop);
    *made = NULL;
    if (!loop)
        return WS_E_NO_MEMORY;
    loop->epoll_fd = loop->wake_fd = loop->signal_fd = -1;
    loop->wake_watch.fd = loop->signal_watch.fd = -1;
    loop->epoch_us = ws_clock_us();
    loop->now_ms = 1;
    ws_wheel_init(&loop->wheel, loop->now_ms);
    enum ws_error error = open_descriptors(loop);
    if (error == WS_OK)
        *made = loop;
    else
        ws_loop_free(loop);
    return error;
}

static void close_if_open(int fd)
{
    if (fd >= 0)
        close(fd);
}

void ws_loop_free(struct ws_loop *loop)
{
    if (!loop)
        return;
    close_if_open(loop->signal_fd);
    close_if_open(loop->wake_fd);
    close_if_open(loop->epoll_fd);
    if (loop->attachment)
        loop->release(loop->attachment);
    free(loop);
}

void ws_loop_attach(struct ws_loop *loop, void *data, void (*release)(void *data))
{
    assert(!loop->attachment);
    loop->attachment = data;
    loop->release = release;
}

void *ws_loop_attachment(const struct ws_loop *loop)
{
    return loop->attachment;
}

bool ws_loop_random(void *loop, void *bytes, size_t size)
{
    return ws_random_bytes(&((struct ws_loop *)loop)->random, bytes, size);
}

/* --- descriptors --- */

static uint32_t epoll_bits(unsigned interest)
{
    return (interest & WS_READABLE ? EPOLLIN : 0u) | (interest & WS_WRITABLE ? EPOLLOUT : 0u);
}

static enum ws_error control(struct ws_loop *loop, int operation, struct ws_watch *watch,
                             unsigned interest)
{
    struct epoll_event event = {.events = epoll_bits(interest), .data.ptr = watch};
    return epoll_ctl(loop->epoll_fd, operation, watch->fd, &event) == 0 ? WS_OK : last_error();
}

enum ws_error ws_loop_watch(struct ws_loop *loop, struct ws_watch *watch, unsigned interest)
{
    watch->interest = 0;
    watch->always = watch->bulk = false;
    return ws_loop_rewatch(loop, watch, interest);
}

/* Regular files cannot be polled, and never block either. */
static enum ws_error watch_always(struct ws_loop *loop, struct ws_watch *watch, unsigned interest)
{
    if (loop->always_count == ALWAYS_MAX)
        return WS_E_IO;
    loop->always[loop->always_count++] = watch;
    watch->always = true;
    watch->interest = (uint8_t)interest;
    return WS_OK;
}

enum ws_error ws_loop_rewatch(struct ws_loop *loop, struct ws_watch *watch, unsigned interest)
{
    enum ws_error error = WS_OK;
    if (watch->interest == interest)
        return WS_OK;
    if (!watch->always) {
        /* Without interest it is removed altogether: a hang-up would be reported for ever. */
        int operation = watch->interest == 0 ? EPOLL_CTL_ADD
                        : interest == 0      ? EPOLL_CTL_DEL
                                             : EPOLL_CTL_MOD;
        error = control(loop, operation, watch, interest);
        if (error != WS_OK && operation == EPOLL_CTL_ADD && errno == EPERM)
            return watch_always(loop, watch, interest);
    }
    if (error == WS_OK)
        watch->interest = (uint8_t)interest;
    return error;
}

int ws_loop_unwatch(struct ws_loop *loop, struct ws_watch *watch)
{
    int fd = watch->fd;
    if (fd < 0)
        return fd;
    ws_loop_rewatch(loop, watch, 0);
    for (unsigned i = 0; i < loop->always_count; i++)
        if (loop->always[i] == watch)
            loop->always[i] = loop->always[--loop->always_count];
    watch->fd = -1;
    watch->always = false;
    return fd;
}

/* --- turning --- */

void ws_loop_defer(struct ws_loop *loop, struct ws_deferred *task)
{
    if (task->next)
        return;
    task->next = task;
    if (loop->tasks)
        loop->last_task->next = task;
    else
        loop->tasks = task;
    loop->last_task = task;
}

/* Work that a task defers runs in the same call, so that none waits while the loop sleeps; a task
 * may free itself. */
static void run_tasks(struct ws_loop *loop)
{
    struct ws_deferred *task;
    while ((task = loop->tasks)) {
        loop->tasks = task->next == task ? NULL : task->next;
        task->next = NULL;
        task->run(task);
    }
}

/* --- timers --- */

static int64_t clock_of(const struct ws_loop *loop)
{
    return (ws_clock_us() - loop->epoch_us) / 1000 + 1;
}

/* Between two batches, and before the first, much time may pass. */
int64_t ws_loop_now(const struct ws_loop *loop)
{
    return loop->turning ? loop->now_ms : clock_of(loop);
}

/* The wheel may be behind the loop's time: what is armed while late timers fire is not one of
 * them. */
void ws_loop_arm(struct ws_loop *loop, struct ws_timer *timer, int64_t when_ms)
{
    ws_wheel_arm(&loop->wheel, timer, when_ms > loop->now_ms ? when_ms : loop->now_ms + 1);
}

void ws_loop_arm_next(struct ws_loop *loop, struct ws_timer *timer)
{
    ws_wheel_arm_next(&loop->wheel, timer);
}

void ws_loop_disarm(struct ws_loop *loop, struct ws_timer *timer)
{
    ws_wheel_cancel(&loop->wheel, timer);
}

size_t ws_loop_timer_count(const struct ws_loop *loop)
{
    return ws_wheel_count(&loop->wheel);
}

/* Timers come after what was ready with them: the answer that a timer waits for may have come in
 * time to a process that was stopped meanwhile. What was ready when is known only of a time that
 * was read before epoll was asked; and there may be more such answers than one batch takes. */
static void fire_timers(struct ws_loop *loop, bool all_handled)
{
    if (loop->now_ms == loop->wheel.now_ms)
        return; /* the next is due in a millisecond at the earliest */
    int64_t due_ms = ws_wheel_next(&loop->wheel);
    if (due_ms >= 0 && loop->now_ms - due_ms > LATE_MS && !all_handled &&
        loop->held++ < LATE_BATCHES)
        return;
    loop->held = 0;
    ws_wheel_advance(&loop->wheel, loop->now_ms);
}

static int until_next_timer(const struct ws_loop *loop, int wait_ms)
{
    int64_t next = ws_wheel_next(&loop->wheel);
    if (loop->wheel.next)
        return 0;
    if (next < 0)
        return wait_ms;
    int64_t left_ms = next > loop->now_ms ? next - loop->now_ms : 0;
    if (left_ms > 3600 * 1000)
        left_ms = 3600 * 1000;
    return wait_ms >= 0 && wait_ms < left_ms ? wait_ms : (int)left_ms;
}

static bool always_ready(const struct ws_loop *loop)
{
    for (unsigned i = 0; i < loop->always_count; i++)
        if (loop->always[i]->interest)
            return true;
    return false;
}

static void handle(const struct epoll_event *event)
{
    struct ws_watch *watch = event->data.ptr;
    unsigned ready = 0;
    if (event->events & EPOLLIN)
        ready |= WS_READABLE;
    if (event->events & EPOLLOUT)
        ready |= WS_WRITABLE;
    if (event->events & (EPOLLERR | EPOLLHUP))
        ready = WS_READABLE | WS_WRITABLE | WS_HANGUP;
    /* An earlier event of this batch may have unwatched it, or lost interest. */
    ready &= watch->interest;
    if (watch->fd >= 0 && ready)
        watch->ready(watch, ready);
}

/* Handles at least one event; false when some are left. epoll reports those again, in the same
 * order, so that the next batch goes on with the one after the last of this batch. */
static bool handle_bulk(struct ws_loop *loop, const struct epoll_event *events, unsigned count)
{
    int64_t end_us = ws_clock_us() + BULK_US;
    unsigned first = loop->next_bulk % count, done = 0;
    do
        handle(&events[(first + done++) % count]);
    while (done < count && ws_clock_us() < end_us);
    loop->next_bulk = first + done;
    return done == count;
}

/* No point of cancellation, as in stream.c. */
static int wait_for(const struct ws_loop *loop, struct epoll_event *events, int wait_ms)
{
    return (int)syscall(SYS_epoll_pwait, loop->epoll_fd, events, BATCH, wait_ms, NULL, (size_t)0);
}

void ws_loop_turn(struct ws_loop *loop, int wait_ms)
{
    struct epoll_event events[BATCH];
    bool within = loop->turning;
    run_tasks(loop);
    loop->now_ms = clock_of(loop);
    loop->turning = true;
    int wait = loop->stopping || always_ready(loop) ? 0 : until_next_timer(loop, wait_ms);
    int count = wait_for(loop, events, wait);
    if (wait != 0)
        loop->now_ms = clock_of(loop);

    unsigned bulk = 0;
    for (int i = 0; i < count; i++) {
        if (((const struct ws_watch *)events[i].data.ptr)->bulk)
            events[bulk++] = events[i];
        else
            handle(&events[i]);
    }
    bool all = bulk == 0 || handle_bulk(loop, events, bulk);
    for (unsigned i = 0; i < loop->always_count; i++)
        if (loop->always[i]->interest)
            loop->always[i]->ready(loop->always[i], loop->always[i]->interest);
    ws_wheel_fire_next(&loop->wheel);
    fire_timers(loop, all && wait == 0 && count >= 0 && count < BATCH);
    run_tasks(loop);
    loop->turning = within;
}

void ws_loop_run(struct ws_loop *loop)
{
    loop->stopping = false;
    while (!loop->stopping)
        ws_loop_turn(loop, -1);
}

void ws_loop_stop(struct ws_loop *loop)
{
    loop->stopping = true;
}

bool ws_loop_stopping(const struct ws_loop *loop)
{
    return loop->stopping;
}

void ws_loop_clear_stop(struct ws_loop *loop)
{
    loop->stopping = false;
}

bool ws_loop_busy(const struct ws_loop *loop)
{
    return loop->tasks || atomic_load(&loop->posted);
}

/* --- from other threads, and signals --- */

void ws_loop_wake(struct ws_loop *loop)
{
    uint64_t one = 1;
    /* A counter that is full has a wake-up pending already. */
    while (write(loop->wake_fd, &one, sizeof one) < 0 && errno == EINTR)
        ;
}

void ws_loop_post(struct ws_loop *loop, struct ws_async *async)
{
    struct ws_async *newest = atomic_load(&loop->posted);
    do
        async->next = newest;
    while (!atomic_compare_exchange_weak(&loop->posted, &newest, async));
    /* Only the post to an empty list wakes the loop: it then runs all that follow. */
    if (!newest)
        ws_loop_wake(loop);
}

void ws_loop_on_wake(struct ws_loop *loop, void (*woken)(void *context), void *context)
{
    loop->woken = woken;
    loop->woken_context = context;
}

enum ws_error ws_loop_on_signals(struct ws_loop *loop, const int *signals, size_t count,
                                 void (*signalled)(void *context, int signal_number), void *context)
{
    sigset_t set;
    sigemptyset(&set);
    for (size_t i = 0; i < count; i++)
        sigaddset(&set, signals[i]);
    loop->signalled = signalled;
    loop->signal_context = context;
    if (sigprocmask(SIG_BLOCK, &set, NULL) < 0)
        return last_error();
    loop->signal_fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
    if (loop->signal_fd < 0)
        return last_error();
    loop->signal_watch.fd = loop->signal_fd;
    loop->signal_watch.ready = on_signal;
    return ws_loop_watch(loop, &loop->signal_watch, WS_READABLE);
}
