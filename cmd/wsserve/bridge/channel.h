/*
 * channel: bytes to and from a process, a service or our own standard streams, with back-pressure.
 *
 * One or two descriptors on the loop, with the high and low water of a connection: what cannot be
 * written is queued, and the writer is to pause until the queue is drained; reading stops while its
 * user is not ready. While idle it owns no memory. process, shared, pipe and proxy use it. One
 * thread's, its loop's.
 */
#ifndef CMD_WSSERVE_BRIDGE_CHANNEL_H
#define CMD_WSSERVE_BRIDGE_CHANNEL_H

#include "libws/proto/bytes.h"
#include <ws/loop.h>

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { CHANNEL_READ_SIZE = 64 * 1024 }; /* as much as a pipe holds */

struct channel;

/* Callbacks; none is called from inside a call of the user's. */
struct channel_user {
    /* May more be read? Asked before each read; after false, call channel_resume(). NULL: yes. */
    bool (*ready)(struct channel *channel);
    /* `len` bytes were read; valid and writable during the call. */
    void (*input)(struct channel *channel, uint8_t *data, size_t len);
    /* The end of input: WS_E_LOST, or the error. */
    void (*end)(struct channel *channel, enum ws_error why);
    /* The queue is below low water again, after channel_full(). NULL: ignored. */
    void (*drained)(struct channel *channel);
    /* The other side reads no more, WS_E_RESET, or another error; the queue was dropped. NULL:
     * ignored. */
    void (*broken)(struct channel *channel, enum ws_error why);
};

/* Embedded; private except `user`, which is set before channel_open(). */
struct channel {
    const struct channel_user *user;
    struct ws_loop *loop;
    uint8_t *memory; /* CHANNEL_READ_SIZE bytes to read into, shared by a loop's channels */
    size_t high_water;
    struct ws_watch in, out; /* out.fd -1: `in` is both */
    struct ws_deferred task;
    struct ws_bytes *queue; /* not written yet */
    bool duplex;
    bool opened;
    bool reading; /* until the end of input */
    bool paused;
    bool full;
    bool writable; /* until channel_finish() or an error */
    bool finishing;
    bool relayed; /* relay_in()'s: a client's message is among what was written */
    bool heard;   /* once the descriptor to write to is closed: channel_heard() */
    uint64_t written;
};

/*
 * Begins with the non-blocking descriptors `in` and `out`, which belong to the channel from here on
 * (not on failure) and may be the same; `memory` is CHANNEL_READ_SIZE bytes, only used inside
 * calls. The channel is paused until channel_resume(). WS_OK, WS_E_NO_MEMORY, WS_E_IO.
 */
enum ws_error channel_open(struct channel *channel, struct ws_loop *loop, int in, int out,
                           uint8_t *memory, size_t high_water);

/* Queues a copy, which is written at the end of the batch, or when the other side takes it.
 * WS_OK, WS_E_CLOSING after channel_finish() or when it is broken, WS_E_NO_MEMORY. */
enum ws_error channel_write(struct channel *channel, const void *data, size_t len);

/* Is the queue above high water? */
static inline bool channel_full(const struct channel *channel)
{
    return channel->full;
}

/* No more writes: once the queue is empty the other side gets the end of its input. */
void channel_finish(struct channel *channel);

/* Starts reading, or continues after `ready` returned false. */
void channel_resume(struct channel *channel);

/* Is the input not at its end yet? */
static inline bool channel_reading(const struct channel *channel)
{
    return channel->reading;
}

/* Reads no more, for good. */
void channel_stop(struct channel *channel);

static inline bool channel_paused(const struct channel *channel)
{
    return channel->paused;
}

/* Bytes that wait to be written. */
static inline size_t channel_queued(const struct channel *channel)
{
    return ws_bytes_len(channel->queue);
}

/* Has the other side taken any byte of what was written? Known of pipes; else it is assumed as soon
 * as the kernel has one. */
bool channel_heard(const struct channel *channel);

/* Closes both; what is queued is lost. Safe at any time, also before channel_open() and again. */
void channel_close(struct channel *channel);

#endif
