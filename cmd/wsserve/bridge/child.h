/*
 * child: runs programs, and makes sure that they end.
 *
 * A child leads a session and a process group of its own, so that whatever it starts can be ended
 * with it. Its exit is an event of the loop (a pidfd, no SIGCHLD), it is always reaped, and no
 * signal is sent to a group number that may have been reused. The pipes belong to the caller.
 */
#ifndef CMD_WSSERVE_BRIDGE_CHILD_H
#define CMD_WSSERVE_BRIDGE_CHILD_H

#include "cmd/wsserve/bridge/spawn.h"
#include "cmd/wsserve/bridge/stderr_log.h"
#include "cmd/wsserve/options/kill_sequence.h"
#include <ws/loop.h>

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/* --- all children of a loop --- */

struct child;

/* Begin with children_init(). */
struct children {
    struct ws_loop *loop;
    const struct kill_sequence *kill; /* borrowed */
    struct child *first;
    size_t count; /* not gone yet */
};

void children_init(struct children *children, struct ws_loop *loop,
                   const struct kill_sequence *kill);

/* Ends them all, those with a grace after it, and turns the loop until they are gone, for at most
 * the time of grace and steps together. After ws_loop_stop() it skips to the last step. */
void children_finish(struct children *children);

/* --- one child --- */

enum child_phase { CHILD_RUNNING, CHILD_GRACE, CHILD_STEPS, CHILD_GONE };

/* Embedded; private except what has a comment of its use here. */
struct child {
    void (*exited)(struct child *child); /* it exited before child_end(): see `status` */
    void (*gone)(struct child *child);   /* nothing is left of it; it may be freed */
    uint8_t status;                      /* once it has exited: with this status, */
    uint8_t signal;                      /* or killed by this signal, unless 0 */
    bool ended;                          /* by our signal */
    int failure;                         /* the errno for which child_spawn() failed */
    pid_t pid;

    struct children *family;
    struct child *next, *prev;
    struct child *next_leader; /* among all threads' children that are not reaped */
    struct ws_watch watch;     /* its pidfd */
    struct ws_timer timer;
    struct ws_deferred task;
    struct stderr_log errors;
    enum child_phase phase;
    unsigned step;
    int64_t due_ms; /* the next step */
    bool dead;      /* exited; reaped or not */
    bool reaped;
};

/*
 * Runs `command`. `fds[0]` gets what reads its output and `fds[1]` what writes its input, both
 * non-blocking and the caller's; with a pty they are the same. `child->exited` and `child->gone`
 * must be set; `gone` is called once, at the end of a batch, after child_end(). False with one line
 * in `error` when it cannot be run; nothing is left of it then.
 */
bool child_spawn(struct child *child, struct children *family, const struct spawn_command *command,
                 int fds[2], char *error, size_t error_size);

/* Ends it: after `grace_ms`, in which it may exit by itself, by the steps of `kill`; its group too,
 * if the leader has exited. Must be called once; a later call may shorten the grace. `exited` is
 * not called any more. */
void child_end(struct child *child, uint32_t grace_ms);

/* The absolute path of the executable `name`, which is looked for in PATH unless it has a slash; to
 * be freed. NULL with errno if there is none. */
char *child_find(const char *name);

/* Once, before the first child: makes every descriptor except the standard streams close-on-exec,
 * wherever it came from, and this process the reaper of its orphans. */
void child_prepare(void);

#endif
