/*
 * stderr_log: what a program says on its standard error, line by line, in the server's log.
 *
 * A pipe that a loop reads. A program that says much loses lines of the log (which never waits),
 * and is itself never held up for long. One thread's.
 */
#ifndef CMD_WSSERVE_BRIDGE_STDERR_LOG_H
#define CMD_WSSERVE_BRIDGE_STDERR_LOG_H

#include "cmd/common/log.h"
#include <ws/loop.h>

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { STDERR_LINE_MAX = 1000 }; /* longer lines are logged in pieces */

/* Where the lines go. */
struct stderr_target {
    const struct log *log; /* NULL: nowhere */
    uint64_t conn;         /* of the connection, or 0 */
    const char *file;      /* the program's, whose last part begins each line; outlives it */
};

/* Embedded; all zero is closed. */
struct stderr_log {
    struct ws_watch watch;
    struct ws_loop *loop; /* NULL: closed */
    struct stderr_target target;
    size_t len;
    char line[STDERR_LINE_MAX]; /* that is not whole yet */
};

/* Returns what a program may write to, and sets `*reader` to the other end, for stderr_log_open(),
 * if there is one: without a log it is /dev/null. -1 with errno. */
int stderr_log_pipe(const struct stderr_target *target, int *reader);

/* Reads from `fd`, which belongs to it from here on; not on failure. */
bool stderr_log_open(struct stderr_log *log, struct ws_loop *loop, int fd,
                     const struct stderr_target *target);

/* Logs what has come, and closes it. May be called when it is closed. */
void stderr_log_close(struct stderr_log *log);

#endif
