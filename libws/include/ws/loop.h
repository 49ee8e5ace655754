/*
 * loop: the event loop: descriptors, timers, signals, wake-ups and work deferred to the end of a
 * batch, behind an interface that leaves room for kqueue.
 *
 * One loop a thread; nothing here is global. It knows nothing of connections. What is freed is
 * freed at the end of the batch (ws_loop_defer), so an event that was already fetched never meets
 * freed memory. Except for ws_loop_wake() and ws_loop_post(), every call is for the loop's own
 * thread.
 */
#ifndef WS_LOOP_H
#define WS_LOOP_H

#include <ws/error.h>
#include <ws/timer.h>

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

struct ws_loop;

/* WS_HANGUP: only that the other end has closed for good, or failed; for watching a descriptor that
 * is not read now. */
enum { WS_READABLE = 1, WS_WRITABLE = 2, WS_HANGUP = 4 };

/* A watched descriptor; embedded in its owner. */
struct ws_watch {
    int fd;
    uint8_t interest; /* WS_READABLE, WS_WRITABLE, WS_HANGUP, or-ed; or 0 */
    bool always;      /* a file that epoll cannot watch: always ready */
    /* Set by the owner at any time: each call takes long, so that the others of a batch come first,
     * and this one perhaps only in the next batch. */
    bool bulk;
    /* `ready` is a part of the interest. An error or a hang-up shows as all of it: the next call on
     * the descriptor tells which. */
    void (*ready)(struct ws_watch *watch, unsigned ready);
};

/* Something to do at the end of the batch; embedded in its owner. */
struct ws_deferred {
    struct ws_deferred *next; /* NULL: not queued; itself: the last */
    void (*run)(struct ws_deferred *task);
};

/* A call that another thread posts to this loop; embedded, or allocated and freed by `run`. */
struct ws_async {
    struct ws_async *next;
    void (*run)(struct ws_async *async);
};

/* Makes a loop; `*loop` is NULL on failure. WS_OK, WS_E_NO_MEMORY, WS_E_NO_DESCRIPTORS or
 * WS_E_IO. */
enum ws_error ws_loop_new(struct ws_loop **loop);

/* Everything that was watched and armed on it must be gone. Frees what is attached. NULL is
 * allowed. */
void ws_loop_free(struct ws_loop *loop);

/* Runs until ws_loop_stop(). Neither this nor ws_loop_turn() may be called from inside a callback
 * that the loop makes. */
void ws_loop_run(struct ws_loop *loop);

/* Ends ws_loop_run() after the current batch. `ws_loop_stopping` is true from then on until
 * ws_loop_run() or ws_loop_clear_stop(). */
void ws_loop_stop(struct ws_loop *loop);
bool ws_loop_stopping(const struct ws_loop *loop);
void ws_loop_clear_stop(struct ws_loop *loop);

/* One batch: waits at most `wait_ms` (-1: without limit) for something to happen. */
void ws_loop_turn(struct ws_loop *loop, int wait_ms);

/* Is there deferred or posted work that the next batch will run? */
bool ws_loop_busy(const struct ws_loop *loop);

/* Milliseconds since the loop was made: in a batch as of its beginning, else as of this call. Never
 * 0. */
int64_t ws_loop_now(const struct ws_loop *loop);

/* Microseconds of the monotonic clock, read now. */
int64_t ws_clock_us(void);

/* Begins to watch watch->fd; `ready` must be set. WS_OK, WS_E_NO_MEMORY or WS_E_IO. */
enum ws_error ws_loop_watch(struct ws_loop *loop, struct ws_watch *watch, unsigned interest);
/* Changes what is waited for; 0 waits for nothing, not even a hang-up. No system call when nothing
 * changes. WS_OK, WS_E_NO_MEMORY or WS_E_IO. */
enum ws_error ws_loop_rewatch(struct ws_loop *loop, struct ws_watch *watch, unsigned interest);
/* Forgets it; to be called before its descriptor is closed. Sets watch->fd to -1 and returns what
 * it was. */
int ws_loop_unwatch(struct ws_loop *loop, struct ws_watch *watch);

/* Runs `task` at the end of this batch, once however often it is asked for. */
void ws_loop_defer(struct ws_loop *loop, struct ws_deferred *task);

/* Has timer->fire called once at `when_ms` of ws_loop_now(), or a millisecond from now if that has
 * passed; at most 2^35 ms (a year) from now. An armed timer is moved. It must stay in memory until
 * it has fired or is disarmed. In a batch, the descriptors that are ready come before the timers
 * that are due: an answer that came while the process was stopped is in time. */
void ws_loop_arm(struct ws_loop *loop, struct ws_timer *timer, int64_t when_ms);
/* The same after the descriptors that are ready have had their turn, without waiting: for work that
 * goes on in pieces. */
void ws_loop_arm_next(struct ws_loop *loop, struct ws_timer *timer);
/* Allowed for a timer that is not armed. */
void ws_loop_disarm(struct ws_loop *loop, struct ws_timer *timer);

/* How many timers are armed; for tests, since it looks at all of them. */
size_t ws_loop_timer_count(const struct ws_loop *loop);

/* From any thread: has `woken` called on the loop's. */
void ws_loop_wake(struct ws_loop *loop);
void ws_loop_on_wake(struct ws_loop *loop, void (*woken)(void *context), void *context);

/* From any thread: has async->run called on the loop's, after those that this thread posted before.
 * It must stay in memory until then, and must not be posted again before; what is posted to a loop
 * that turns no more never runs. */
void ws_loop_post(struct ws_loop *loop, struct ws_async *async);

/* Blocks `count` signals, such as SIGTERM, in this thread and has `signalled` called with each that
 * arrives, as an event. Once a loop. A child must unblock them before it runs another program.
 * WS_OK, WS_E_IO, WS_E_NO_DESCRIPTORS or WS_E_NO_MEMORY. */
enum ws_error ws_loop_on_signals(struct ws_loop *loop, const int *signals, size_t count,
                                 void (*signalled)(void *context, int signal_number),
                                 void *context);

/* Fills `bytes` with unguessable ones, drawn in blocks (RFC 6455 section 10.3). False when the
 * system has none: nothing may then be sent that depends on them. `loop` is a struct ws_loop: the
 * form of ws_session_config.random. */
bool ws_loop_random(void *loop, void *bytes, size_t size);

/* One pointer that the loop keeps for a module above it, and frees with `release` in
 * ws_loop_free(): what objects of one loop share. At most one call. NULL before. */
void ws_loop_attach(struct ws_loop *loop, void *data, void (*release)(void *data));
void *ws_loop_attachment(const struct ws_loop *loop);

/* The structure of type `type` whose member `member` `pointer` points at. */
#define ws_container_of(pointer, type, member)                                                     \
    ((type *)(void *)((char *)(pointer)-offsetof(type, member)))

#ifdef __cplusplus
}
#endif

#endif
