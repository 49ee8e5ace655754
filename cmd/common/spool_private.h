/*
 * spool_private: what the two files of the spool share, and nobody else.
 *
 * spool.c has the queue and its thread; spool_file.c writes a file, on that thread.
 */
#ifndef CMD_COMMON_SPOOL_PRIVATE_H
#define CMD_COMMON_SPOOL_PRIVATE_H

#include "cmd/common/spool.h"

#include <pthread.h>

struct piece;

struct spool_file {
    struct spool_file *next, *prev; /* all of the spool */
    int fd;                         /* -1: to be opened */
    int dir;
    char *path; /* NULL: the descriptor is somebody else's */
    unsigned mode;
    unsigned reopened; /* the spool's, when it was opened */
    bool stays_open;
    bool partial_line; /* it ends in the middle of a line */
    uint64_t missing;  /* under the lock: pieces that are not in it, and that it does not tell of */
};

struct spool {
    struct spool_options options;
    pthread_t thread;
    pthread_mutex_t lock;
    pthread_cond_t more, ended;
    int cancel_fd; /* readable: the thread shall wait for no file any more */

    /* Under the lock. */
    struct piece *first, **end;
    size_t bytes; /* of pieces, those that the thread has in hand included */
    uint64_t dropped;
    bool stopping, waiting, gone;
    bool unreported; /* some file has something missing */
    unsigned reopened;
    struct spool_file *files; /* the thread alone takes any away */

    /* The thread's. */
    struct spool_file *open; /* the one that was opened for a write */
    bool abandoned;
};

/* Opens a file by path. False with errno. */
bool spool_file_open(struct spool_file *file);

/* Closes a file by path, if it is open. */
void spool_file_close(struct spool *spool, struct spool_file *file);

/* Has the file open, the newest of its path, and of those that need not stay so no other. */
bool spool_file_ready(struct spool *spool, struct spool_file *file);

/* Writes all of it, as long as it takes; behind a line that was torn on one of its own. False where
 * the file refuses it, or nobody wants to wait any longer. */
bool spool_file_write(struct spool *spool, struct spool_file *file, const char *data, size_t len);

#endif
