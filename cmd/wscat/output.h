/*
 * output: standard output, written without ever blocking the connection.
 *
 * A slow reader must slow down the socket but not stop the pings. What stdout does not take waits
 * in a buffer; above its high-water mark output_full() is true and the caller stops reading from
 * the connection. Buffered bytes are written at the end of the loop's batch at the latest.
 */
#ifndef CMD_WSCAT_OUTPUT_H
#define CMD_WSCAT_OUTPUT_H

#include <ws/loop.h>

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct output {
    struct ws_watch watch;
    struct ws_deferred task;
    struct ws_loop *loop;
    bool watching;
    bool own;  /* the descriptor must be closed */
    bool full; /* above the high-water mark */
    struct ws_bytes *buffer;
    void *context;
    void (*on_unblocked)(void *context); /* called when the buffer falls below the low-water mark
                                      after output_full() was true */
};

void output_init(struct output *output, struct ws_loop *loop, void (*on_unblocked)(void *context),
                 void *context);

/* Writes the bytes or buffers them. A write error ends the program: quietly if the reader has
 * closed the pipe, else with a message and exit code 1. */
void output_write(struct output *output, const void *data, size_t len);

/* True while the caller must not produce more output. */
static inline bool output_full(const struct output *output)
{
    return output->full;
}

/* Waits until all bytes are written. */
void output_finish(struct output *output);

void output_free(struct output *output);

#endif
