#include "cmd/wsbench/load/worker.h"

#include <signal.h>
#include <time.h>
#include <unistd.h>

int64_t clock_ns(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * NS_PER_SECOND + t.tv_nsec;
}

void worker_notify_main(_Atomic unsigned *counter)
{
    atomic_fetch_add(counter, 1);
    kill(getpid(), SIGUSR1);
}

uint32_t worker_senders(const struct worker *w)
{
    return w->settings->mode == MODE_BROADCAST ? w->publishers : w->count;
}

void worker_connected(struct worker *w)
{
    w->connecting--;
    w->connect_more(w);
    if (!w->told_ready && w->begun == w->count && w->connecting == 0) {
        w->told_ready = true;
        worker_notify_main(&w->bench->ready);
    }
}

void worker_check_drained(struct worker *w)
{
    bool churn = w->settings->mode == MODE_CHURN;
    bool outstanding = w->outstanding > 0 || (churn && w->alive > 0);
    bool sending = w->phase < PHASE_DRAIN && w->quota > 0 && (churn || w->can_send > 0);
    if (w->phase < PHASE_LOAD || w->told_drained || outstanding || sending)
        return;
    w->told_drained = true;
    worker_notify_main(&w->bench->drained);
}

void worker_ended(struct worker *w)
{
    w->alive--;
    if (w->phase == PHASE_CLOSE && w->alive == 0)
        ws_loop_stop(w->loop);
}
