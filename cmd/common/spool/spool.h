/*
 * spool: asynchronous writing to files that may be slow: a pipe without a reader, a full disk, a
 * stopped terminal.
 *
 * What a pipe or a socket takes at once is written at once. Else data waits in memory, up to a
 * limit, for a thread that writes it: callers never wait for a file. The thread ends a second after
 * the last data, and is started again for more.
 * Data above the limit is dropped and counted, and so is data that a file refuses; once writing
 * works again a line of the owner's reports how much is missing. The log, --access-log and --record
 * have a spool each, so that they do not block each other.
 *
 * Any thread may call spool_put(); the data of one thread for one file stays in order. The other
 * functions are for the thread that owns the spool.
 */
#ifndef CMD_COMMON_SPOOL_SPOOL_H
#define CMD_COMMON_SPOOL_SPOOL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct spool;
struct spool_file;

/* The data of one spool_put() up to this size is written with one write(2). It is Linux's PIPE_BUF:
 * in a pipe such data is never mixed with another process's. */
enum { SPOOL_ATOMIC = 4096 };

struct spool_options {
    size_t capacity; /* limit of waiting bytes, overhead of pieces included */
    /* Writes the line that reports `count` missing pieces into `text`: at most `size` bytes,
     * returns their number. Called on the spool's thread. NULL: no report. */
    size_t (*lost)(void *context, uint64_t count, char *text, size_t size);
    /* The trouble of each file begins, with its errno, when it cannot be opened or written; it ends
     * with the first success, with 0 and the pieces that are missing, or when the file is closed,
     * with the last errno and those pieces. Not for files that are only slow. On the spool's
     * thread, or by spool_free(). NULL: no report. */
    void (*trouble)(void *context, const char *path, int error, uint64_t missing);
    void *context;
};

/* The thread, which blocks all signals, begins with the first data for it. NULL with errno set. */
struct spool *spool_new(const struct spool_options *options);

/*
 * Writes the waiting data for at most `timeout_ms`, ends the thread and closes the files opened by
 * path. False if some data was not written. No thread may call spool_put() any more.
 */
bool spool_free(struct spool *spool, int timeout_ms);

/* A file for a descriptor, which the caller keeps and whose flags are not changed, blocking
 * included. NULL when memory runs out. It lives as long as the spool, or until spool_close(). */
struct spool_file *spool_on(struct spool *spool, int fd);

/*
 * A file by path, opened for appending and created with `mode` if missing. With `now` it is opened
 * at once: NULL, with errno, on failure. Otherwise the thread opens it for a write; at most one
 * such file is open at a time. `dir` is AT_FDCWD, or the descriptor that `path` is relative to,
 * which must stay open: there the file must be new, as others may have put files and links there.
 * One that exists cannot be written (EEXIST); one that has been removed is made again.
 */
struct spool_file *spool_open(struct spool *spool, int dir, const char *path, unsigned mode,
                              bool now);

/* Closes the file once its data has been written. The caller must not use it any more. */
void spool_close(struct spool *spool, struct spool_file *file);

/* Queues a copy of `len` bytes. False if they were dropped. Never waits for a file. */
bool spool_put(struct spool *spool, struct spool_file *file, const void *data, size_t len);

/* Reopens files by path before the next write (log rotation). A file that cannot be opened is tried
 * again with each write. */
void spool_reopen(struct spool *spool);

/* The number of pieces so far that were dropped or that a file refused. */
uint64_t spool_dropped(struct spool *spool);

/* The number of bytes that wait now. */
size_t spool_waiting(struct spool *spool);

#endif
