/*
 * loop: the event loop: descriptors, timers, signals, wake-ups and what is left for the end of a
 * batch, behind an interface that leaves room for kqueue.
 *
 * One loop a thread; nothing here is global. A loop also owns what its connections share while they
 * take turns: the receive buffer, the output being gathered, the block of random bytes, what
 * compresses. What is
 * freed is freed at the end of the batch (ws_loop_defer), so an event that was already fetched
 * never meets freed memory. But for ws_loop_wake() and ws_loop_post(), every call is for the loop's
 * own thread.
 */
#ifndef WS_LOOP_H
#define WS_LOOP_H

#include "libws/io/random.h"
#include <ws/deflate.h>
#include <ws/error.h>
#include <ws/out.h>
#include <ws/wheel.h>

#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* WS_HANGUP: only that the other end is gone for good, or failed; for those who read nothing now.
 */
enum { WS_READABLE = 1, WS_WRITABLE = 2, WS_HANGUP = 4 };

/* A descriptor that is watched; embedded in what it is the descriptor of. */
struct ws_watch {
    int fd;
    uint8_t interest; /* WS_READABLE, WS_WRITABLE, WS_HANGUP, or-ed; or 0 */
    bool always;      /* a file that epoll cannot watch: always ready */
    /* `ready` is a part of the interest. An error or a hang-up shows as all of it: the next call on
     * the descriptor tells which. */
    void (*ready)(struct ws_watch *watch, unsigned ready);
};

/* Something to do at the end of the batch; embedded. */
struct ws_deferred {
    struct ws_deferred *next; /* NULL: not queued; itself: the last */
    void (*run)(struct ws_deferred *task);
};

/* Something that another thread wants done on this loop's; embedded, or allocated and freed by
 * `run`. */
struct ws_async {
    struct ws_async *next;
    void (*run)(struct ws_async *note);
};

/* Receives of up to this size: with a quarter of it large frames are a quarter slower. For a while
 * after somebody sent little, whoever sends much gets less at a time, so that the others need not
 * wait for it: a receive of 512 KiB and its answer take a millisecond. */
enum { WS_RECEIVE_SIZE = 512 * 1024, WS_RECEIVE_FAIR = 64 * 1024, WS_FAIR_MS = 100 };

/* Bytes of messages that a connection delivers before it is somebody else's turn: of what is
 * compressed, a byte may become a thousand. */
enum { WS_TURN_MOST = 4 << 20 };

struct ws_conn;

struct ws_loop {
    int epoll_fd;
    int wake_fd;
    int signal_fd;
    bool stopping;
    int64_t epoch_us; /* the monotonic clock when the loop was made */
    struct ws_wheel wheel;
    struct ws_deferred *tasks, *last_task;
    unsigned always_count;
    struct ws_watch *always[8];
    struct ws_watch wake_watch, signal_watch;
    void (*woken)(void *context);
    void *woken_context;
    _Atomic(struct ws_async *) notes; /* the newest first */
    void (*signalled)(void *context, int signal_number);
    void *signal_context;
    struct ws_random random;
    int64_t fair_until;     /* for conn: so long no receive is larger than WS_RECEIVE_FAIR */
    uint8_t *receive;       /* WS_HEADROOM + WS_RECEIVE_SIZE bytes; for conn */
    struct ws_out out;      /* for conn: what the connection whose turn it is sends */
    struct ws_conn *writer; /* whose `out` that is */
    struct ws_deflate_pool deflate; /* for sessions and hub */
    struct ws_out sealed;           /* for conn: records of TLS that are about to be sent */
    struct ws_conn *sealer;         /* whose `sealed` that is */
};

/* Makes a loop; WS_OK, WS_E_NO_MEMORY, WS_E_NO_DESCRIPTORS or WS_E_IO. */
enum ws_error ws_loop_init(struct ws_loop *loop);

/* All that was watched and armed on it must be gone. */
void ws_loop_free(struct ws_loop *loop);

/* Runs until ws_loop_stop(). */
void ws_loop_run(struct ws_loop *loop);
void ws_loop_stop(struct ws_loop *loop);

/* One batch: waits at most `wait_ms` (-1: as long as it takes) for something to happen. */
void ws_loop_turn(struct ws_loop *loop, int wait_ms);

/* Milliseconds since the loop was made, as of the beginning of this batch; never 0. */
static inline int64_t ws_loop_now(const struct ws_loop *loop)
{
    return loop->wheel.now;
}

/* Microseconds of the monotonic clock, read now. */
int64_t ws_clock_us(void);

/* Begins to watch watch->fd; `ready` must be set. WS_OK, WS_E_NO_MEMORY or WS_E_IO. */
enum ws_error ws_loop_watch(struct ws_loop *loop, struct ws_watch *watch, unsigned interest);
/* Changes what is waited for; 0 waits for nothing, not even a hang-up. No system call when nothing
 * changes. */
enum ws_error ws_loop_rewatch(struct ws_loop *loop, struct ws_watch *watch, unsigned interest);
/* Forgets it; to be called before its descriptor is closed. Sets fd to -1, which is returned. */
int ws_loop_unwatch(struct ws_loop *loop, struct ws_watch *watch);

/* Runs `task` at the end of this batch, once however often it is asked for. */
void ws_loop_defer(struct ws_loop *loop, struct ws_deferred *task);

static inline void ws_loop_arm(struct ws_loop *loop, struct ws_timer *timer, int64_t when)
{
    ws_wheel_arm(&loop->wheel, timer, when);
}

static inline void ws_loop_disarm(struct ws_loop *loop, struct ws_timer *timer)
{
    ws_wheel_cancel(&loop->wheel, timer);
}

/* From any thread: has `woken` run in the loop's. */
void ws_loop_wake(struct ws_loop *loop);
void ws_loop_on_wake(struct ws_loop *loop, void (*woken)(void *context), void *context);

/* From any thread: has note->run called in the loop's, after those that this thread posted before.
 * The note must stay until then; what is posted to a loop that turns no more never runs. */
void ws_loop_post(struct ws_loop *loop, struct ws_async *note);

/* Blocks `signals` in this thread and has `signalled` called with each that arrives, as an event.
 * A child must unblock them before it runs another program. WS_OK or WS_E_IO. */
enum ws_error ws_loop_on_signals(struct ws_loop *loop, const sigset_t *signals,
                                 void (*signalled)(void *context, int signal_number),
                                 void *context);

/* The structure of type `type` whose member `member` `pointer` points at. */
#define ws_container_of(pointer, type, member)                                                     \
    ((type *)(void *)((char *)(pointer)-offsetof(type, member)))

#endif
