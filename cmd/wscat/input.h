/*
 * input: standard input, cut into messages.
 *
 * Reads when it is told to (the connection is open and takes more), hands every message over as
 * soon as it is whole, and says when there is no more. What it hands over belongs to the receiver
 * until the next message, and may be written to.
 */
#ifndef CMD_WSCAT_INPUT_H
#define CMD_WSCAT_INPUT_H

#include "cmd/wscat/settings.h"
#include <ws/loop.h>

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct input_receiver {
    /* A message. False: no more of them for now; reading has been stopped by then. */
    bool (*message)(void *context, void *data, size_t len);
    /* The end: all of it was handed over. */
    void (*end)(void *context);
    /* It cannot go on: one line that says why. */
    void (*fault)(void *context, const char *why);
};

struct input {
    struct ws_watch watch;
    struct ws_deferred task; /* lines that were left when reading stopped */
    struct ws_loop *loop;
    const struct input_receiver *receiver;
    void *context;
    enum input_form form;
    bool text; /* lines must be UTF-8 */
    bool stopped;
    bool ended;
    bool own;        /* the descriptor is ours to close */
    size_t max;      /* bytes of a message */
    uint8_t *buffer; /* bytes begin..end are read and not yet handed over */
    size_t begin, end, capacity;
    size_t searched; /* of them, those without a newline */
    uint64_t line;   /* that was handed over last */
};

/* Of standard input; stopped at first. `max` bounds a message. */
void input_init(struct input *input, struct ws_loop *loop, enum input_form form, bool text,
                size_t max, const struct input_receiver *receiver, void *context);

/* Both may be called at any time, also by the receiver. After the end nothing happens. */
void input_start(struct input *input);
void input_stop(struct input *input);

/* Never to be started again. */
void input_free(struct input *input);

#endif
