/*
 * output: standard output, written without ever blocking the connection.
 *
 * A slow reader must slow the socket down, not stop the pings; so what stdout does not take waits
 * here, and above high water the receiver is told to hold back. Bytes leave at the end of the
 * loop's batch at the latest.
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
    bool own;  /* the descriptor is ours */
    bool full; /* above high water */
    uint8_t *buffer;
    size_t begin, end, capacity;
    void *context;
    void (*relief)(void *context); /* below low water again, after output_full() was true */
};

void output_init(struct output *output, struct ws_loop *loop, void (*relief)(void *context),
                 void *context);

/* Writes, or keeps for later. When stdout is gone the program ends here: quietly if nobody reads
 * it any more, else with a message and exit code 1. */
void output_write(struct output *output, const void *data, size_t len);

/* Has somebody to hold back for now? */
static inline bool output_full(const struct output *output)
{
    return output->full;
}

/* Waits until everything is written. */
void output_finish(struct output *output);

void output_free(struct output *output);

#endif
