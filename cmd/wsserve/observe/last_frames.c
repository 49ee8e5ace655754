#include "cmd/wsserve/observe/last_frames.h"

#include <stdlib.h>

struct last_frames {
    uint64_t count; /* ever */
    struct ws_frame ring[LAST_FRAMES];
};

void last_frames_note(struct last_frames **frames, const struct ws_frame *frame)
{
    if (!*frames)
        *frames = calloc(1, sizeof **frames);
    if (*frames)
        (*frames)->ring[(*frames)->count++ % LAST_FRAMES] = *frame;
}

size_t last_frames_fields(const struct ws_frame *frame, struct log_field fields[LAST_FRAMES_FIELDS])
{
    size_t n = 0;
    if (frame->known >= 1) {
        fields[n++] = log_word("opcode", ws_opcode_name(frame->opcode));
        fields[n++] = log_number("fin", frame->fin);
        fields[n++] = log_number("rsv", frame->rsv);
    }
    if (frame->known >= 2)
        fields[n++] = log_number("masked", frame->masked);
    if (frame->known >= 2u + frame->length_bytes)
        fields[n++] = log_number("len", frame->length);
    return n;
}

void last_frames_log(const struct last_frames *frames, const struct log *log, uint64_t conn)
{
    struct log_field fields[LAST_FRAMES_FIELDS];
    if (!frames)
        return;
    uint64_t first = frames->count > LAST_FRAMES ? frames->count - LAST_FRAMES : 0;
    for (uint64_t i = first; i < frames->count; i++) {
        size_t n = last_frames_fields(&frames->ring[i % LAST_FRAMES], fields);
        log_fields(log, WS_LOG_DEBUG, conn, "frame", fields, n,
                   "number %llu of what it sent:", (unsigned long long)i + 1);
    }
}
