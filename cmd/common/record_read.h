/*
 * record_read: the reading half of the JSON Lines record (docs/record.schema.json).
 *
 * One line becomes one record, read by jansson. What a reader has no use for (t, us, dir, len) is
 * not looked at, and members that it does not know are passed over, so a record may be as short as
 * {"data":"hello"}. Any file of cmd/ may call it. No state beyond the record.
 *
 *     struct record_in in;
 *     const char *fault = record_read(&in, line, len);
 *     if (!fault)
 *         … in.type, in.data, in.len, in.conn …
 *     record_in_free(&in);
 */
#ifndef CMD_COMMON_RECORD_READ_H
#define CMD_COMMON_RECORD_READ_H

#include "cmd/common/record.h"

#include <stddef.h>
#include <stdint.h>

/* Strings end in NUL, live as long as the record, and are NULL where the line has none. */
struct record_in {
    enum record_type type; /* RECORD_TEXT for "data" and RECORD_BINARY for "b64", unless it says */
    const void *data;      /* the payload, behind which a NUL stands; may be written to */
    size_t len;
    const char *conn;   /* the one it is for or from */
    const char *group;  /* those that it is for */
    const char *except; /* who of them is left out */
    unsigned code;      /* CLOSE: 0 where there is none */
    const char *reason; /* CLOSE */

    /* Private. */
    void *root;
    uint8_t *bytes;
};

/*
 * Reads `len` bytes: one JSON object, white space around it allowed. Returns NULL, or one line on
 * what is wrong, constant. The record is to be freed in either case.
 */
const char *record_read(struct record_in *in, const void *line, size_t len);

void record_in_free(struct record_in *in);

#endif
