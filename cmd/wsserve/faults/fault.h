/*
 * fault: injected faults (--fault=NAME[:ARG][@PROB]), and when they happen.
 *
 * For authors of clients: what does theirs do when a server misbehaves? Nothing is random: whether
 * the k-th message of a connection gets a fault is a function of the seed, the connection's id and
 * k, so the same --seed gives the same faults, whatever else happens. settings_operate parses them,
 * fault_frames applies those that show in bytes, fault_conn the others.
 */
#ifndef CMD_WSSERVE_FAULTS_FAULT_H
#define CMD_WSSERVE_FAULTS_FAULT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum fault_name {
    FAULT_DELAY,          /* output is sent this much later */
    FAULT_REJECT,         /* the upgrade is refused with an HTTP status */
    FAULT_CLOSE_AFTER,    /* after N messages: a close with 1011 */
    FAULT_ABORT_AFTER,    /* after N messages: a reset */
    FAULT_NO_PONG,        /* pings are not answered */
    FAULT_NO_CLOSE_REPLY, /* a close frame is not answered, and the connection stays open */
    FAULT_MASK,           /* a message is masked, as only a client's may be */
    FAULT_BAD_UTF8,       /* a text is not UTF-8 */
    FAULT_RSV,            /* RSV1 is set */
    FAULT_TRUNCATE,       /* a frame, and with it the connection, ends early */
    FAULT_SPLIT_WRITES,   /* N bytes at a time, a millisecond apart */
    FAULT_DROP,           /* a message is not sent */
    FAULT_DUPLICATE,      /* a message is sent twice */
    FAULT_REORDER,        /* a message is sent after the next one */
    FAULT_FLIP,           /* N bits of a payload are inverted */
    FAULT_WRONG_ACCEPT,   /* Sec-WebSocket-Accept does not match the key */
    FAULT_COUNT,
};

struct fault {
    enum fault_name name;
    uint32_t arg;         /* milliseconds, a status, messages, bytes or bits: see the table */
    uint64_t probability; /* of 2^32 */
};

enum { FAULTS_MAX = 32 };

/* All zero: none. */
struct faults {
    struct fault list[FAULTS_MAX];
    size_t count;
    uint64_t seed;
};

/* Reads "NAME", "NAME:ARG", "NAME@PROB" or "NAME:ARG@PROB", PROB being "0.1" or "10%". NULL, or
 * what was expected instead. */
const char *fault_parse(const char *text, struct fault *fault);

/* "delay", "close-after": constant. */
const char *fault_name(enum fault_name name);

/* "delay|reject|…", for help and completion; constant. */
extern const char fault_names[];

/* What a fault applies to: each has a sequence of its own. */
enum fault_about { FAULT_OF_CONN, FAULT_OF_HEAD, FAULT_OF_MESSAGE, FAULT_OF_CONTROL };

/* Does a fault of that name happen to the `k`-th message (or what `about` says) of connection
 * `conn`? The first of the list that does, or NULL. */
const struct fault *fault_happens(const struct faults *faults, enum fault_name name, uint64_t conn,
                                  enum fault_about about, uint64_t k);

/* A number below `bound` (not 0) for something that happens: a place in a payload. As repeatable.
 */
uint64_t fault_number(const struct faults *faults, enum fault_name name, uint64_t conn, uint64_t k,
                      uint64_t bound);

#endif
