#include "cmd/wsbench/load/worker.h"

#include <signal.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

static double thread_cpu(void)
{
    struct timespec t;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

void worker_cpu_start(struct worker *w)
{
    w->cpu_since_ns = clock_ns();
    w->cpu_before_s = thread_cpu();
}

void worker_cpu_stop(struct worker *w)
{
    double seconds = (double)(clock_ns() - w->cpu_since_ns) / 1e9;
    w->totals.cpu_s = thread_cpu() - w->cpu_before_s;
    if (seconds > 0)
        w->totals.busiest = w->totals.cpu_s / seconds;
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

void worker_set_schedule(struct worker *w, double rate, double share)
{
    const struct settings *s = w->settings;
    w->schedule = (struct schedule){
        .rate = rate * share,
        .ramp_s = (double)s->ramp_us / 1e6,
        .burst = (double)s->burst.count * share,
        .burst_s = (double)s->burst.every_us / 1e6,
    };
}

bool worker_may_send(const struct worker *w)
{
    return w->phase == PHASE_LOAD && w->quota > 0;
}

void worker_check_drained(struct worker *w)
{
    bool churn = w->settings->mode == MODE_CHURN;
    bool outstanding = w->outstanding > 0 || (churn && w->alive > w->lingering);
    bool sending =
        w->phase < PHASE_DRAIN && w->quota > 0 && (churn || w->can_send > 0 || w->coming_back > 0);
    if (w->phase < PHASE_LOAD || w->reported_drained || outstanding || sending)
        return;
    w->reported_drained = true;
    worker_notify_main(&w->bench->drained);
}

void worker_ended(struct worker *w)
{
    w->alive--;
    if (w->phase >= PHASE_CLOSE && w->alive == 0)
        ws_loop_stop(w->loop);
}

void worker_publish(struct worker *w)
{
    unsigned wanted = atomic_load(&w->bench->published);
    if (wanted == w->published_count)
        return;
    w->published_count = wanted;
    pthread_mutex_lock(&w->publish_lock);
    free(w->published);
    w->published = calloc(1, sizeof *w->published);
    if (w->published)
        totals_merge(w->published, &w->totals);
    pthread_mutex_unlock(&w->publish_lock);
}

void worker_add_published(struct worker *w, struct totals *sum)
{
    pthread_mutex_lock(&w->publish_lock);
    if (w->published)
        totals_merge(sum, w->published);
    pthread_mutex_unlock(&w->publish_lock);
}
