/*
 * spool: bytes on their way to files that may be slow: a pipe that nobody reads, a full disk, a
 * terminal that was stopped.
 *
 * What is put in waits in memory, up to a bound, and a thread of its own writes it: whoever puts
 * something in never waits for a file. What finds no room is dropped and counted, and so is what a
 * file refuses; once writing works again one line of the owner's says how much is missing. log and
 * --access-log write through one, and --record through another, so that none stops the others.
 *
 * Any thread may put something in; what one thread puts in for a file stays in order. The rest is
 * for the thread that owns the spool.
 */
#ifndef CMD_COMMON_SPOOL_H
#define CMD_COMMON_SPOOL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct spool;
struct spool_file;

/* What is put in with one call is written in one write(2) where it is no longer than this, the
 * PIPE_BUF of Linux: no reader of a pipe sees it mixed with another process's. */
enum { SPOOL_ATOMIC = 4096 };

struct spool_options {
    size_t capacity; /* bytes that may wait, with what each piece costs besides */
    /* Makes up the line that says that `count` pieces are missing: at most `size` bytes, returns
     * how many. Called on the spool's thread. NULL: nothing is said. */
    size_t (*lost)(void *context, uint64_t count, char *text, size_t size);
    void *context;
};

/* Starts the thread, with every signal blocked in it. NULL with errno set. */
struct spool *spool_new(const struct spool_options *options);

/*
 * Writes what is waiting, for at most `timeout_ms`, and ends the thread; files by path are closed.
 * False where something had to be left behind. Nobody may put anything in any more.
 */
bool spool_free(struct spool *spool, int timeout_ms);

/* A file of a descriptor, which stays the caller's and is left as it is: also blocking. NULL
 * without memory. It lives as long as the spool, or until spool_close(). */
struct spool_file *spool_on(struct spool *spool, int fd);

/*
 * A file by path, appended to and made where it is not there, by `mode`. With `now` it is opened at
 * once: NULL, with errno, where that cannot be. Else the thread opens it for its first write; then
 * at most one such file is open at a time. `dir` is a descriptor that `path` is relative to, or
 * AT_FDCWD; it must stay open.
 */
struct spool_file *spool_open(struct spool *spool, int dir, const char *path, unsigned mode,
                              bool now);

/* Closes the file once all that was put in for it has been written. It is gone for the caller. */
void spool_close(struct spool *spool, struct spool_file *file);

/* Copies `len` bytes. False where they were dropped. Never waits for a file. */
bool spool_put(struct spool *spool, struct spool_file *file, const void *data, size_t len);

/* Has files by path opened anew, before anything that is put in from now on is written: after
 * somebody has renamed them. One that cannot be opened is tried again with each write. */
void spool_reopen(struct spool *spool);

/* Pieces that were dropped, or that a file refused, so far. */
uint64_t spool_dropped(struct spool *spool);

/* Bytes that wait now. */
size_t spool_waiting(struct spool *spool);

#endif
