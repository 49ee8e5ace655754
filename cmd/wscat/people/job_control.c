#include "cmd/wscat/people/job_control.h"

#include <stddef.h>
#include <time.h>

static void take_action(int number)
{
    sigset_t set, before;
    sigemptyset(&set);
    sigaddset(&set, number);
    pthread_sigmask(SIG_UNBLOCK, &set, &before);
    raise(number);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
}

/* By the signal's own action, which leaves out a process that no shell would continue. The SIGCONT
 * that ends it is done with. */
static void stop(void)
{
    const struct timespec now = {0};
    sigset_t set;
    take_action(SIGTSTP);
    sigemptyset(&set);
    sigaddset(&set, SIGCONT);
    sigtimedwait(&set, NULL, &now);
}

bool job_control(struct editor *editor, int number)
{
    switch (number) {
    case SIGWINCH:
        editor_resize(editor);
        return true;
    case SIGQUIT:
        editor_leave_terminal(editor);
        take_action(SIGQUIT);
        editor_take_terminal(editor); /* the signal is ignored */
        return true;
    case SIGTSTP:
        editor_leave_terminal(editor);
        stop();
        editor_take_terminal(editor);
        return true;
    case SIGCONT:
        editor_take_terminal(editor);
        return true;
    default:
        return false;
    }
}
