#include "cmd/wsserve/bridge/program.h"

#include "cmd/common/exit.h"
#include "cmd/wsserve/bridge/cgi.h"
#include "cmd/wsserve/bridge/exec_error.h"
#include "cmd/wsserve/request/target.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* --- the table --- */

/* Finds or adds the program of `file`, which it takes over. NULL without memory. Called with the
 * lock held. */
static struct program *program_of(struct programs *programs, char *file)
{
    struct program *program;
    for (program = programs->first; program; program = program->next)
        if (strcmp(program->file, file) == 0) {
            free(file);
            return program;
        }
    program = calloc(1, sizeof *program);
    if (!program) {
        free(file);
        return NULL;
    }
    program->file = file;
    program->next = programs->first;
    programs->first = program;
    return program;
}

bool programs_init(struct programs *programs, const struct settings_process *settings)
{
    struct stat status;
    *programs = (struct programs){.settings = settings};
    attempts_init(&programs->attempts, settings->maxforks);
    if (settings->chdir &&
        (stat(settings->chdir, &status) < 0 || (!S_ISDIR(status.st_mode) && (errno = ENOTDIR)))) {
        exit_warn("cannot run anything in %s: %m", settings->chdir);
        return false;
    }
    if (settings->dir) {
        programs->root = realpath(settings->dir, NULL);
        if (!programs->root || stat(programs->root, &status) < 0 ||
            (!S_ISDIR(status.st_mode) && (errno = ENOTDIR))) {
            exit_warn("cannot serve the programs of %s: %m", settings->dir);
            return false;
        }
        return true;
    }
    char *file = child_find(settings->command[0]);
    if (!file) {
        int why = errno;
        char hint[EXEC_ERROR_HINT] = "";
        if (!settings->chdir)
            exec_error_hint(settings->command[0], why, hint, sizeof hint);
        exit_warn("cannot run %s: %s%s", settings->command[0], strerror(why), hint);
        return false;
    }
    if (program_of(programs, file))
        return true;
    exit_warn("out of memory");
    return false;
}

void programs_free(struct programs *programs)
{
    struct program *next;
    for (struct program *program = programs->first; program; program = next) {
        next = program->next;
        free(program->file);
        free(program);
    }
    free(programs->root);
    attempts_free(&programs->attempts);
    *programs = (struct programs){0};
}

/* --- paths under --dir --- */

static bool inside(const char *root, const char *path)
{
    size_t len = strlen(root);
    if (len == 1)
        return true; /* "/": nothing is outside */
    return strncmp(root, path, len) == 0 && (path[len] == 0 || path[len] == '/');
}

/* `path`, below the directory, without symbolic links; NULL if it leads outside. */
static char *resolve(const char *root, const char *path)
{
    char *joined, *real = NULL;
    if (asprintf(&joined, "%s%s", root, path) < 0)
        return NULL;
    real = realpath(joined, NULL);
    free(joined);
    if (real && !inside(root, real)) {
        free(real);
        real = NULL;
    }
    return real;
}

/* Walks a decoded path "/a/b/c" to the first executable file; `*end` is where the rest begins. NULL
 * if there is none. */
static char *walk(const char *root, char *path, size_t *end)
{
    struct stat status;
    for (char *at = path; *at == '/';) {
        while (*at == '/')
            at++;
        if (*at == '.')
            return NULL;
        at += strcspn(at, "/");
        char kept = *at;
        *at = 0;
        char *real = resolve(root, path);
        *at = kept;
        bool found = real && stat(real, &status) == 0;
        if (found && S_ISREG(status.st_mode) && access(real, X_OK) == 0) {
            *end = (size_t)(at - path);
            return real;
        }
        free(real);
        if (!found || !S_ISDIR(status.st_mode))
            return NULL;
    }
    return NULL;
}

bool program_find(struct programs *programs, struct ws_str target, struct program_place *place)
{
    struct ws_str path, query;
    size_t end;
    *place = (struct program_place){.program = programs->first};
    if (!programs->root)
        return true;
    target_split(target, &path, &query);
    char *decoded = malloc(path.len + 1), *file = NULL;
    if (decoded && cgi_decode_path(path, decoded))
        file = walk(programs->root, decoded, &end);
    place->program = NULL;
    if (file) {
        place->path_info = strdup(decoded + end);
        decoded[end] = 0;
        place->script_name = strdup(decoded);
        pthread_mutex_lock(&programs->attempts.lock);
        place->program = program_of(programs, file);
        pthread_mutex_unlock(&programs->attempts.lock);
    }
    free(decoded);
    if (place->program && place->path_info && place->script_name)
        return true;
    program_forget(place);
    return false;
}

void program_forget(struct program_place *place)
{
    free(place->script_name);
    free(place->path_info);
    *place = (struct program_place){0};
}

/* --- one process --- */

struct lifecycle_target program_target(struct programs *programs, struct program *program)
{
    return (struct lifecycle_target){&programs->attempts, &program->backoff, program->file};
}

bool program_start(const struct programs *programs, const struct program *program,
                   struct lifecycle *life, uint64_t conn, struct children *family,
                   char **environment, int fds[2], char *error, size_t error_size)
{
    const struct settings_process *settings = programs->settings;
    char *only[] = {program->file, NULL};
    struct spawn_command command = {
        .file = program->file,
        .argv = settings->command ? settings->command : only,
        .envp = environment,
        .directory = settings->chdir,
        .pty = settings->pty,
        .pass_stderr = settings->pass_stderr,
        .errors = {.log = life->log, .conn = conn, .file = program->file},
    };
    return lifecycle_start_program(life, family, &command, fds, error, error_size);
}

const char *program_exit_description(const struct child *child, char *text, size_t size)
{
    char name[32];
    if (child->signal)
        snprintf(text, size, "COMMAND was ended by %s",
                 kill_signal_name(child->signal, name, sizeof name));
    else
        snprintf(text, size, "COMMAND ended with status %u", child->status);
    return text;
}
