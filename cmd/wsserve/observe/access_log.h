/*
 * access_log: --access-log, one line a request, refused ones included.
 *
 *     127.0.0.1 - - [31/Jan/2026:12:00:00 +0000] "GET /chat HTTP/1.1" 101 0 "-" "curl/8"
 *         conn=mgx3k2a1-17 trace=-
 *
 * (in one line): the combined format of web servers; with --log-format=json an object with the
 * event "access" (docs/log.schema.json). To standard error among the log's lines, or to a file,
 * through a spool of its own. Times are UTC.
 */
#ifndef CMD_WSSERVE_OBSERVE_ACCESS_LOG_H
#define CMD_WSSERVE_OBSERVE_ACCESS_LOG_H

#include "cmd/common/log.h"
#include <ws/handshake.h>

#include <stdbool.h>
#include <stdint.h>

struct access_log;

/* Writes to `path`, or NULL: to `log`, among its lines. `log` gives the format too and must outlive
 * it. NULL with errno. */
struct access_log *access_log_open(const struct log *log, const char *path);

/* Writes what is queued, for at most `timeout_ms`, and frees it. NULL is allowed. */
void access_log_close(struct access_log *access_log, int timeout_ms);

/* Reopens the file by its path (log rotation). NULL is allowed. */
void access_log_reopen(struct access_log *access_log);

struct access_log_entry {
    uint64_t conn;
    const char *peer;                 /* the client's address */
    const char *trace;                /* or NULL */
    const struct ws_request *request; /* NULL: the input was no HTTP request */
    const char *target;               /* of it, as it may be logged */
    unsigned status;
    uint64_t bytes; /* of the answer */
};

/* Writes one line. Any thread. */
void access_log_line(const struct access_log *access_log, const struct access_log_entry *entry);

#endif
