/*
 * child: programs that are run, and that are gone when they should be.
 *
 * A child leads a session and a process group of its own, so whatever it starts can be ended with
 * it. Its end is an event of the loop (a pidfd, no SIGCHLD), it is always reaped, and the number of
 * its group is never used again while something of it lives. process and shared run theirs through
 * here; the pipes belong to them.
 */
#ifndef CMD_WSSERVE_BRIDGE_CHILD_H
#define CMD_WSSERVE_BRIDGE_CHILD_H

#include "cmd/wsserve/options/kill_sequence.h"
#include <ws/loop.h>

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/* --- all of a loop's --- */

struct child;

/* Begin with children_init(). */
struct children {
    struct ws_loop *loop;
    const struct kill_sequence *kill; /* borrowed */
    struct child *first;
    size_t count; /* that are not gone yet */
};

void children_init(struct children *children, struct ws_loop *loop,
                   const struct kill_sequence *kill);

/* Ends them all, those that have a grace after it, and turns the loop until they are gone: so long
 * at most as grace and steps take together. ws_loop_stop() meanwhile makes it go to the last step
 * at once. */
void children_finish(struct children *children);

/* --- one --- */

struct child_command {
    const char *file; /* what is executed, as child_find() has it */
    char *const *argv;
    char *const *envp;
    const char *directory; /* to run in; NULL: ours */
    bool pty;              /* standard input, output and error are a terminal */
    bool pass_stderr;      /* standard error is ours; else it is thrown away */
};

enum child_phase { CHILD_RUNNING, CHILD_GRACE, CHILD_STEPS, CHILD_GONE };

/* Embedded; all private but for what is said here. */
struct child {
    void (*exited)(struct child *child); /* it ended by itself: see `status` */
    void (*gone)(struct child *child);   /* nothing is left of it; it may be freed */
    uint8_t status;                      /* once it has exited: with this status, */
    uint8_t signal;                      /* or killed by this signal, unless 0 */
    bool ended;                          /* it was alive when we sent it a signal */
    pid_t pid;

    struct children *family;
    struct child *next, *prev;
    struct child *next_leader; /* of those of all threads that are not reaped */
    struct ws_watch watch;     /* its pidfd */
    struct ws_timer timer;
    struct ws_deferred task;
    enum child_phase phase;
    unsigned step;
    int64_t due; /* the next step */
    bool dead;   /* exited; reaped or not */
    bool reaped;
};

/*
 * Runs `command`. `fds[0]` gets what reads its output and `fds[1]` what writes its input, both
 * non-blocking and the caller's; with a pty they are the same. `child->exited` and `child->gone`
 * must be set; `gone` is called once, at the end of a batch, after child_end(). False with one line
 * in `error` when it cannot be run; nothing is left of it then.
 */
bool child_spawn(struct child *child, struct children *family, const struct child_command *command,
                 int fds[2], char *error, size_t error_size);

/* It is to end: after `grace_ms`, in which it may do so by itself, by the steps of `kill`. What is
 * left of its group when it has ended is ended too. To be called once at least; a later call may
 * shorten the grace. `exited` is not called any more. */
void child_end(struct child *child, uint32_t grace_ms);

/* The file that `name` stands for, looked for in PATH if there is no slash in it, as an absolute
 * path; to be freed. NULL with errno where there is none that may be executed. */
char *child_find(const char *name);

/* Once, before the first: no descriptor of ours but the standard streams goes on into children,
 * wherever it came from, and what they leave behind is reaped by us, whoever process 1 is. */
void child_prepare(void);

#endif
