/*
 * spool_private: declarations shared by spool.c and spool_file.c only.
 *
 * spool.c has the queue and its thread; spool_file.c writes a file, on that thread.
 */
#ifndef CMD_COMMON_SPOOL_SPOOL_PRIVATE_H
#define CMD_COMMON_SPOOL_SPOOL_PRIVATE_H

#include "cmd/common/spool/spool.h"

#include <pthread.h>
#include <sys/types.h>

struct piece;

struct spool_file {
    struct spool_file *next, *prev; /* list of the spool's files */
    int fd;                         /* -1: to be opened */
    int dir;
    char *path; /* NULL: the descriptor belongs to the caller of spool_on() */
    unsigned mode;
    unsigned reopened; /* the spool's count of reopenings when it was opened */
    bool stays_open;
    bool made;    /* in a folder: this one, */
    dev_t device; /* by which it is known again */
    ino_t inode;
    bool may_wait;     /* the kernel cannot say whether a write to it would wait */
    bool partial_line; /* it ends in the middle of a line */
    uint64_t missing;  /* under the lock: missing pieces that are not reported yet */
    int failing;       /* the error that `trouble` was called with; 0: writing works */
    uint64_t failed;   /* pieces that were not written since then */
};

struct spool {
    struct spool_options options;
    pthread_t thread; /* under the lock, and valid while `started` */
    pthread_mutex_t lock;
    pthread_cond_t more, ended;
    int cancel_fd; /* readable: the thread must not wait for files any more */

    /* Under the lock. */
    struct piece *first, **end;
    size_t bytes; /* of pieces, including those that the thread is writing */
    uint64_t dropped;
    bool started, running; /* the thread: it is to be joined; it will look for work again */
    bool stopping, waiting;
    bool unreported; /* a file has missing pieces that are not reported yet */
    unsigned reopened;
    struct spool_file *files; /* only the thread removes files */

    /* Used by the thread only. */
    struct spool_file *open; /* the file that is open for the current write */
    bool abandoned;
    int error; /* of the last write; 0: it succeeded, or was abandoned */
};

/* Opens a file by path. False with errno. */
bool spool_file_open(struct spool_file *file);

/* Closes a file by path if it is open. */
void spool_file_close(struct spool *spool, struct spool_file *file);

/* Makes sure that the file is open and current after a reopening; closes the other file that was
 * opened for a write only. */
bool spool_file_ready(struct spool *spool, struct spool_file *file);

/* Writes what the file takes without waiting, and returns how much; nothing where it is not known
 * whether it would wait, or where writing fails. While no thread runs. */
size_t spool_file_write_now(struct spool_file *file, const char *data, size_t len);

/* Writes all bytes, however long it takes; after a partial line it begins a new one. False on a
 * write error or when waiting was cancelled. */
bool spool_file_write(struct spool *spool, struct spool_file *file, const char *data, size_t len);

#endif
