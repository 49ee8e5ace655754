#include "cmd/wsbench/load/pace.h"

#include "cmd/wsbench/load/clock.h"

#include <stdlib.h>
#include <sys/timerfd.h>
#include <unistd.h>

/* --- the timer --- */

static void wind(struct pace *p, int64_t when_ns)
{
    struct itimerspec when = {
        .it_value = {.tv_sec = when_ns / NS_PER_SECOND, .tv_nsec = when_ns % NS_PER_SECOND},
    };
    p->wound_ns = when_ns;
    timerfd_settime(p->timer.fd, TFD_TIMER_ABSTIME, &when, NULL);
}

void pace_wake_at(struct pace *p, int64_t when_ns)
{
    if (p->open && (p->wound_ns == 0 || when_ns < p->wound_ns))
        wind(p, when_ns);
}

static void on_timer(struct ws_watch *watch, unsigned ready)
{
    struct pace *p = ws_container_of(watch, struct pace, timer);
    uint64_t expirations;
    (void)ready;
    if (read(watch->fd, &expirations, sizeof expirations) < 0)
        return;
    p->wound_ns = 1; /* while entries come back into the heap, one system call is enough */
    p->due(p, clock_ns());
    p->wound_ns = p->wound_ns == 1 ? 0 : p->wound_ns;
    if (p->open && p->count > 0)
        pace_wake_at(p, p->heap[0]->due_ns);
}

bool pace_open(struct pace *p, struct ws_loop *loop, uint32_t entries,
               void (*due)(struct pace *pace, int64_t now_ns))
{
    *p = (struct pace){.loop = loop, .due = due};
    p->heap = calloc(entries ? entries : 1, sizeof(struct pace_entry *));
    p->timer.fd = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
    p->timer.ready = on_timer;
    p->open = p->heap && p->timer.fd >= 0 && ws_loop_watch(loop, &p->timer, WS_READABLE) == WS_OK;
    if (!p->open && p->timer.fd >= 0)
        close(p->timer.fd);
    if (!p->open)
        free(p->heap);
    return p->open;
}

void pace_close(struct pace *p)
{
    if (!p->open)
        return;
    int fd = ws_loop_unwatch(p->loop, &p->timer);
    close(fd);
    for (uint32_t i = 0; i < p->count; i++)
        p->heap[i]->waits = false;
    free(p->heap);
    *p = (struct pace){0};
}

/* --- the heap --- */

void pace_add(struct pace *p, struct pace_entry *entry)
{
    uint32_t at = p->count++;
    entry->waits = true;
    for (; at > 0 && p->heap[(at - 1) / 2]->due_ns > entry->due_ns; at = (at - 1) / 2)
        p->heap[at] = p->heap[(at - 1) / 2];
    p->heap[at] = entry;
    if (at == 0)
        pace_wake_at(p, entry->due_ns);
}

struct pace_entry *pace_take(struct pace *p, int64_t now_ns)
{
    if (p->count == 0 || p->heap[0]->due_ns > now_ns)
        return NULL;
    struct pace_entry *first = p->heap[0], *last = p->heap[--p->count];
    uint32_t at = 0;
    for (uint32_t child = 1; child < p->count; child = 2 * at + 1) {
        if (child + 1 < p->count && p->heap[child + 1]->due_ns < p->heap[child]->due_ns)
            child++;
        if (p->heap[child]->due_ns >= last->due_ns)
            break;
        p->heap[at] = p->heap[child];
        at = child;
    }
    if (p->count > 0)
        p->heap[at] = last;
    first->waits = false;
    return first;
}
