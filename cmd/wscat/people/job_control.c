#include "cmd/wscat/people/job_control.h"

#include <stddef.h>
#include <time.h>

/* By the signal's own action, which leaves out a process that no shell would continue. The SIGCONT
 * that ends it is done with. */
static void stop(void)
{
    const struct timespec now = {0};
    sigset_t set, before;
    sigemptyset(&set);
    sigaddset(&set, SIGTSTP);
    pthread_sigmask(SIG_UNBLOCK, &set, &before);
    raise(SIGTSTP);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
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
