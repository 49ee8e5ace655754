/*
 * cause: what usually is wrong where a step of --check fails, in words. No state.
 */
#ifndef CMD_WSCAT_CHECK_CAUSE_H
#define CMD_WSCAT_CHECK_CAUSE_H

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

/* What is known of a failure besides its step. */
enum check_finding {
    CHECK_FOUND_NOTHING,
    CHECK_FOUND_VIOLATION,   /* a rule of the protocol was broken */
    CHECK_FOUND_OTHER_ECHO,  /* an echo is not what was sent */
    CHECK_FOUND_SUBPROTOCOL, /* the answer chooses one that was not offered */
    CHECK_FOUND_EXTENSION,   /* the answer's extensions are not what was offered */
    CHECK_FOUND_CERTIFICATE, /* the server wants a certificate of the client, or another one */
    CHECK_FOUND_UNREACHABLE, /* the connection for the compression step could not be made */
    CHECK_FINDINGS,
};

/* The usual cause; `status` is the HTTP status of a refused upgrade, or 0. What was found counts
 * most, then the status. Constant. */
const char *check_cause(enum check_step step, unsigned status, enum check_finding finding);

#endif
