/*
 * source: the bytes of a capture, from a file that is mapped or from a descriptor that is read.
 *
 * A regular file is mapped, a window of a few MiB at a time: its bytes are not copied, and most of
 * those that nothing looks at are never loaded. All else is read into a buffer. Memory is bounded
 * by the window and by the longest record.
 *
 * A file may become shorter while it is mapped: the kernel sends SIGBUS for what is gone. Those
 * pages read as zeros instead, and source_need() fails from then on.
 *
 * One source at a time, on one thread. Called by read_pcap and read_pcapng.
 */
#ifndef CMD_WSFRAME_READ_SOURCE_H
#define CMD_WSFRAME_READ_SOURCE_H

#include "cmd/wsframe/read/bytes.h"

#include <string.h>

struct source {
    const uint8_t *data; /* the next bytes: valid until source_need() or source_end() */
    size_t len;          /* how many of them are there */
    bool swapped;        /* for the caller: its numbers have the other byte order */
    /* Private. */
    int fd;
    uint8_t *window; /* of the file; NULL: it is read, not mapped, or has ended */
    size_t window_len;
    bool is_mapped;
    uint64_t window_at;
    struct ws_bytes *buffer;
    int error; /* of the system call that failed; or 0 */
};

/* Begins with the bytes of `head`, which were already read from `fd`. Both are borrowed until
 * source_end(). */
void source_begin(struct source *source, struct ws_bytes *head, int fd);
void source_end(struct source *source);

/* Makes at least `len` bytes available. False, with what is left, where the input ends before, or
 * cannot be read. */
bool source_need(struct source *source, size_t len);

/* Goes on after `len` bytes, which are available. */
static inline void source_take(struct source *source, size_t len)
{
    source->data += len;
    source->len -= len;
}

/* Has the processor load the headers of the record after `len` bytes while this one is decoded:
 * records are too far apart for it to foresee that. */
static inline void source_prefetch(const struct source *source, size_t len)
{
    for (size_t i = 0; i < 192 && len + i < source->len; i += 64)
        __builtin_prefetch(source->data + len + i);
}

/* A number of four bytes, or two, in the file's byte order. */
static inline uint32_t source_get32(const struct source *source, const uint8_t *p)
{
    uint32_t value;
    memcpy(&value, p, sizeof value);
    return source->swapped ? __builtin_bswap32(value) : value;
}

static inline unsigned source_get16(const struct source *source, const uint8_t *p)
{
    uint16_t value;
    memcpy(&value, p, sizeof value);
    return source->swapped ? __builtin_bswap16(value) : value;
}

/* Why source_need() failed; NULL: the input ends here. Valid until the next call of strerror(). */
const char *source_problem(const struct source *source);

#endif
