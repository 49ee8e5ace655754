/*
 * conditional: what of a file a request wants: all, nothing new, or a part (RFC 9110 13, 14).
 *
 * Reads If-Match, If-Unmodified-Since, If-None-Match, If-Modified-Since, Range and If-Range. Pure
 * functions; any thread.
 */
#ifndef CMD_WSSERVE_HTTP_CONDITIONAL_H
#define CMD_WSSERVE_HTTP_CONDITIONAL_H

#include <ws/handshake.h>

#include <stdbool.h>
#include <stdint.h>

/* The file as it is now. */
struct conditional_file {
    const char *etag; /* with its quotes */
    int64_t modified_s;
    uint64_t size;
};

enum conditional {
    CONDITIONAL_WHOLE,
    CONDITIONAL_CHANGED,   /* 412: the client wants another version, or none */
    CONDITIONAL_UNCHANGED, /* 304: the client has this version */
    CONDITIONAL_PART,      /* 206 */
    CONDITIONAL_OUTSIDE,   /* 416: no byte of the range is in the file */
};

/* `*first` and `*len` become the bytes to send: with CHANGED, UNCHANGED and OUTSIDE none. A Range
 * of several parts, or of another unit, counts as none, as a server may decide. */
enum conditional conditional_of(const struct ws_request *request,
                                const struct conditional_file *file, uint64_t *first,
                                uint64_t *len);

#endif
