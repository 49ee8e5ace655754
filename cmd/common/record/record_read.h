/*
 * record_read: the reading half of the JSON Lines record (docs/record.schema.json).
 *
 * Parses one line into one record, with jansson. Members that a reader does not need (len) and
 * unknown ones are ignored, so a record may be as short as {"data":"hello"}. Any file of
 * cmd/ may call it. No state beyond the record.
 *
 *     struct record_in in;
 *     const char *problem = record_read(&in, line, len);
 *     if (!problem)
 *         … in.type, in.data, in.len, in.conn …
 *     record_in_free(&in);
 */
#ifndef CMD_COMMON_RECORD_RECORD_READ_H
#define CMD_COMMON_RECORD_RECORD_READ_H

#include "cmd/common/record/record.h"

#include <stddef.h>
#include <stdint.h>

/* Strings are NUL-terminated, live as long as the record, and are NULL if the line lacks the
 * member. Not to be copied: one of them may lie within it. */
struct record_in {
    enum record_type type; /* default: RECORD_TEXT for "data", RECORD_BINARY for "b64" */
    const void *data;      /* the payload, followed by a NUL; the caller may overwrite it */
    size_t len;
    enum record_direction direction; /* default: RECORD_OUT */
    bool has_direction;
    bool by_server; /* OPEN: as a server records it: it has answered, and has no times of connecting
                     */
    int64_t utc_us; /* "t", since 1970; 0 if there is none */
    int64_t elapsed_us;  /* "us"; 0 if there is none */
    const char *conn;    /* the receiver's or the sender's name */
    bool conn_is_number; /* which was a number, not a string */
    uint32_t stream;     /* of HTTP/2; 0 if there is none */
    const char *group;   /* a group of receivers */
    const char *except;  /* the connection that does not receive it */
    unsigned code;       /* CLOSE: 0 if there is none */
    const char *reason;  /* CLOSE */
    const char *url;     /* OPEN */

    /* Private. */
    char number[24]; /* that `conn` is */
    void *root;
    uint8_t *bytes;
};

/*
 * Reads `len` bytes: one JSON object, optionally with white space around it. Returns NULL, or a
 * constant message of one line. Free the record in either case.
 */
const char *record_read(struct record_in *in, const void *line, size_t len);

/* Why the frame of a close record cannot be sent, or NULL. Recordings have such records: 1006 and
 * 1015 say how a connection ended, and are in no frame (RFC 6455 7.4.1). A constant message of one
 * line. */
const char *record_close_problem(const struct record_in *in);

/* The code to send of one without a problem: WS_CLOSE_NO_CODE is a frame without one. */
unsigned record_close_code(const struct record_in *in);

void record_in_free(struct record_in *in);

/* Whose recording it is, by its "open" records. Of a recording that does not say it is taken to be
 * the reader's own side. Starts as all zero. */
struct record_side {
    bool known, server;
};

/* To be called with each record: was it sent by the server, or else by the client? True for one
 * without a direction, which says what is to be sent. */
bool record_sent_by(struct record_side *side, const struct record_in *in, bool server);

#endif
