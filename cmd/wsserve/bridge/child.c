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
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

enum {
    POLL_MS = 20, /* between two checks of a group without its leader */
    PTY_ROWS = 24,
    PTY_COLUMNS = 80,
};

#ifndef SYS_pidfd_open
#define SYS_pidfd_open 434
#endif

/* --- running it --- */

/* The child's ends of the pipes or the terminal. */
struct ends {
    int in, out, err;
    int report; /* gets errno when exec() fails */
};

static void close_fd(int *fd)
{
    if (*fd >= 0)
        close(*fd);
    *fd = -1;
}

/* May be called again: by then another thread may have got the same numbers. */
static void close_ends(struct ends *ends)
{
    /* A terminal is all three. */
    if (ends->out == ends->in)
        ends->out = -1;
    if (ends->err == ends->in || ends->err == STDERR_FILENO)
        ends->err = -1;
    close_fd(&ends->in);
    close_fd(&ends->out);
    close_fd(&ends->err);
    close_fd(&ends->report);
}

/* In the child. System calls only: other threads may have held any lock at the fork. */
__attribute__((noreturn)) static void exec_child(const struct child_command *command,
                                                 const struct ends *ends)
{
    sigset_t none;
    setsid();
    if (command->pty)
        ioctl(ends->in, TIOCSCTTY, 0);
    if (dup2(ends->in, STDIN_FILENO) < 0 || dup2(ends->out, STDOUT_FILENO) < 0 ||
        dup2(ends->err, STDERR_FILENO) < 0)
        goto failed;
    if (command->directory && chdir(command->directory) < 0)
        goto failed;
    /* Reset signals that the parent shell may have set to SIG_IGN. */
    for (int number = 1; number < NSIG; number++)
        signal(number, SIG_DFL);
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
    execve(command->file, command->argv, command->envp);
failed:;
    int why = errno;
    ssize_t n = write(ends->report, &why, sizeof why);
    _exit(n < 0 ? 126 : 127);
}

static bool make_pipes(int fds[2], struct ends *ends)
{
    int to[2], from[2];
    if (pipe2(to, O_CLOEXEC) < 0)
        return false;
    ends->in = to[0];
    fds[1] = to[1];
    if (pipe2(from, O_CLOEXEC) < 0)
        return false;
    ends->out = from[1];
    fds[0] = from[0];
    return fcntl(fds[0], F_SETFL, O_NONBLOCK) == 0 && fcntl(fds[1], F_SETFL, O_NONBLOCK) == 0;
}

/* Lines as they are: no echo, no carriage returns in the program's output. The end-of-file
 * character still ends its input. */
static void configure_pty(int terminal)
{
    struct termios mode;
    struct winsize size = {.ws_row = PTY_ROWS, .ws_col = PTY_COLUMNS};
    if (tcgetattr(terminal, &mode) == 0) {
        mode.c_lflag &= ~(tcflag_t)(ECHO | ECHOE | ECHOK | ECHONL | ECHOCTL | ECHOKE);
        mode.c_oflag &= ~(tcflag_t)ONLCR;
        mode.c_iflag &= ~(tcflag_t)(IXON | IXOFF);
        tcsetattr(terminal, TCSANOW, &mode);
    }
    ioctl(terminal, TIOCSWINSZ, &size);
}

static bool make_terminal(int fds[2], struct ends *ends)
{
    char name[64];
    int master = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC);
    if (master < 0)
        return false;
    fds[0] = fds[1] = master;
    if (grantpt(master) < 0 || unlockpt(master) < 0 || ptsname_r(master, name, sizeof name) != 0)
        return false;
    ends->in = ends->out = ends->err = open(name, O_RDWR | O_NOCTTY | O_CLOEXEC);
    if (ends->in < 0)
        return false;
    configure_pty(ends->in);
    return fcntl(master, F_SETFL, O_NONBLOCK) == 0;
}

/* Forks, and waits for exec(): then the child leads its group, or has reported its errno and
 * exited. Returns that errno, or 0. */
static int start(struct child *child, const struct child_command *command, struct ends *ends)
{
    int report[2], why = 0;
    if (pipe2(report, O_CLOEXEC) < 0)
        return errno;
    ends->report = report[1];
    pid_t pid = fork();
    if (pid == 0)
        exec_child(command, ends);
    why = pid < 0 ? errno : 0;
    close_ends(ends);
    if (pid > 0) {
        ssize_t n;
        do
            n = read(report[0], &why, sizeof why);
        while (n < 0 && errno == EINTR);
        if (n != sizeof why)
            why = 0;
    }
    close(report[0]);
    if (pid > 0 && why)
        waitpid(pid, NULL, 0);
    child->pid = why ? 0 : pid;
    return why;
}

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

bool child_spawn(struct child *child, struct children *family, const struct child_command *command,
                 int fds[2], char *error, size_t error_size)
{
    struct ends ends = {-1, -1, -1, -1};
    int errors = -1;
    fds[0] = fds[1] = -1;
    bool made = command->pty ? make_terminal(fds, &ends) : make_pipes(fds, &ends);
    if (made && ends.err < 0) /* no terminal */
        ends.err =
            command->pass_stderr ? STDERR_FILENO : stderr_log_pipe(&command->errors, &errors);
    int why = made && ends.err >= 0 ? 0 : errno;
    if (!why) {
        pthread_mutex_lock(&leaders.lock);
        why = start(child, command, &ends);
        if (!why) {
            child->next_leader = leaders.first;
            leaders.first = child;
        }
        pthread_mutex_unlock(&leaders.lock);
    }
    close_ends(&ends);
    if (!why) {
        child->family = family;
        child->watch.ready = on_exit_event;
        child->watch.fd = (int)syscall(SYS_pidfd_open, child->pid, 0u);
        child->timer.fire = on_timer;
        child->task.run = on_task;
        if (child->watch.fd < 0 ||
            ws_loop_watch(family->loop, &child->watch, WS_READABLE) != WS_OK) {
            why = errno ? errno : ENOMEM;
            close_fd(&child->watch.fd);
            signal_group(child, SIGKILL);
            reap(child);
        }
    }
    child->failure = why;
    if (why) {
        if (fds[1] != fds[0])
            close_fd(&fds[1]);
        close_fd(&fds[0]);
        close_fd(&errors);
        exec_error_explain(command->file, why, error, error_size);
        return false;
    }
    if (errors >= 0 && !stderr_log_open(&child->errors, family->loop, errors, &command->errors))
        close(errors);
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
