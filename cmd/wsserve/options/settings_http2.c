#include "cmd/wsserve/options/settings_http2.h"

#include "libws/http2/http2.h"

#define S struct settings_http2
const struct option_row settings_http2_rows[SETTINGS_HTTP2_ROWS] = {
    {OPTION_GROUP("HTTP/2")},
    {.name = "http2",
     OPTION_CHOICE(S, use, "auto|off|prior"),
     .help = "speak HTTP/2 where TLS agrees on it (auto, the default), never (off), or also with "
             "clients that begin with it on plain TCP (prior)"},
    {.name = "max-streams",
     OPTION_NUMBER(S, max_streams, 1, 10000),
     .metavar = "N",
     .help = "WebSockets and requests that an HTTP/2 connection may carry at a time (default 100)"},
};
#undef S

void settings_http2_defaults(struct settings_http2 *s)
{
    enum { MAX_STREAMS = 100 };
    *s = (struct settings_http2){.use = HTTP2_AUTO, .max_streams = MAX_STREAMS};
}

bool settings_http2_check(struct settings_http2 *s, struct options *options)
{
    if (ws_http2_supported())
        return true;
    if (options_given(options, "http2") && s->use != HTTP2_OFF)
        return usage_error(options, "--http2: this wsserve was built without HTTP/2");
    s->use = HTTP2_OFF;
    return true;
}
