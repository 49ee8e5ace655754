/*
 * target_hint: what a user can do about a connection that failed: the options that help, and the
 * default that was tried. Clients add it to their message. No state.
 */
#ifndef CMD_COMMON_OPTIONS_TARGET_HINT_H
#define CMD_COMMON_OPTIONS_TARGET_HINT_H

#include "cmd/common/options/target.h"
#include "libws/tls/tls.h"

enum { TARGET_HINT_MAX = 80 };

/* Why the connection failed with `error`, WS_E_CONNECT for example: " (port 80 is the default; the
 * URL names none)", written to `text`, or "". */
const char *target_hint_connect(const struct target *target, enum ws_error error,
                                char text[TARGET_HINT_MAX]);

/* The options that make a client accept the certificate that was rejected, " (--ca=FILE …)"; ""
 * where none does. Constant. */
const char *target_hint_tls(enum ws_tls_rejection rejection);

#endif
