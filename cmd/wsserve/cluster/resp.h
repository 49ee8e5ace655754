/*
 * resp: Redis's protocol (RESP2) with hiredis: what Redis says as replies.
 *
 * hiredis's reader collects bytes until an element is whole; here it is kept from more than that:
 * what a length or a count merely claims allocates nothing, and a reply that is larger than the
 * limit, nested, or of more parts than any that wsserve asks for is a violation. Only the last part
 * of an array, where payloads are, may be larger: it is passed over as it comes. Used by
 * redis_link. Without hiredis (WITH_REDIS=0) resp_none.c stands in its place.
 */
#ifndef CMD_WSSERVE_CLUSTER_RESP_H
#define CMD_WSSERVE_CLUSTER_RESP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    RESP_PARTS_MAX = 3, /* of an array: "message", a channel, a payload */
    RESP_SHORT_MAX =
        8192, /* bytes of a part that others follow: names of channels are not longer */
};

enum resp_kind {
    RESP_STRING,
    RESP_STATUS,
    RESP_ERROR,
    RESP_INTEGER,
    RESP_NIL,
    RESP_TOO_LARGE, /* a string of `len` bytes, more than there may be: `data` is NULL */
};

struct resp_part {
    enum resp_kind kind;
    const char *data; /* STRING, STATUS, ERROR: `len` bytes */
    size_t len;
    int64_t number; /* INTEGER */
};

/* All of it is valid during the call that hands it over. */
struct resp_reply {
    bool array; /* else there is one part */
    size_t count;
    struct resp_part parts[RESP_PARTS_MAX];
};

struct resp;

/* A reader of replies of at most `max` bytes each. NULL without memory, or without hiredis. */
struct resp *resp_new(size_t max);
void resp_free(struct resp *resp);

/* Takes `len` bytes that Redis has sent and calls `got` with each reply that they complete, until
 * it returns false. False at a violation, and ever after: resp_violation() describes it. */
bool resp_feed(struct resp *resp, const char *data, size_t len,
               bool (*got)(void *context, const struct resp_reply *reply), void *context);

/* One line, no full stop; "" while there was none. Lives as long as `resp`. */
const char *resp_violation(const struct resp *resp);

/* Is hiredis there? */
bool resp_available(void);

#endif
