#include "cmd/wsserve/bridge/spawn.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

enum { PTY_ROWS = 24, PTY_COLUMNS = 80 };

/* --- its streams --- */

static void close_fd(int *fd)
{
    if (*fd >= 0)
        close(*fd);
    *fd = -1;
}

void spawn_close_program_ends(struct spawn_ends *ends)
{
    /* A terminal is all three. */
    if (ends->out == ends->in)
        ends->out = -1;
    if (ends->err == ends->in || ends->err == STDERR_FILENO)
        ends->err = -1;
    close_fd(&ends->in);
    close_fd(&ends->out);
    close_fd(&ends->err);
}

void spawn_close_own_ends(struct spawn_ends *ends)
{
    if (ends->input == ends->output)
        ends->input = -1;
    close_fd(&ends->input);
    close_fd(&ends->output);
    close_fd(&ends->errors);
}

static bool make_pipes(struct spawn_ends *ends)
{
    int to[2], from[2];
    if (pipe2(to, O_CLOEXEC) < 0)
        return false;
    ends->in = to[0];
    ends->input = to[1];
    if (pipe2(from, O_CLOEXEC) < 0)
        return false;
    ends->out = from[1];
    ends->output = from[0];
    return fcntl(ends->output, F_SETFL, O_NONBLOCK) == 0 &&
           fcntl(ends->input, F_SETFL, O_NONBLOCK) == 0;
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

static bool make_terminal(struct spawn_ends *ends)
{
    int master = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC);
    if (master < 0)
        return false;
    ends->output = ends->input = master;
    if (grantpt(master) < 0 || unlockpt(master) < 0 ||
        ptsname_r(master, ends->terminal, sizeof ends->terminal) != 0)
        return false;
    ends->in = ends->out = ends->err = open(ends->terminal, O_RDWR | O_NOCTTY | O_CLOEXEC);
    if (ends->in < 0)
        return false;
    configure_pty(ends->in);
    return fcntl(master, F_SETFL, O_NONBLOCK) == 0;
}

bool spawn_open(struct spawn_ends *ends, const struct spawn_command *command)
{
    *ends = (struct spawn_ends){-1, -1, -1, -1, -1, -1, ""};
    if (command->pty)
        return make_terminal(ends);
    if (!make_pipes(ends))
        return false;
    ends->err =
        command->pass_stderr ? STDERR_FILENO : stderr_log_pipe(&command->errors, &ends->errors);
    return ends->err >= 0;
}

/* --- running it --- */

/* A leader of a session without a terminal that opens one has it as its controlling terminal. */
static int set_streams(posix_spawn_file_actions_t *actions, const struct spawn_ends *ends,
                       const struct spawn_command *command)
{
    int why = command->pty ? posix_spawn_file_actions_addopen(actions, STDIN_FILENO, ends->terminal,
                                                              O_RDWR, 0)
                           : posix_spawn_file_actions_adddup2(actions, ends->in, STDIN_FILENO);
    if (!why)
        why = posix_spawn_file_actions_adddup2(actions, ends->out, STDOUT_FILENO);
    if (!why)
        why = posix_spawn_file_actions_adddup2(actions, ends->err, STDERR_FILENO);
    if (!why && command->directory)
        why = posix_spawn_file_actions_addchdir_np(actions, command->directory);
    return why;
}

/* Our own shell may have set signals to SIG_IGN, which is inherited. */
static int set_signals(posix_spawnattr_t *attributes)
{
    sigset_t none, all;
    sigemptyset(&none);
    sigfillset(&all);
    int why = posix_spawnattr_setsigmask(attributes, &none);
    if (!why)
        why = posix_spawnattr_setsigdefault(attributes, &all);
    if (!why)
        why = posix_spawnattr_setflags(attributes, POSIX_SPAWN_SETSID | POSIX_SPAWN_SETSIGMASK |
                                                       POSIX_SPAWN_SETSIGDEF);
    return why;
}

int spawn_start(const struct spawn_ends *ends, const struct spawn_command *command, pid_t *pid)
{
    posix_spawn_file_actions_t actions;
    posix_spawnattr_t attributes;
    int why = posix_spawn_file_actions_init(&actions);
    if (why)
        return why;
    why = posix_spawnattr_init(&attributes);
    if (!why) {
        why = set_signals(&attributes);
        if (!why)
            why = set_streams(&actions, ends, command);
        if (!why)
            why = posix_spawn(pid, command->file, &actions, &attributes, command->argv,
                              command->envp);
        posix_spawnattr_destroy(&attributes);
    }
    posix_spawn_file_actions_destroy(&actions);
    return why;
}
