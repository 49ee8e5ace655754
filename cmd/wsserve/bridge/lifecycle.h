/*
 * lifecycle: one run of a program, or one connection to a service, from the question whether it may
 * start to its end.
 *
 *     WAITING → RUNNING → INPUT_CLOSED → DRAINING → FINISHED → FREED
 *
 * States only advance, and any may be left out. INPUT_CLOSED: it got the end of its input, and a
 * grace to end by itself. DRAINING: a program has exited; what it wrote is still read, and so is
 * what others write to its output, for a second at a time. FINISHED: all output was handed on; the
 * connections are closed in its name. FREED: nothing of it runs, and its owner has released it.
 *
 * Used by process, shared and proxy, which embed it and own the channel to it. One thread's, its
 * loop's.
 */
#ifndef CMD_WSSERVE_BRIDGE_LIFECYCLE_H
#define CMD_WSSERVE_BRIDGE_LIFECYCLE_H

#include "cmd/wsserve/bridge/attempts.h"
#include "cmd/wsserve/bridge/channel.h"
#include "cmd/wsserve/bridge/child.h"
#include <ws/error.h>
#include <ws/loop.h>

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { LIFECYCLE_LINGER_MS = 1000 }; /* of silence, while DRAINING */
#define LIFECYCLE_FOREVER UINT32_MAX /* a grace without end */

enum phase {
    PHASE_WAITING,
    PHASE_RUNNING,
    PHASE_INPUT_CLOSED,
    PHASE_DRAINING,
    PHASE_FINISHED,
    PHASE_FREED,
};

struct lifecycle;

/* Callbacks of the owner. They come from events of the loop, or from inside the functions below
 * that say so. */
struct lifecycle_user {
    /* The program has exited: see `child`. NULL: ignored. */
    void (*exited)(struct lifecycle *life);
    /* It is FINISHED; once. `why`: WS_OK; of a service WS_E_LOST at its end, or what broke the
     * connection. The channel is closed after it. */
    void (*finished)(struct lifecycle *life, enum ws_error why);
    /* Is its output not read because receivers are full? Then DRAINING goes on. */
    bool (*blocked)(struct lifecycle *life);
    /* It is FREED: frees the struct around it. At the end of a batch of the loop. */
    void (*freed)(struct lifecycle *life);
};

/* What is started: constant, and shared by threads. */
struct lifecycle_target {
    struct attempts *attempts;
    struct backoff *backoff; /* of this target */
    const char *name;        /* for the log */
};

/* Embedded; private except `child` and `exited`, which may be read. */
struct lifecycle {
    const struct lifecycle_user *user;
    const struct log *log;
    struct ws_loop *loop;
    struct lifecycle_target target;
    enum phase phase;
    unsigned attempt;
    bool counted;       /* by attempts_begin(), until attempts_end() */
    bool full;          /* lifecycle_ask() refused it because of --maxforks */
    bool reported;      /* the outcome of the attempt */
    bool released;      /* the owner has no use for it any more */
    bool program;       /* `child` is in use; else it is a service */
    bool exited;        /* the program has */
    bool input_closed;  /* by the owner: the program may end because of that */
    int64_t started_ms; /* of the monotonic clock: the program's start */
    struct child child;
    struct channel *channel;
    struct ws_timer timer; /* of the grace of a service, or of DRAINING */
    struct ws_deferred task;
};

/* WAITING. `log` and `user` must outlive it. */
void lifecycle_init(struct lifecycle *life, const struct lifecycle_user *user,
                    const struct log *log, struct ws_loop *loop);

/* Asks whether `target` may be started. 0: yes, and lifecycle_start_program(), _start_service(),
 * _fail(), _give_up() or _release() follows; else the milliseconds to wait, and nothing has to
 * follow. */
uint32_t lifecycle_ask(struct lifecycle *life, const struct lifecycle_target *target);

/* Starts the program: RUNNING. `fds` and errors as child_spawn(); the state stays WAITING then, and
 * the attempt has failed, unless it was for a lack of ours, such as descriptors. */
bool lifecycle_start_program(struct lifecycle *life, struct children *family,
                             const struct spawn_command *command, int fds[2], char *error,
                             size_t error_size);

/* The service is connected: RUNNING, and its attempt has worked. */
void lifecycle_start_service(struct lifecycle *life);

/* The open `channel` leads to it, from here on. */
void lifecycle_attach(struct lifecycle *life, struct channel *channel);

/* A service could not be reached: the attempt has failed. As lifecycle_abort() then. */
void lifecycle_fail(struct lifecycle *life);

/* It could not be started, or used once it was, for a reason of ours: says nothing about it. As
 * lifecycle_abort() then. */
void lifecycle_give_up(struct lifecycle *life);

/* The channel brought input, or its end; called by the owner's channel_user. The end of a service
 * finishes it, from inside. A program that has closed its output goes on until it exits, or its
 * input is closed. */
void lifecycle_on_input(struct lifecycle *life);
void lifecycle_on_input_end(struct lifecycle *life, enum ws_error why);

/* Sends it the end of its input. After `grace_ms` a program is ended by the kill sequence, and a
 * service is FINISHED. A later call may shorten a program's grace. A program whose output is at its
 * end as well is FINISHED after a second, and keeps the rest of its grace. */
void lifecycle_close_input(struct lifecycle *life, uint32_t grace_ms);

/* Ends it at once, with what was read of it so far: FINISHED, from inside. */
void lifecycle_finish(struct lifecycle *life);

/* Ends it at once, without calling `finished`: the owner has closed its connections. */
void lifecycle_abort(struct lifecycle *life);

/* The owner's last call. A program gets the end of its input and `grace_ms`, its output is read and
 * dropped; a service is disconnected. `freed` follows. */
void lifecycle_release(struct lifecycle *life, uint32_t grace_ms);

/* RUNNING or later, and not FINISHED? */
static inline bool lifecycle_active(const struct lifecycle *life)
{
    return life->phase > PHASE_WAITING && life->phase < PHASE_FINISHED;
}

/* Has the program failed: exited with a status, or by a signal that is not ours? */
static inline bool lifecycle_failed(const struct lifecycle *life)
{
    return !life->child.ended && (life->child.status || life->child.signal);
}

#endif
