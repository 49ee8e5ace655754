/*
 * input: reads standard input and splits it into messages.
 *
 * Reads between input_start() and input_stop() (while the connection is open and not full), hands
 * over every message as soon as it is complete, and reports the end. The receiver may use and
 * overwrite a message until the next one.
 */
#ifndef CMD_WSCAT_INPUT_H
#define CMD_WSCAT_INPUT_H

#include "cmd/wscat/settings.h"
#include <ws/loop.h>

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct input_receiver {
    /* A message. False: no more for now; the receiver has called input_stop(). */
    bool (*message)(void *context, void *data, size_t len);
    /* The end of input; everything was handed over. */
    void (*end)(void *context);
    /* Reading failed; `why` is a message of one line. */
    void (*error)(void *context, const char *why);
};

struct input {
    struct ws_watch watch;
    struct ws_deferred task; /* hands over the lines that were left when reading stopped */
    struct ws_loop *loop;
    const struct input_receiver *receiver;
    void *context;
    enum input_form form;
    bool text; /* lines must be UTF-8 */
    bool stopped;
    bool ended;
    bool own;                /* the descriptor must be closed */
    size_t max;              /* bytes of a message */
    struct ws_bytes *buffer; /* what is read and not yet handed over */
    size_t searched;         /* the part of them that was searched for a newline */
    uint64_t line;           /* number of the line handed over last */
};

/* Reads standard input; stopped at first. `max` limits the bytes of a message. */
void input_init(struct input *input, struct ws_loop *loop, enum input_form form, bool text,
                size_t max, const struct input_receiver *receiver, void *context);

/* Both may be called at any time, also by the receiver. No effect after the end. */
void input_start(struct input *input);
void input_stop(struct input *input);

/* Frees the buffer; input cannot be started again. */
void input_free(struct input *input);

#endif
