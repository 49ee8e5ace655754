/*
 * access_log: --access-log, one line a request, refused ones included, and one at the end of each
 * WebSocket.
 *
 *     127.0.0.1 - - [31/Jan/2026:12:00:00 +0000] "GET /chat HTTP/1.1" 101 0 "-" "curl/8"
 *         conn=mgx3k2a1-17 trace=-
 *
 * (in one line; the last line of a WebSocket ends in "duration=1.234567 in=120 sent=1000
 * received=1000": seconds, bytes from the client, close codes, "-" without a close frame): the
 * combined format of web servers; with --log-format=json an object with the event "access"
 * (docs/log.schema.json). To standard error among the log's lines, or to a file, through a spool of
 * its own. Times are UTC.
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

/* What the lines of a WebSocket show of its request, which is gone once it is open. */
struct access_log_request {
    const char *version; /* of HTTP: "1.1"; constant */
    const char *method, *target, *referer, *origin, *agent;
    char text[];
};

/* A copy; `target` as in the entry. From malloc, freed by free(); NULL without memory. */
struct access_log_request *access_log_request_new(const struct ws_request *request,
                                                  const char *target);

/* How a WebSocket ended. */
struct access_log_end {
    int64_t duration_us; /* since the upgrade */
    uint64_t bytes_in;
    unsigned sent, received; /* close codes; WS_CLOSE_ABNORMAL: none */
};

/* Lines so far that its file did not take, or not in time. NULL is allowed. */
uint64_t access_log_dropped(const struct access_log *access_log);

struct access_log_entry {
    uint64_t conn;
    const char *peer;                         /* the client's address */
    const char *trace;                        /* or NULL */
    const struct access_log_request *request; /* NULL: the input was no HTTP request */
    unsigned status;
    uint64_t bytes;                   /* of the answer, or all that a WebSocket was sent */
    const struct access_log_end *end; /* NULL: the request was answered only now */
};

/* Writes one line. Any thread. */
void access_log_line(const struct access_log *access_log, const struct access_log_entry *entry);

#endif
