#include "cmd/wscat/output/failure.h"

#include "cmd/common/exit.h"
#include "cmd/common/options/target_hint.h"
#include "cmd/common/units.h"
#include <ws/tls.h>

#include <inttypes.h>
#include <stdio.h>

/* What did not happen in time, and the option whose argument is the time. */
struct limit {
    enum ws_error error;
    const char *what, *option;
    int64_t us;
};

static const char *limit_text(const struct limit *limit, char *text, size_t size)
{
    char time[UNITS_TEXT_MAX];
    snprintf(text, size, "timeout: %s within %s (--%s)", limit->what,
             units_format_duration(limit->us, time, sizeof time), limit->option);
    return text;
}

const char *failure_text(const struct settings *s, const struct ws_conn *conn, enum ws_error error,
                         char text[FAILURE_TEXT_MAX])
{
    const struct limit limits[] = {
        {WS_E_HANDSHAKE_TIMEOUT, "the upgrade was not finished", "connect-timeout",
         s->target.connect_timeout_us},
        {WS_E_CLOSE_TIMEOUT, "no close frame came", "close-timeout", s->close_timeout_us},
        {WS_E_IDLE_TIMEOUT, "no message came", "idle-timeout", s->idle_timeout_us},
        {WS_E_HEARTBEAT_TIMEOUT, "no answer to our ping came", "ping-timeout", s->ping_timeout_us},
    };
    char reason[WS_CLOSE_REASON_MAX + 1], cut_by[WS_CUT_BY_MAX], section[40];
    for (size_t i = 0; i < sizeof limits / sizeof limits[0]; i++)
        if (limits[i].error == error)
            return limit_text(&limits[i], text, FAILURE_TEXT_MAX);
    if (error == WS_E_TLS && ws_conn_tls(conn))
        snprintf(text, FAILURE_TEXT_MAX, "TLS failed: %s%s", ws_tls_failure(ws_conn_tls(conn)),
                 target_hint_tls(ws_tls_rejection(ws_conn_tls(conn))));
    else if (error == WS_E_HTTP2 && s->target.http2 == TARGET_HTTP2_PRIOR &&
             !ws_conn_end(conn)->opened)
        snprintf(text, FAILURE_TEXT_MAX,
                 "the server did not answer in HTTP/2, which --http2=prior begins with "
                 "(RFC 9113 3.3)");
    else if (ws_conn_cut_by(conn, cut_by)[0])
        snprintf(text, FAILURE_TEXT_MAX, "%s (%s): %s",
                 ws_session_explain(ws_conn_session(conn), error, reason),
                 ws_error_section(error, section, sizeof section), cut_by);
    else
        snprintf(text, FAILURE_TEXT_MAX, "%s%s",
                 ws_session_explain(ws_conn_session(conn), error, reason),
                 error == WS_E_LOST || error == WS_E_RESET ? " (1006)" : "");
    return text;
}

const char *failure_to_connect(const struct settings *s, enum ws_error error, const char *detail,
                               char text[FAILURE_TEXT_MAX])
{
    bool timeout = error == WS_E_CONNECT_TIMEOUT;
    char hint[TARGET_HINT_MAX];
    snprintf(text, FAILURE_TEXT_MAX, "%s%s%s", timeout ? "timeout: " : "", detail,
             timeout ? " (--connect-timeout)" : target_hint_connect(&s->target, error, hint));
    return text;
}

void failure_say_timeout(const struct settings *s, const char *where)
{
    const struct limit limit = {WS_OK, "not done", "timeout", s->timeout_us};
    char text[FAILURE_TEXT_MAX];
    exit_warn("%s%s", limit_text(&limit, text, sizeof text), where);
}

void failure_say_unmet(const struct settings *s, uint64_t received)
{
    if (s->expect)
        exit_warn("no message matched '%s' (%" PRIu64 " received)", s->expect, received);
    else
        exit_warn("%" PRIu64 " message%s received, %" PRIu64 " expected", received,
                  received == 1 ? "" : "s", s->count);
}
