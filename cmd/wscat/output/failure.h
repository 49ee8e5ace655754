/*
 * failure: why a connection failed, in words; of a timeout, which option it is of and how long it
 * was. No state.
 */
#ifndef CMD_WSCAT_OUTPUT_FAILURE_H
#define CMD_WSCAT_OUTPUT_FAILURE_H

#include "cmd/wscat/options/settings.h"

#include <stddef.h>
#include <stdint.h>

enum { FAILURE_TEXT_MAX = 640 };

/* Why `conn` has failed with `error`, written to `text` and returned: one line without a full stop.
 * What is longer is cut. */
const char *failure_text(const struct settings *settings, const struct ws_conn *conn,
                         enum ws_error error, char text[FAILURE_TEXT_MAX]);

/* The same for `error` and its `detail`, where there was no connection yet. */
const char *failure_to_connect(const struct settings *settings, enum ws_error error,
                               const char *detail, char text[FAILURE_TEXT_MAX]);

/* For --timeout, which is no failure of a connection. `where` follows; it may be "". */
void failure_say_timeout(const struct settings *settings, const char *where);

/* For --expect and --count that so many messages did not meet. */
void failure_say_unmet(const struct settings *settings, uint64_t received);

#endif
