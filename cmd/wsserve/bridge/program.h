/*
 * program: which program serves a request, and how it is run.
 *
 * Either COMMAND or, under --dir, the file that the URL's path leads to. Each has a backoff of its
 * own; --maxforks counts them all. The table is shared by all threads, under the lock of its
 * attempts. Used by process and shared.
 */
#ifndef CMD_WSSERVE_BRIDGE_PROGRAM_H
#define CMD_WSSERVE_BRIDGE_PROGRAM_H

#include "cmd/wsserve/bridge/lifecycle.h"
#include "cmd/wsserve/options/settings_process.h"
#include <ws/http.h>

#include <stdbool.h>
#include <stddef.h>

struct program {
    struct program *next;
    char *file; /* an absolute path */
    struct backoff backoff;
};

struct programs {
    const struct settings_process *settings;
    char *root; /* --dir, without symbolic links */
    struct attempts attempts;
    struct program *first; /* all that were asked for so far */
};

/* Finds COMMAND or the directory. False after a message. `settings` must outlive it. */
bool programs_init(struct programs *programs, const struct settings_process *settings);
void programs_free(struct programs *programs);

/* The program of a request, and the parts of the URL's path for its environment. */
struct program_place {
    struct program *program;
    char *script_name; /* NULL where it is COMMAND */
    char *path_info;   /* NULL: all of the path */
};

/*
 * The program for the target of a request. Under --dir the path is walked from the directory on,
 * down to the first executable file; the rest is the path info. Nothing outside of the directory is
 * reached, by ".." or by a symbolic link, and no name that begins with a dot. False when there is
 * none, or no memory. program_forget() frees what it made.
 */
bool program_find(struct programs *programs, struct ws_str target, struct program_place *place);
void program_forget(struct program_place *place);

/* For lifecycle_ask(). Borrows from both. */
struct lifecycle_target program_target(struct programs *programs, struct program *program);

/* Runs it with `environment` (cgi.h) for `conn` (0: for all): as lifecycle_start_program(). */
bool program_start(const struct programs *programs, const struct program *program,
                   struct lifecycle *life, uint64_t conn, struct children *family,
                   char **environment, int fds[2], char *error, size_t error_size);

/* "COMMAND ended with status 3", "COMMAND was ended by SIGSEGV": of a child that has exited.
 * Written into `text`, at most `size` bytes, and returned. */
const char *program_exit_description(const struct child *child, char *text, size_t size);

#endif
