/*
 * cause: what usually is wrong where a step of --check fails, in words. No state.
 */
#ifndef CMD_WSCAT_CHECK_CAUSE_H
#define CMD_WSCAT_CHECK_CAUSE_H

#include <stdbool.h>

enum check_step {
    CHECK_CONNECT,
    CHECK_TLS, /* printed only where it fails */
    CHECK_UPGRADE,
    CHECK_SUBPROTOCOL,
    CHECK_ECHO,
    CHECK_PING,
    CHECK_FRAGMENTS,
    CHECK_LARGE,
    CHECK_IDLE,
    CHECK_CLOSE,
    CHECK_COMPRESSION,
    CHECK_STEPS,
};

/* "upgrade": constant. */
const char *check_step_name(enum check_step step);

/* The usual cause; `status` is the HTTP status of a refused upgrade, or 0; `violation`: a rule of
 * the protocol was broken. Constant. */
const char *check_cause(enum check_step step, unsigned status, bool violation);

#endif
