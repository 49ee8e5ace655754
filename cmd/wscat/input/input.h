/*
 * input: reads standard input and splits it into messages.
 *
 * Reads between input_start() and input_stop() (while the connection is open and not full), hands
 * over every message as soon as it is complete, and reports the end. Of a message that is larger
 * than a megabyte, pieces are handed over as they come, so memory use is limited whatever the
 * input. Where a message ends is split.h's matter.
 */
#ifndef CMD_WSCAT_INPUT_INPUT_H
#define CMD_WSCAT_INPUT_INPUT_H

#include "cmd/wscat/input/split.h"
#include "cmd/wscat/people/editor.h"
#include <ws/loop.h>
#include <ws/utf8.h>

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/uio.h>

struct input_receiver {
    /* A message, or with `more` a piece of one that is not the last. `data` may be overwritten. */
    void (*message)(void *context, void *data, size_t len, bool more);
    /* Whole ones that were read together, as so many calls of message(). NULL: they come one at a
     * time, so that the receiver may stop after each. */
    void (*messages)(void *context, const struct iovec *messages, size_t count);
    /* One record of --input=jsonl, not NUL-terminated. Returns NULL, or what is wrong with it. */
    const char *(*record)(void *context, const void *line, size_t len);
    /* The end of input; everything was handed over. */
    void (*end)(void *context);
    /* Reading failed; `why` is a message of one line. */
    void (*error)(void *context, const char *why);
};

struct input {
    struct ws_watch watch;
    struct ws_deferred task; /* hands over the messages that were left when reading stopped */
    struct ws_loop *loop;
    const struct input_receiver *receiver;
    void *context;
    struct split split;
    bool text; /* messages must be UTF-8 */
    bool stopped;
    bool at_end; /* nothing more will be read */
    bool ended;  /* and everything was handed over */
    bool own;    /* the descriptor must be closed */
    bool begun;  /* a piece of the present message was handed over */
    size_t max;  /* bytes of a message that cannot be handed over in pieces */
    size_t chunk;
    struct editor *editor;   /* a person types; NULL: bytes are read */
    struct ws_utf8 utf8;     /* of the present message */
    struct ws_bytes *buffer; /* what is read and not yet handed over */
    uint64_t number;         /* of the present message, from 1 */
};

/* Reads standard input as the options say; stopped at first. `edit`: lines are typed at a terminal,
 * if there is one. */
void input_init(struct input *input, struct ws_loop *loop, const struct settings *settings,
                bool edit, const struct input_receiver *receiver, void *context);

/* From now on all of it is one message: "@-". Call it before the first start. */
void input_take_whole(struct input *input);

/* Both may be called at any time, also by the receiver. No effect after the end. */
void input_start(struct input *input);
void input_stop(struct input *input);

/* Is there more of it already that was not handed over? Never of what is typed. */
bool input_pending(const struct input *input);

/* Frees the buffer; input cannot be started again. */
void input_free(struct input *input);

#endif
