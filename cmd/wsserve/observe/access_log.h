/*
 * access: --access-log, one line a request, also of those that were refused.
 *
 *     127.0.0.1 - - [31/Jan/2026:12:00:00 +0000] "GET /chat HTTP/1.1" 101 0 "-" "curl/8"
 *         conn=mgx3k2a1-17 trace=-
 *
 * (in one line), as web servers write it and programs that count read it; with --log-format=json an
 * object with the event "access" (docs/log.schema.json). To standard error among the log's lines,
 * or to a file with a spool of its own. Times are UTC. observe.c calls it.
 */
#ifndef CMD_WSSERVE_OBSERVE_ACCESS_LOG_H
#define CMD_WSSERVE_OBSERVE_ACCESS_LOG_H

#include "cmd/common/log.h"
#include <ws/handshake.h>

#include <stdbool.h>
#include <stdint.h>

/* All zero: there is none. */
struct access {
    const struct log *log; /* its format, its clock, and its file where `spool` is NULL */
    struct spool *spool;
    struct spool_file *file;
};

/* To `path`, or NULL: the log's own file. False with errno. */
bool access_open(struct access *access, const struct log *log, const char *path);

/* Writes what waits, no longer than `timeout_ms`. */
void access_close(struct access *access, int timeout_ms);

/* The file is opened anew: somebody has renamed it. */
void access_reopen(struct access *access);

struct access_entry {
    uint64_t conn;
    const char *peer;                 /* the client's address */
    const char *trace;                /* or NULL */
    const struct ws_request *request; /* NULL: what came was no request */
    const char *target;               /* of it, as it may be shown */
    unsigned status;
    uint64_t bytes; /* of the answer */
};

void access_line(const struct access *access, const struct access_entry *access_control);

#endif
