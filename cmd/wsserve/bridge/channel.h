/*
 * channel: bytes to and from something that is no WebSocket: a process, a service, our own standard
 * streams.
 *
 * One or two descriptors on the loop, with the same high and low water as a connection has: what
 * cannot be written waits in a queue, and whoever fills it is told to pause and to go on; reading
 * stops while its user cannot take more. Without either it owns no memory. process, shared, pipe
 * and proxy each stand between a channel and connections. One thread's, its loop's.
 */
#ifndef CMD_WSSERVE_BRIDGE_CHANNEL_H
#define CMD_WSSERVE_BRIDGE_CHANNEL_H

#include <ws/loop.h>

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { CHANNEL_READ_SIZE = 64 * 1024 }; /* as much as a pipe holds */

struct channel;

/* What its user hears. Nothing is called from inside a call of the user's. */
struct channel_user {
    /* May more be read? Asked before each read; after a no channel_resume() says when. NULL: yes.
     */
    bool (*ready)(struct channel *channel);
    /* `len` bytes came; valid during the call, and may be written to. */
    void (*input)(struct channel *channel, uint8_t *data, size_t len);
    /* Nothing more comes: WS_E_LOST at the end, or what went wrong. */
    void (*end)(struct channel *channel, enum ws_error why);
    /* The queue is below low water again, after channel_full(). NULL: nobody waits for it. */
    void (*drained)(struct channel *channel);
    /* Nobody takes what is written any more, WS_E_RESET, or what went wrong; what was queued is
     * gone. NULL: that shows soon enough otherwise. */
    void (*broken)(struct channel *channel, enum ws_error why);
};

/* Embedded; all private but for `user`, which is set before channel_open(). */
struct channel {
    const struct channel_user *user;
    struct ws_loop *loop;
    uint8_t *memory; /* CHANNEL_READ_SIZE bytes to read into, shared by a loop's channels */
    size_t high_water;
    struct ws_watch in, out; /* out.fd -1: `in` is both */
    struct ws_deferred task;
    uint8_t *queue; /* what was not written yet: from `begin` to `end` */
    size_t begin, end, capacity;
    bool duplex;
    bool opened;
    bool reading; /* until the end of input */
    bool paused;
    bool full;
    bool writable; /* until channel_finish() or something broke */
    bool finishing;
};

/*
 * Begins with the non-blocking descriptors `in` and `out`, which belong to the channel from here on
 * (not on failure) and may be the same; `memory` is CHANNEL_READ_SIZE bytes, only used inside
 * calls. The channel is paused until channel_resume(). WS_OK, WS_E_NO_MEMORY, WS_E_IO.
 */
enum ws_error channel_open(struct channel *channel, struct ws_loop *loop, int in, int out,
                           uint8_t *memory, size_t high_water);

/* Queues a copy; it is written by the end of the batch, or as soon as the other side takes it.
 * WS_OK, WS_E_CLOSING after channel_finish() or when it is broken, WS_E_NO_MEMORY. */
enum ws_error channel_write(struct channel *channel, const void *data, size_t len);

/* Is the queue above high water? */
static inline bool channel_full(const struct channel *channel)
{
    return channel->full;
}

/* Nothing more will be written: once the queue is empty the other side sees the end. */
void channel_finish(struct channel *channel);

/* Reads, or goes on reading after `ready` said no. */
void channel_resume(struct channel *channel);

/* Is there something that its user has not read? Of a descriptor that nobody writes to any more: no
 * once its end was seen. */
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
    return channel->end - channel->begin;
}

/* Closes both; what is queued is lost. Safe at any time, also before channel_open() and again. */
void channel_close(struct channel *channel);

#endif
