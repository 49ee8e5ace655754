#include "cmd/common/spool/spool_private.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

enum kind { DATA, CLOSE, REOPEN };

struct piece {
    struct piece *next;
    struct spool_file *file;
    enum kind kind;
    size_t len;
    char data[];
};

/* --- the thread --- */

/* Reports the missing pieces before the next one is written. */
static void report_missing(struct spool *spool, struct spool_file *file)
{
    char text[SPOOL_ATOMIC];
    pthread_mutex_lock(&spool->lock);
    uint64_t missing = file->missing;
    pthread_mutex_unlock(&spool->lock);
    if (missing == 0 || !spool->options.lost)
        return;
    size_t len = spool->options.lost(spool->options.context, missing, text, sizeof text);
    if (!spool_file_write(spool, file, text, len))
        return;
    pthread_mutex_lock(&spool->lock);
    file->missing -= missing;
    pthread_mutex_unlock(&spool->lock);
}

/* The same for every file, as the next piece may come late. */
static void report_all_missing(struct spool *spool)
{
    pthread_mutex_lock(&spool->lock);
    struct spool_file *file = spool->unreported ? spool->files : NULL;
    spool->unreported = false;
    pthread_mutex_unlock(&spool->lock);
    for (; file; file = file->next)
        report_missing(spool, file);
}

static void count_missing(struct spool *spool, struct spool_file *file, uint64_t count)
{
    pthread_mutex_lock(&spool->lock);
    file->missing += count;
    spool->dropped += count;
    pthread_mutex_unlock(&spool->lock);
}

/* Reports that the trouble of a file begins (`missing` 0) or ends. */
static void report_trouble(const struct spool *spool, const struct spool_file *file, int error,
                           uint64_t missing)
{
    if (spool->options.trouble)
        spool->options.trouble(spool->options.context, file->path, error, missing);
}

/* Writes `count` pieces in one go, and counts them if that fails. */
static void write_pieces(struct spool *spool, struct spool_file *file, const char *data, size_t len,
                         uint64_t count)
{
    bool written = spool_file_write(spool, file, data, len);
    if (!written)
        count_missing(spool, file, count);
    if (!written && spool->error) {
        if (!file->failing)
            report_trouble(spool, file, spool->error, 0);
        file->failing = spool->error;
        file->failed += count;
    } else if (written && file->failing) {
        report_trouble(spool, file, 0, file->failed);
        file->failing = 0;
        file->failed = 0;
    }
}

static size_t cost(const struct piece *piece)
{
    return sizeof *piece + piece->len;
}

static void unlink_file(struct spool *spool, struct spool_file *file)
{
    pthread_mutex_lock(&spool->lock);
    if (file->prev)
        file->prev->next = file->next;
    else
        spool->files = file->next;
    if (file->next)
        file->next->prev = file->prev;
    pthread_mutex_unlock(&spool->lock);
}

static void free_file(struct spool *spool, struct spool_file *file)
{
    if (file->failing)
        report_trouble(spool, file, file->failing, file->failed);
    spool_file_close(spool, file);
    free(file->path);
    free(file);
}

/* Writes consecutive pieces of one file, as many as one write takes, and frees them. Returns the
 * piece after them. */
static struct piece *write_run(struct spool *spool, struct piece *piece, size_t *freed)
{
    struct spool_file *file = piece->file;
    char text[SPOOL_ATOMIC];
    size_t len = 0;
    uint64_t count = 0;
    bool alone = piece->len > sizeof text;

    report_missing(spool, file);
    if (alone) {
        write_pieces(spool, file, piece->data, piece->len, 1);
        struct piece *next = piece->next;
        *freed += cost(piece);
        free(piece);
        return next;
    }
    while (piece && piece->kind == DATA && piece->file == file && piece->len <= sizeof text - len) {
        struct piece *next = piece->next;
        memcpy(text + len, piece->data, piece->len);
        len += piece->len;
        count++;
        *freed += cost(piece);
        free(piece);
        piece = next;
    }
    write_pieces(spool, file, text, len, count);
    return piece;
}

static void reopen_files(struct spool *spool)
{
    pthread_mutex_lock(&spool->lock);
    spool->reopened++;
    struct spool_file *file = spool->files;
    pthread_mutex_unlock(&spool->lock);
    /* Other threads only insert new files at the head; this thread alone removes them. */
    for (; file; file = file->next)
        if (file->path && file->stays_open)
            spool_file_ready(spool, file);
}

/* Processes one piece, or a run of them; returns the next. */
static struct piece *carry_out(struct spool *spool, struct piece *piece, size_t *freed)
{
    struct piece *next = piece->next;
    switch (piece->kind) {
    case DATA:
        return write_run(spool, piece, freed);
    case CLOSE:
        unlink_file(spool, piece->file);
        free_file(spool, piece->file);
        break;
    case REOPEN:
        reopen_files(spool);
        break;
    }
    *freed += cost(piece);
    free(piece);
    return next;
}

static struct timespec in_ms(int ms)
{
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    time.tv_sec += ms / 1000;
    time.tv_nsec += ms % 1000 * 1000000L;
    if (time.tv_nsec >= 1000000000L) {
        time.tv_nsec -= 1000000000L;
        time.tv_sec++;
    }
    return time;
}

static bool has_work(const struct spool *spool)
{
    return spool->first || spool->unreported;
}

/* Waits for work and takes all pieces: NULL, and no work, if none came for a while. Called with the
 * lock held, which it releases while waiting. */
static struct piece *wait_for_more(struct spool *spool)
{
    enum { REST_MS = 1000 };
    struct timespec until = in_ms(REST_MS);
    int timed_out = 0;
    while (!has_work(spool) && !spool->stopping && !timed_out) {
        spool->waiting = true;
        timed_out = pthread_cond_timedwait(&spool->more, &spool->lock, &until);
        spool->waiting = false;
    }
    struct piece *first = spool->first;
    spool->first = NULL;
    spool->end = &spool->first;
    return first;
}

static void *run(void *context)
{
    struct spool *spool = context;
    pthread_mutex_lock(&spool->lock);
    for (;;) {
        struct piece *piece = wait_for_more(spool);
        if (!piece && !has_work(spool))
            break;
        pthread_mutex_unlock(&spool->lock);
        while (piece) {
            size_t freed = 0;
            piece = carry_out(spool, piece, &freed);
            pthread_mutex_lock(&spool->lock);
            spool->bytes -= freed;
            pthread_mutex_unlock(&spool->lock);
        }
        report_all_missing(spool);
        pthread_mutex_lock(&spool->lock);
    }
    spool->running = false;
    pthread_cond_signal(&spool->ended);
    pthread_mutex_unlock(&spool->lock);
    return NULL;
}

/* --- the callers --- */

static bool start_thread(struct spool *spool)
{
    sigset_t all, before;
    if (spool->started)
        pthread_join(spool->thread, NULL); /* at once: it held the lock last */
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    int error = pthread_create(&spool->thread, NULL, run, spool);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    spool->started = spool->running = error == 0;
    errno = error;
    return error == 0;
}

/* There is a thread only while there is work for it: the system calls of a process with one thread
 * cost less, and most with one that never had a second. Called with the lock held. If no thread can
 * be started the work waits for the next call. */
static void wake(struct spool *spool)
{
    if (!spool->running)
        start_thread(spool);
    else if (spool->waiting)
        pthread_cond_signal(&spool->more);
}

/* Appends a piece. Called with the lock held. */
static void append(struct spool *spool, struct piece *piece)
{
    piece->next = NULL;
    *spool->end = piece;
    spool->end = &piece->next;
    spool->bytes += cost(piece);
    wake(spool);
}

/* Does nothing wait, and no thread run that may write? Called with the lock held. */
static bool is_idle(const struct spool *spool)
{
    return !spool->running && !has_work(spool) && spool->bytes == 0;
}

/* Called with the lock held. */
static bool put(struct spool *spool, struct spool_file *file, const char *data, size_t len)
{
    size_t size = sizeof(struct piece) + len;
    bool fits = len <= spool->options.capacity && spool->bytes + size <= spool->options.capacity;
    struct piece *piece = fits ? malloc(size) : NULL;
    if (piece) {
        piece->file = file;
        piece->kind = DATA;
        piece->len = len;
        memcpy(piece->data, data, len);
        append(spool, piece);
    } else {
        spool->dropped++;
        spool->unreported = true;
        file->missing++;
        wake(spool);
    }
    return piece != NULL;
}

bool spool_put(struct spool *spool, struct spool_file *file, const void *data, size_t len)
{
    pthread_mutex_lock(&spool->lock);
    size_t done = is_idle(spool) ? spool_file_write_now(file, data, len) : 0;
    bool taken = done == len || put(spool, file, (const char *)data + done, len - done);
    if (!taken && done > 0) /* no thread runs yet; else this would be the thread's to write */
        file->partial_line = true;
    pthread_mutex_unlock(&spool->lock);
    return taken;
}

/* Queues an order, a piece without data. The capacity does not apply, as orders are few. */
static void put_order(struct spool *spool, struct spool_file *file, enum kind kind)
{
    struct piece *piece = malloc(sizeof *piece);
    if (!piece)
        return; /* out of memory: the file is closed by spool_free(), or reopened the next time */
    piece->file = file;
    piece->kind = kind;
    piece->len = 0;
    pthread_mutex_lock(&spool->lock);
    append(spool, piece);
    pthread_mutex_unlock(&spool->lock);
}

void spool_reopen(struct spool *spool)
{
    put_order(spool, NULL, REOPEN);
}

void spool_close(struct spool *spool, struct spool_file *file)
{
    put_order(spool, file, CLOSE);
}

static struct spool_file *add_file(struct spool *spool, const struct spool_file *content)
{
    struct spool_file *file = malloc(sizeof *file);
    if (!file)
        return NULL;
    *file = *content;
    pthread_mutex_lock(&spool->lock);
    file->reopened = spool->reopened;
    file->prev = NULL;
    file->next = spool->files;
    if (file->next)
        file->next->prev = file;
    spool->files = file;
    pthread_mutex_unlock(&spool->lock);
    return file;
}

struct spool_file *spool_on(struct spool *spool, int fd)
{
    return add_file(spool, &(struct spool_file){.fd = fd});
}

struct spool_file *spool_open(struct spool *spool, int dir, const char *path, unsigned mode,
                              bool now)
{
    struct spool_file content = {
        .fd = -1, .dir = dir, .path = strdup(path), .mode = mode, .stays_open = now};
    if (!content.path)
        return NULL;
    if (now && !spool_file_open(&content)) {
        int number = errno;
        free(content.path);
        errno = number;
        return NULL;
    }
    struct spool_file *file = add_file(spool, &content);
    if (!file) {
        if (content.fd >= 0)
            close(content.fd);
        free(content.path);
        errno = ENOMEM;
    }
    return file;
}

uint64_t spool_dropped(struct spool *spool)
{
    pthread_mutex_lock(&spool->lock);
    uint64_t dropped = spool->dropped;
    pthread_mutex_unlock(&spool->lock);
    return dropped;
}

size_t spool_waiting(struct spool *spool)
{
    pthread_mutex_lock(&spool->lock);
    size_t bytes = spool->bytes;
    pthread_mutex_unlock(&spool->lock);
    return bytes;
}

/* --- beginning and end --- */

struct spool *spool_new(const struct spool_options *options)
{
    struct spool *spool = calloc(1, sizeof *spool);
    if (!spool)
        return NULL;
    spool->options = *options;
    spool->end = &spool->first;
    spool->cancel_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (spool->cancel_fd < 0) {
        free(spool);
        return NULL;
    }
    pthread_condattr_t monotonic;
    pthread_condattr_init(&monotonic);
    pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
    pthread_mutex_init(&spool->lock, NULL);
    pthread_cond_init(&spool->more, &monotonic);
    pthread_cond_init(&spool->ended, &monotonic);
    pthread_condattr_destroy(&monotonic);
    return spool;
}

/* Waits until the thread has written everything and ended. Called with the lock held. */
static bool wait_for_end(struct spool *spool, int timeout_ms)
{
    struct timespec until = in_ms(timeout_ms);
    int timed_out = 0;
    while (spool->running && !timed_out)
        timed_out = pthread_cond_timedwait(&spool->ended, &spool->lock, &until);
    return !spool->running;
}

bool spool_free(struct spool *spool, int timeout_ms)
{
    enum {
        GRACE_MS = 1000
    }; /* for a write that blocks in the kernel although poll reported the file ready */
    if (!spool)
        return true;
    pthread_mutex_lock(&spool->lock);
    spool->stopping = true;
    if (spool->running || has_work(spool))
        wake(spool);
    bool whole = wait_for_end(spool, timeout_ms) && !has_work(spool);
    if (!whole) {
        (void)!write(spool->cancel_fd, &(uint64_t){1}, sizeof(uint64_t));
        wait_for_end(spool, GRACE_MS);
    }
    bool running = spool->running;
    pthread_mutex_unlock(&spool->lock);
    if (running) {
        pthread_detach(
            spool->thread); /* the thread keeps using the spool, which is therefore not freed */
        return false;
    }
    if (spool->started)
        pthread_join(spool->thread, NULL);
    while (spool->first) { /* no thread could be started */
        struct piece *piece = spool->first;
        spool->first = piece->next;
        free(piece);
    }
    for (struct spool_file *file = spool->files, *next; file; file = next) {
        next = file->next;
        free_file(spool, file);
    }
    pthread_cond_destroy(&spool->ended);
    pthread_cond_destroy(&spool->more);
    pthread_mutex_destroy(&spool->lock);
    close(spool->cancel_fd);
    free(spool);
    return whole;
}
