/*
 * record: the JSON Lines record, one schema for the toolkit (docs/record.schema.json).
 *
 * What wscat --jsonl, wsserve --record and wsframe -o jsonl write, and wsbench --replay, wscat
 * --input=jsonl and wsframe encode --from=jsonl read. This is the writing half; any of these tools
 * may call it. It has no state.
 */
#ifndef CMD_COMMON_RECORD_RECORD_H
#define CMD_COMMON_RECORD_RECORD_H

#include "cmd/common/json.h"
#include <ws/error.h>
#include <ws/http.h>
#include <ws/session.h>

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum record_direction { RECORD_IN, RECORD_OUT };

enum record_type {
    RECORD_OPEN,
    RECORD_TEXT,
    RECORD_BINARY,
    RECORD_PING,
    RECORD_PONG,
    RECORD_CLOSE,
    RECORD_ERROR,
};

/* The duration of each step of opening, in microseconds; negative for a step that did not happen,
 * which is left out. */
struct record_timing {
    int64_t dns;
    int64_t tcp;
    int64_t proxy;
    int64_t tls;
    int64_t upgrade;
};

/* All pointers are borrowed for the call. Fields of other types are ignored. */
struct record {
    int64_t utc_us;        /* wall clock, microseconds since 1970 */
    int64_t elapsed_us;    /* monotonic, microseconds since open */
    uint64_t conn;         /* number of the connection, from 1; 0: left out */
    const char *conn_name; /* is written in its place, as another tool has named it; or NULL */
    uint32_t stream;       /* of HTTP/2, in that connection; 0: left out */
    enum record_direction direction;
    enum record_type type;
    const void *data; /* TEXT, BINARY, PING, PONG: the payload */
    size_t len;
    struct {
        unsigned code;      /* 1005 and 1006 if there was none */
        const char *reason; /* or NULL */
        size_t reason_len;
        bool clean; /* a close frame was received or sent */
    } close;
    struct {
        const char *url; /* each may be NULL: written as null */
        unsigned status; /* HTTP; 0: null */
        const char *subprotocol;
        const char *extensions;
        const struct record_timing *timing; /* or NULL: left out */
    } open;
    struct {
        enum ws_error error; /* its name, explanation and section are written */
        uint64_t offset;     /* of the invalid byte, from the first byte of the stream */
        bool has_offset;
        unsigned status; /* HTTP, of a refused upgrade; 0: left out */
    } error;
};

/* "text", "ping", …: constant. */
const char *record_type_name(enum record_type type);

/* Sets the type and what goes with it, which points into the event; the rest of `record` is left
 * alone. False: it is no event that is recorded. */
bool record_of_event(struct record *record, const struct ws_event *event);

/* The URL that a client asked a server for, to be freed; NULL without memory. A target that has a
 * scheme and a host is the URL. */
char *record_requested_url(bool tls, struct ws_str host, struct ws_str target);

/* Adds one line, with its newline. `json` must be between two documents; json->failed is set when
 * memory runs out. */
void record_write(struct json *json, const struct record *record);

#endif
