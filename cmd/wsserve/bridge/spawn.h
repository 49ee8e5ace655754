/*
 * spawn: starts a program whose standard streams are pipes or a terminal.
 *
 * The program leads a session and a process group of its own, and has no signal ignored or blocked.
 * The C library starts it without a copy of this process's memory, so that the time it takes does
 * not grow with the server. Any thread.
 */
#ifndef CMD_WSSERVE_BRIDGE_SPAWN_H
#define CMD_WSSERVE_BRIDGE_SPAWN_H

#include "cmd/wsserve/bridge/stderr_log.h"

#include <stdbool.h>
#include <sys/types.h>

struct spawn_command {
    const char *file; /* to execute, as child_find() returns it */
    char *const *argv;
    char *const *envp;
    const char *directory; /* to run in; NULL: ours */
    bool pty;              /* standard input, output and error are a terminal */
    bool pass_stderr;      /* standard error is ours; else it is logged */
    struct stderr_target errors;
};

/* The ends of a program's streams: those that the program gets, and those that are ours. -1: none.
 */
struct spawn_ends {
    int in, out, err;  /* the program's */
    int output, input; /* what reads its output, what writes its input: the same with a terminal */
    int errors;        /* what reads its standard error, for stderr_log_open() */
    char terminal[64]; /* its name */
};

/* Makes the streams. False with errno. Either way spawn_close_program_ends() follows. */
bool spawn_open(struct spawn_ends *ends, const struct spawn_command *command);

/* Starts the program, and waits until it is executed. Returns 0 and sets `*pid`, or the errno of
 * what failed: no process is left then. */
int spawn_start(const struct spawn_ends *ends, const struct spawn_command *command, pid_t *pid);

/* Closes the program's ends, so that its output can end. May be called again. */
void spawn_close_program_ends(struct spawn_ends *ends);

/* Closes our ends. */
void spawn_close_own_ends(struct spawn_ends *ends);

#endif
