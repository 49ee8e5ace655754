#include "cmd/wsserve/bridge/child.h"

#include "cmd/wsserve/bridge/exec_error.h"

#include <assert.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

enum { POLL_MS = 20 }; /* between two checks of a group without its leader */

#ifndef SYS_pidfd_open
#define SYS_pidfd_open 434
#endif

/* --- its end --- */

static void signal_group(const struct child *child, int signal_number)
{
    /* The number of a group that is gone may be reused. */
    assert(child->pid > 1);
    kill(-child->pid, signal_number);
}

/* Children belong to the process, not the thread. A pid in this list has an owner; only its owner
 * reaps it. */
static struct {
    pthread_mutex_t lock;
    struct child *first;
} leaders = {.lock = PTHREAD_MUTEX_INITIALIZER};

static void reap(struct child *child)
{
    pthread_mutex_lock(&leaders.lock);
    while (waitpid(child->pid, NULL, 0) < 0 && errno == EINTR)
        ;
    for (struct child **at = &leaders.first; *at; at = &(*at)->next_leader)
        if (*at == child) {
            *at = child->next_leader;
            break;
        }
    pthread_mutex_unlock(&leaders.lock);
    child->reaped = true;
}

static bool is_leader(pid_t pid)
{
    const struct child *child = leaders.first;
    while (child && child->pid != pid)
        child = child->next_leader;
    return child != NULL;
}

/* Programs that called setsid() are not killed, but as subreaper we must reap them. */
static void reap_orphans(void)
{
    pthread_mutex_lock(&leaders.lock);
    for (;;) {
        siginfo_t info = {0};
        if (waitid(P_ALL, 0, &info, WEXITED | WNOHANG | WNOWAIT) < 0 || info.si_pid == 0 ||
            is_leader(info.si_pid))
            break;
        waitpid(info.si_pid, NULL, WNOHANG);
    }
    pthread_mutex_unlock(&leaders.lock);
}

/* As subreaper (child_prepare()) we reap the group's orphans: until then its number stays in use.
 */
static bool group_is_gone(const struct child *child)
{
    siginfo_t info;
    if (!child->reaped)
        return false;
    do
        info.si_pid = 0;
    while (waitid(P_PGID, (id_t)child->pid, &info, WEXITED | WNOHANG) == 0 && info.si_pid != 0);
    return kill(-child->pid, 0) < 0 && errno == ESRCH;
}

static void leave(struct child *child)
{
    struct children *family = child->family;
    child->phase = CHILD_GONE;
    stderr_log_close(&child->errors);
    ws_loop_disarm(family->loop, &child->timer);
    if (child->prev)
        child->prev->next = child->next;
    else
        family->first = child->next;
    if (child->next)
        child->next->prev = child->prev;
    family->count--;
    reap_orphans();
    ws_loop_defer(family->loop, &child->task);
}

static void arm(struct child *child)
{
    int64_t now = ws_loop_now(child->family->loop);
    int64_t when = child->due_ms;
    if (child->reaped && when > now + POLL_MS)
        when = now + POLL_MS;
    ws_loop_arm(child->family->loop, &child->timer, when);
}

/* An unreaped leader keeps the group's number in use. */
static void settle(struct child *child)
{
    if (child->dead && !child->reaped)
        reap(child);
    if (group_is_gone(child))
        leave(child);
    else
        arm(child);
}

static void take_step(struct child *child)
{
    const struct kill_sequence *kill_sequence = child->family->kill;
    child->ended |= !child->dead;
    signal_group(child, kill_sequence->step[child->step].signal);
    child->due_ms = ws_loop_now(child->family->loop) + kill_sequence->step[child->step].wait_ms;
    child->step++;
    settle(child);
}

/* If it has exited by itself, what remains of its group gets the first signal before the leader is
 * reaped, while the group's number cannot be reused. */
static void begin_steps(struct child *child)
{
    child->phase = CHILD_STEPS;
    take_step(child);
}

static void on_timer(struct ws_timer *timer)
{
    struct child *child = ws_container_of(timer, struct child, timer);
    if (child->phase == CHILD_GRACE) {
        begin_steps(child);
    } else if (group_is_gone(child)) {
        leave(child);
    } else if (ws_loop_now(child->family->loop) < child->due_ms) {
        arm(child);
    } else if (child->step < child->family->kill->count) {
        take_step(child);
    } else if (child->reaped) {
        leave(child); /* a member changed its user id: we may not signal it */
    }
    /* Else it was killed and is in uninterruptible sleep: its exit will be an event. */
}

static void on_exit_event(struct ws_watch *watch, unsigned ready)
{
    struct child *child = ws_container_of(watch, struct child, watch);
    siginfo_t info = {0};
    (void)ready;
    if (waitid(P_PID, (id_t)child->pid, &info, WEXITED | WNOHANG | WNOWAIT) == 0 &&
        info.si_pid == 0)
        return;
    close(ws_loop_unwatch(child->family->loop, watch));
    child->dead = true;
    *(info.si_code == CLD_EXITED ? &child->status : &child->signal) = (uint8_t)info.si_status;
    switch (child->phase) {
    case CHILD_RUNNING:
        child->exited(child);
        break;
    case CHILD_GRACE:
        begin_steps(child);
        break;
    case CHILD_STEPS:
        if (child->step == child->family->kill->count)
            child->due_ms = ws_loop_now(child->family->loop) + KILL_STEP_MS;
        settle(child);
        break;
    case CHILD_GONE:
        break;
    }
}

static void on_task(struct ws_deferred *task)
{
    struct child *child = ws_container_of(task, struct child, task);
    child->gone(child);
}

void child_end(struct child *child, uint32_t grace_ms)
{
    if (child->phase != CHILD_RUNNING && child->phase != CHILD_GRACE)
        return;
    int64_t when = ws_loop_now(child->family->loop) + grace_ms;
    if (child->dead || grace_ms == 0) {
        begin_steps(child);
    } else if (child->phase == CHILD_RUNNING || when < child->due_ms) {
        child->phase = CHILD_GRACE;
        child->due_ms = when;
        arm(child);
    }
}

/* From here on the child has an owner. */
static int start(struct child *child, const struct spawn_ends *ends,
                 const struct spawn_command *command)
{
    pthread_mutex_lock(&leaders.lock);
    int why = spawn_start(ends, command, &child->pid);
    if (!why) {
        child->next_leader = leaders.first;
        leaders.first = child;
    }
    pthread_mutex_unlock(&leaders.lock);
    return why;
}

/* Makes its exit an event. Returns an errno, with the child reaped, or 0. */
static int watch_exit(struct child *child)
{
    child->watch.ready = on_exit_event;
    child->watch.fd = (int)syscall(SYS_pidfd_open, child->pid, 0u);
    if (child->watch.fd >= 0 &&
        ws_loop_watch(child->family->loop, &child->watch, WS_READABLE) == WS_OK)
        return 0;
    int why = errno ? errno : ENOMEM;
    if (child->watch.fd >= 0)
        close(child->watch.fd);
    signal_group(child, SIGKILL);
    reap(child);
    return why;
}

bool child_spawn(struct child *child, struct children *family, const struct spawn_command *command,
                 int fds[2], char *error, size_t error_size)
{
    struct spawn_ends ends;
    child->family = family;
    child->timer.fire = on_timer;
    child->task.run = on_task;
    int why = spawn_open(&ends, command) ? 0 : errno;
    if (!why)
        why = start(child, &ends, command);
    spawn_close_program_ends(&ends);
    if (!why)
        why = watch_exit(child);
    child->failure = why;
    if (why) {
        spawn_close_own_ends(&ends);
        exec_error_explain(command->file, why, error, error_size);
        return false;
    }
    fds[0] = ends.output;
    fds[1] = ends.input;
    if (ends.errors >= 0 &&
        !stderr_log_open(&child->errors, family->loop, ends.errors, &command->errors))
        close(ends.errors);
    child->prev = NULL;
    child->next = family->first;
    if (family->first)
        family->first->prev = child;
    family->first = child;
    family->count++;
    return true;
}

/* --- all of them --- */

void children_init(struct children *children, struct ws_loop *loop,
                   const struct kill_sequence *kill)
{
    *children = (struct children){.loop = loop, .kill = kill};
}

static void kill_all_now(struct children *children)
{
    struct child *next;
    for (struct child *child = children->first; child; child = next) {
        next = child->next;
        child_end(child, 0);
        child->step = children->kill->count - 1;
        take_step(child);
    }
}

void children_finish(struct children *children)
{
    struct ws_loop *loop = children->loop;
    struct child *next;
    int64_t now = ws_loop_now(loop), timeout_ms = 2 * KILL_STEP_MS, grace_ms = 0;
    for (unsigned i = 0; i < children->kill->count; i++)
        timeout_ms += children->kill->step[i].wait_ms;
    for (struct child *child = children->first; child; child = next) {
        next = child->next;
        if (child->phase == CHILD_RUNNING)
            child_end(child, 0);
        else if (child->phase == CHILD_GRACE && child->due_ms - now > grace_ms)
            grace_ms = child->due_ms - now;
    }
    int64_t end = ws_clock_us() / 1000 + grace_ms + timeout_ms;
    ws_loop_clear_stop(loop);
    while (children->first && ws_clock_us() / 1000 < end) {
        ws_loop_turn(loop, POLL_MS);
        if (ws_loop_stopping(loop)) {
            ws_loop_clear_stop(loop);
            kill_all_now(children);
        }
    }
    ws_loop_turn(loop, 0);
}

/* --- before the first --- */

char *child_find(const char *name)
{
    const char *path = getenv("PATH"), *next;
    char *found = NULL, directory[PATH_MAX];
    if (strchr(name, '/'))
        path = "";
    else if (!path || !*path)
        path = "/usr/local/bin:/usr/bin:/bin";
    if (!getcwd(directory, sizeof directory))
        return NULL;
    int why = ENOENT;
    for (;; path = next) {
        struct stat status;
        size_t len = strcspn(path, ":");
        next = path + len + (path[len] == ':');
        const char *slash = len > 0 ? "/" : "";
        const char *base = (len > 0 ? path[0] : name[0]) == '/' ? "" : directory;
        if (asprintf(&found, "%s%s%.*s%s%s", base, *base ? "/" : "", (int)len, path, slash, name) <
            0)
            return NULL;
        if (access(found, X_OK) == 0 && stat(found, &status) == 0) {
            if (S_ISREG(status.st_mode))
                return found;
            why = EACCES;
        } else if (errno != ENOENT && errno != ENOTDIR) {
            why = errno;
        }
        free(found);
        if (path[len] == 0)
            break;
    }
    errno = why;
    return NULL;
}

void child_prepare(void)
{
    DIR *all = opendir("/proc/self/fd");
    struct dirent *entry;
    while (all && (entry = readdir(all))) {
        int fd = atoi(entry->d_name);
        if (fd > STDERR_FILENO)
            fcntl(fd, F_SETFD, FD_CLOEXEC);
    }
    if (all)
        closedir(all);
    prctl(PR_SET_CHILD_SUBREAPER, 1);
    /* If it is ignored, which is inherited, exit statuses are lost. */
    signal(SIGCHLD, SIG_DFL);
}
