/*
 * settings_http2: the options of HTTP/2. A part of struct settings.
 */
#ifndef CMD_WSSERVE_OPTIONS_SETTINGS_HTTP2_H
#define CMD_WSSERVE_OPTIONS_SETTINGS_HTTP2_H

#include "cmd/common/options/options.h"

#include <stdbool.h>

enum settings_http2_use { HTTP2_AUTO, HTTP2_OFF, HTTP2_PRIOR };

struct settings_http2 {
    enum settings_http2_use use;
    unsigned max_streams;
};

enum { SETTINGS_HTTP2_ROWS = 3 };
extern const struct option_row settings_http2_rows[SETTINGS_HTTP2_ROWS];

void settings_http2_defaults(struct settings_http2 *settings);

/* False after a usage error was printed, with `options->status`. */
bool settings_http2_check(struct settings_http2 *settings, struct options *options);

#endif
