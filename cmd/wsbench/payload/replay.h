/*
 * replay: the messages of a recording (docs/record.schema.json) with their times.
 *
 * Read once, before the workers start, and shared by them.
 */
#ifndef CMD_WSBENCH_PAYLOAD_REPLAY_H
#define CMD_WSBENCH_PAYLOAD_REPLAY_H

#include "libws/proto/bytes.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct replay_message {
    int64_t at_us; /* since the first message */
    size_t offset, len;
    bool binary;
};

struct replay {
    struct replay_message *messages; /* owned */
    size_t count;
    struct ws_bytes *data; /* owned */
};

/* Reads the text and binary messages of the client, whether it or the server has recorded them;
 * there has to be one. False after writing why to `problem`, which is ""
 * where the file cannot be read: that is printed. Free it with replay_free() in either case. */
bool replay_read(struct replay *replay, const char *file, char *problem, size_t size);
void replay_free(struct replay *replay);

#endif
