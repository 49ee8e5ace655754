/*
 * output: standard output, written without ever blocking the connection.
 *
 * A slow reader must slow down the socket but not stop the pings, signals and time limits. What
 * stdout does not take waits in a buffer; above its high-water mark output_full() is true and the
 * caller stops reading from the connection. Buffered bytes are written at the end of the loop's
 * batch at the latest.
 */
#ifndef CMD_WSCAT_OUTPUT_OUTPUT_H
#define CMD_WSCAT_OUTPUT_OUTPUT_H

#include <ws/loop.h>

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct output_receiver {
    /* The buffer fell below the low-water mark after output_full() was true. */
    void (*unblocked)(void *context);
    /* Everything was written. */
    void (*written)(void *context);
    /* Nothing can be written any more: the reader has left (`number` is EPIPE), or a write has
     * failed with this errno. What was buffered is lost. Called once. */
    void (*failed)(void *context, int number);
};

enum output_kind {
    OUTPUT_BLOCKS, /* a file, or a device that is never slow */
    OUTPUT_OWN,    /* a pipe or terminal, opened again to be non-blocking */
    OUTPUT_SHARED, /* one that could not be opened again */
    OUTPUT_SOCKET,
};

struct output {
    struct ws_watch watch;
    struct ws_deferred task;
    struct ws_loop *loop;
    enum output_kind kind;
    bool pipe; /* whatever kind of those it is */
    bool watching;
    bool full; /* above the high-water mark */
    int failure;
    bool reported;
    struct ws_bytes *buffer;
    const struct output_receiver *receiver;
    void *context;
};

void output_init(struct output *output, struct ws_loop *loop,
                 const struct output_receiver *receiver, void *context);

/* Writes the bytes or buffers them. */
void output_write(struct output *output, const void *data, size_t len);

/* The same of a line and the byte that ends it. */
void output_line(struct output *output, const void *data, size_t len, char end);

/* The same of `count` short lines of `len` bytes, `step` bytes apart. */
void output_lines(struct output *output, const uint8_t *data, size_t len, size_t step, size_t count,
                  char end);

/* True while the caller must not produce more output. */
static inline bool output_full(const struct output *output)
{
    return output->full && !output->failure;
}

/* Moves up to `len` bytes from the socket `fd` to stdout without looking at them, and returns how
 * many; the kernel copies none of them. 0: stdout is no pipe, or something waits to be written
 * before; or with output_full(), the pipe has no space. */
size_t output_splice(struct output *output, int fd, size_t len);

/* True while something waits to be written. */
bool output_pending(const struct output *output);

/* Writes what can be written without waiting, and forgets the rest. */
void output_free(struct output *output);

#endif
