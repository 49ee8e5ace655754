/*
 * buffer: a connection's queue of bytes that the kernel would not take yet.
 *
 * It exists only while there are such bytes: an idle connection owns nothing here. Borrowed spans
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

/* Puts what is in `out`, but for its first `skip` bytes, at the end, and clears `out`. WS_OK, or
 * WS_E_NO_MEMORY with some of the bytes lost: the stream is then of no more use. */
enum ws_error ws_queue_append(struct ws_queue *queue, struct ws_out *out, size_t skip);

/* Describes the beginning of the queue in at most `max` pieces; returns how many. */
int ws_queue_iov(const struct ws_queue *queue, struct iovec *iov, int max);

/* The first `len` bytes have been sent. */
void ws_queue_consume(struct ws_queue *queue, size_t len);

/* Forgets the shared frames that are queued, but for the block whose bytes are being sent; returns
 * how many messages those were. What is not shared stays, in its order. */
size_t ws_queue_drop_shared(struct ws_queue *queue);

void ws_queue_free(struct ws_queue *queue);

#endif
