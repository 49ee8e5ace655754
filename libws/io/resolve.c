#include "libws/io/resolve.h"

#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

/* Shared by the thread and the caller, either of which may finish first; the last one frees it. */
struct work {
    atomic_int holders;
    int done_fd;
    int error;
    struct addrinfo *addresses;
    char port[8];
    char host[];
};

struct ws_resolve {
    struct ws_watch watch;
    struct ws_deferred task; /* frees it: an event of the same batch may still refer to it */
    struct ws_loop *loop;
    struct work *work;
    void (*done)(void *context, int error, struct addrinfo *addresses);
    void *context;
};

static void release_work(struct work *work)
{
    if (atomic_fetch_sub(&work->holders, 1) > 1)
        return;
    if (work->addresses)
        freeaddrinfo(work->addresses);
    close(work->done_fd);
    free(work);
}

static void look_up(struct work *work, int flags)
{
    struct addrinfo hints = {.ai_socktype = SOCK_STREAM, .ai_flags = flags | AI_NUMERICSERV};
    work->error = getaddrinfo(work->host, work->port, &hints, &work->addresses);
    if (work->error != 0)
        work->addresses = NULL;
}

static void announce(struct work *work)
{
    uint64_t one = 1;
    if (write(work->done_fd, &one, sizeof one) < 0)
        abort(); /* cannot fail on an eventfd that was never written to */
}

static void *run(void *argument)
{
    struct work *work = argument;
    look_up(work, 0);
    announce(work);
    release_work(work);
    return NULL;
}

static void on_task(struct ws_deferred *task)
{
    free(ws_container_of(task, struct ws_resolve, task));
}

static void on_done(struct ws_watch *watch, unsigned ready)
{
    struct ws_resolve *resolve = ws_container_of(watch, struct ws_resolve, watch);
    struct work *work = resolve->work;
    (void)ready;
    struct addrinfo *addresses = work->addresses;
    int error = work->error;
    work->addresses = NULL;
    void (*done)(void *, int, struct addrinfo *) = resolve->done;
    void *context = resolve->context;
    ws_resolve_cancel(resolve);
    done(context, error, addresses);
}

static bool start_thread(struct work *work)
{
    pthread_t thread;
    sigset_t all, before;
    atomic_fetch_add(&work->holders, 1);
    /* Signals go to the loop's thread. */
    sigfillset(&all);
    pthread_sigmask(SIG_BLOCK, &all, &before);
    int failed = pthread_create(&thread, NULL, run, work);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    if (failed) {
        release_work(work);
        return false;
    }
    pthread_detach(thread);
    return true;
}

struct ws_resolve *
ws_resolve_start(struct ws_loop *loop, const char *host, uint16_t port,
                 void (*done)(void *context, int error, struct addrinfo *addresses), void *context)
{
    struct ws_resolve *resolve = calloc(1, sizeof *resolve);
    struct work *work = calloc(1, sizeof *work + strlen(host) + 1);
    int fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (!resolve || !work || fd < 0) {
        free(resolve);
        free(work);
        if (fd >= 0)
            close(fd);
        return NULL;
    }
    atomic_init(&work->holders, 1);
    work->done_fd = fd;
    strcpy(work->host, host);
    snprintf(work->port, sizeof work->port, "%u", port);
    *resolve = (struct ws_resolve){.loop = loop, .work = work, .done = done, .context = context};
    resolve->watch.fd = fd;
    resolve->watch.ready = on_done;
    resolve->task.run = on_task;

    look_up(work, AI_NUMERICHOST);
    bool known = work->addresses != NULL;
    if (known)
        announce(work);
    if (ws_loop_watch(loop, &resolve->watch, WS_READABLE) != WS_OK ||
        (!known && !start_thread(work))) {
        ws_resolve_cancel(resolve);
        return NULL;
    }
    return resolve;
}

void ws_resolve_cancel(struct ws_resolve *resolve)
{
    ws_loop_unwatch(resolve->loop, &resolve->watch);
    release_work(resolve->work);
    ws_loop_defer(resolve->loop, &resolve->task);
}
