/*
 * queue: output of a connection that the kernel has not taken yet.
 *
 * Memory exists only while there are such bytes: an idle connection has none. Borrowed spans
 * are copied into blocks, owned and shared ones move in as they are. Used by conn. One thread's.
 */
#ifndef LIBWS_IO_QUEUE_H
#define LIBWS_IO_QUEUE_H

#include <ws/error.h>
#include <ws/out.h>

#include <stddef.h>
#include <stdint.h>
#include <sys/uio.h>

struct ws_block;

/* All zero is empty. */
struct ws_queue {
    struct ws_block *head;
    struct ws_block *tail;
    size_t bytes;
};

/* Appends what is in `out`, except its first `skip` bytes, and clears `out`. WS_OK, or
 * WS_E_NO_MEMORY with some of the bytes lost: the stream is then broken. */
enum ws_error ws_queue_append(struct ws_queue *queue, struct ws_out *out, size_t skip);

/* Describes the beginning of the queue in at most `max` pieces; returns how many. */
int ws_queue_iov(const struct ws_queue *queue, struct iovec *iov, int max);

/* The first `len` bytes have been sent. */
void ws_queue_consume(struct ws_queue *queue, size_t len);

/* Drops the queued shared frames, except those in the block that is being sent; returns how many
 * messages those were. What is not shared stays, in its order. */
size_t ws_queue_drop_shared(struct ws_queue *queue);

void ws_queue_free(struct ws_queue *queue);

#endif
