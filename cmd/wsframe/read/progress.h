/*
 * progress: how far the frames of a direction have come, for readers that must know whether bytes
 * begin a frame or go on with one.
 *
 * Called by read_log; no state of its own.
 */
#ifndef CMD_WSFRAME_READ_PROGRESS_H
#define CMD_WSFRAME_READ_PROGRESS_H

#include <ws/frame.h>

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* All zero: nothing has come. */
struct progress {
    uint8_t header[WS_HEADER_MAX];
    size_t header_len;
    uint64_t left; /* bytes of the payload */
    bool broken;   /* these are no frames, or none that are known */
};

void progress_advance(struct progress *progress, const uint8_t *data, size_t len);

/* Is no frame incomplete? Not where the bytes are no frames. */
bool progress_at_boundary(const struct progress *progress);

/* Can a frame begin with these bytes, that is allowed where no message is incomplete? */
bool progress_begins(const uint8_t *data, size_t len);

#endif
