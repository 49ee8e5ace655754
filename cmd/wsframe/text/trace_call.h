/*
 * trace_call: what strace and the like say of the string in a line: which call it is an argument
 * of, and how many of its bytes went.
 *
 * Called by read_escaped only; no state.
 */
#ifndef CMD_WSFRAME_TEXT_TRACE_CALL_H
#define CMD_WSFRAME_TEXT_TRACE_CALL_H

#include "cmd/wsframe/read/pieces.h"

/* A line that calls a function which sends or receives. */
struct trace_call {
    bool known;
    enum piece_side side;
    size_t line, end; /* where it begins and ends */
    size_t seen;      /* where it was looked at up to */
    bool
        traced; /* a call of the system: its first argument is a number, its result is at the end */
    int fd;     /* that number; -1: not known */
    bool failed;    /* the result is -1 */
    uint64_t total; /* the result: how many bytes went; UINT64_MAX: it does not say */
};

/* The call that the string at `at` is an argument of. `before` is that of the string before, or all
 * zero: no part of a line is looked at twice. */
struct trace_call trace_call_of(const uint8_t *text, size_t len, size_t at,
                                const struct trace_call *before);

/* Does a text show calls of the system, of which those that send and receive have the bytes? */
bool trace_is(const uint8_t *text, size_t len);

/* The length that a traced call says of the string which ends at `at`; UINT64_MAX: none. */
uint64_t trace_vector_length(const uint8_t *text, size_t len, size_t at);

#endif
