/*
 * target_hint: what a user can do about a connection that failed: the options that help, and the
 * default that was tried. Clients add it to their message. No state.
 */
#ifndef CMD_COMMON_OPTIONS_TARGET_HINT_H
#define CMD_COMMON_OPTIONS_TARGET_HINT_H

#include "cmd/common/options/target.h"
#include <ws/session.h>
#include <ws/tls.h>

enum { TARGET_HINT_MAX = 80, TARGET_ANSWER_MAX = 240 };

/* Why the connection failed with `error`, WS_E_CONNECT for example: " (port 80 is the default; the
 * URL names none)", written to `text`, or "". */
const char *target_hint_connect(const struct target *target, enum ws_error error,
                                char text[TARGET_HINT_MAX]);

/* The options that make a client accept the certificate that was rejected, " (--ca=FILE …)"; ""
 * where none does. Constant. */
const char *target_hint_tls(enum ws_tls_rejection rejection);

/* What follows a refusal with this HTTP status, which options can help against; "" where none
 * does. Constant. */
const char *target_hint_status(const struct target *target, unsigned status);

/* What is wrong with the server's answer, of an ERROR before the connection was open: the error's
 * explanation or, where the answer is no HTTP, what the server speaks instead. Written to `text`,
 * escaped, or constant. */
const char *target_hint_answer(const struct ws_event *event, char text[TARGET_ANSWER_MAX]);

#endif
