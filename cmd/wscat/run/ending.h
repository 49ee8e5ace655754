/*
 * ending: when wscat leaves. The rule about the end of input, as a state machine.
 *
 *     TALKING -> WAITING -> CLOSING -> WRITING -> DONE
 *
 * The end of input does not end the connection: wscat goes on reading until the server closes,
 * --count or --expect is met, or --wait has passed in silence. Then it closes, prints what arrives
 * until the server's close frame, and ends once all of it was written. It knows no connection and
 * no clock: run/run.c and listen/listen.c report events, and carry out the action that each
 * returns.
 */
#ifndef CMD_WSCAT_RUN_ENDING_H
#define CMD_WSCAT_RUN_ENDING_H

#include <stdbool.h>
#include <stdint.h>

enum ending_state {
    ENDING_TALKING, /* more may be sent */
    ENDING_WAITING, /* input has ended; silence is waited for */
    ENDING_CLOSING, /* the closing handshake has begun, by either side */
    ENDING_WRITING, /* the connection has ended; standard output has not taken everything */
    ENDING_DONE,
};

enum ending_event {
    ENDING_INPUT_ENDED,
    ENDING_SILENCE,          /* --wait has passed, see ending_silent_at_ms() */
    ENDING_ENOUGH,           /* --count or --expect is met, or the input asks for a close */
    ENDING_READER_LEFT,      /* nothing can be written to standard output any more */
    ENDING_PEER_CLOSES,      /* its close frame came */
    ENDING_CONNECTION_ENDED, /* or could not be made */
    ENDING_WRITTEN,          /* standard output has taken everything */
    ENDING_HURRY,            /* a signal, or --timeout */
};

enum ending_action {
    ENDING_NOTHING,
    ENDING_AWAIT_SILENCE,
    ENDING_CLOSE, /* begin the closing handshake, read no more input */
    ENDING_WRITE, /* wait until standard output has taken everything */
    ENDING_STOP,  /* at once */
};

struct ending {
    enum ending_state state;
    int64_t wait_ms; /* --wait; negative: silence does not end it */
    bool at_once;    /* --exit-on-eof */
};

/* Begins in TALKING. */
void ending_init(struct ending *ending, int64_t wait_us, bool at_once);

/* What to do now that this happened. */
enum ending_action ending_next(struct ending *ending, enum ending_event event);

/* Another connection follows, and input after all: WAITING becomes TALKING. */
void ending_reopen(struct ending *ending);

/*
 * When the silence will have lasted long enough, in the same milliseconds as `now_ms`; now_ms or
 * earlier: it has. It begins at the last byte in either direction, and not before everything of
 * ours was sent and everything received was printed, which is not so while `busy` is set.
 */
int64_t ending_silent_at_ms(const struct ending *ending, int64_t now_ms, int64_t last_moved_ms,
                            bool busy);

#endif
