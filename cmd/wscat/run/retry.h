/*
 * retry: whether and when to connect again, for --reconnect.
 *
 * Pure functions; link.c asks them once a connection has ended or could not be made.
 */
#ifndef CMD_WSCAT_RUN_RETRY_H
#define CMD_WSCAT_RUN_RETRY_H

#include <ws/error.h>
#include <ws/http.h>

#include <stdbool.h>
#include <stdint.h>

/* How it ended. */
struct retry_cause {
    enum ws_error error;  /* WS_OK after a close frame */
    unsigned close_code;  /* of the server; 0: none */
    unsigned http_status; /* of a refused upgrade; 0: there was none */
};

/* False when trying again would end the same way: a protocol error, a certificate, a close code
 * such as 1008, a status such as 404. */
bool retry_useful(const struct retry_cause *cause);

/* A connection that was open for at least RETRY_STEADY_MS ends a row of attempts: a server that
 * accepts each one and fails at once is not asked in vain for ever. */
enum {
    RETRY_DELAY_MAX_MS = 30 * 1000,
    RETRY_AFTER_MAX_MS = 3600 * 1000,
    RETRY_STEADY_MS = 10 * 1000
};

/*
 * The delay before attempt number `attempt` in a row, from 1: `first_ms`, doubled each time, at
 * most RETRY_DELAY_MAX_MS (or first_ms, if that is more), and of that between a half and the whole,
 * as `random` decides, so that many clients do not return at once. Not less than `after_ms`, what
 * the server asked for.
 */
int64_t retry_delay_ms(unsigned attempt, int64_t first_ms, int64_t after_ms, uint32_t random);

/* Retry-After (RFC 9110 10.2.3), seconds or a date, in milliseconds from `now_s`, seconds since
 * 1970; at most RETRY_AFTER_MAX_MS. 0 for what is neither. */
int64_t retry_after_ms(struct ws_str value, int64_t now_s);

#endif
