/*
 * program: which program serves a request, and whether it may be started now.
 *
 * Either the COMMAND of the command line or, under --dir, the file that the URL's path leads to.
 * Each has its backoff; all together have --maxforks. The table is shared by all threads and locked
 * at the beginning and the end of a process only. Used by process and shared.
 */
#ifndef CMD_WSSERVE_BRIDGE_PROGRAM_H
#define CMD_WSSERVE_BRIDGE_PROGRAM_H

#include "cmd/wsserve/bridge/backoff.h"
#include "cmd/wsserve/bridge/child.h"
#include "cmd/wsserve/options/settings_process.h"
#include <ws/http.h>

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

struct program {
    struct program *next;
    char *file; /* an absolute path */
    struct backoff backoff;
};

struct programs {
    const struct settings_process *settings;
    char *root; /* --dir, without symbolic links */
    pthread_mutex_t lock;
    struct program *first; /* those that were ever asked for */
    uint64_t running;
};

/* Finds COMMAND or the directory. False when there is none, which was said. */
bool programs_init(struct programs *programs, const struct settings_process *settings);
void programs_free(struct programs *programs);

/* Where a request leads: the program, and the parts of the URL's path that its environment tells.
 */
struct program_place {
    struct program *program;
    char *script_name; /* NULL where it is COMMAND */
    char *path_info;   /* NULL: all of the path */
};

/*
 * The program for the target of a request. Under --dir the path is walked from the directory on,
 * down to the first file that may be executed; what is left is the path info. Nothing outside of
 * the directory is reached, by ".." or by a symbolic link, and no name that begins with a dot.
 * False when there is none, or no memory. program_leave() frees what it made.
 */
bool program_find(struct programs *programs, struct ws_str target, struct program_place *place);
void program_forget(struct program_place *place);

/* 0: it may be started, and `*attempt` is to be told below; else the milliseconds to wait. */
uint32_t program_enter(struct programs *programs, struct program *program, int64_t now_ms,
                       unsigned *attempt);

enum program_outcome { PROGRAM_UNKNOWN, PROGRAM_WORKS, PROGRAM_FAILED };

/* How an attempt turned out: for a while it is UNKNOWN, then once something else or nothing. True
 * when it closed the way to this program. */
bool program_outcome(struct programs *programs, struct program *program, unsigned attempt,
                     enum program_outcome outcome, int64_t now_ms);

/* It is gone: it does not count any more. */
void program_leave(struct programs *programs);

/* Runs it with `environment` (cgi.h): as child_spawn(). */
bool program_start(const struct programs *programs, const struct program *program,
                   struct child *child, struct children *family, char **environment, int fds[2],
                   char *error, size_t error_size);

/* "COMMAND ended with status 3", "COMMAND was ended by SIGSEGV": of a child that has exited.
 * Written into `text`, at most `size` bytes, and returned. */
const char *program_exit_description(const struct child *child, char *text, size_t size);

#endif
