/*
 * trace: what the client, or a proxy before us, calls this request: its `traceparent` (W3C Trace
 * Context) or its `X-Request-Id`.
 *
 * It goes into every line that the log has of the connection, and into the environment of a process
 * behind it, so that what happened here can be found from there. It is a stranger's text: what is
 * not of the form below is as good as not sent.
 */
#ifndef CMD_WSSERVE_OBSERVE_TRACE_H
#define CMD_WSSERVE_OBSERVE_TRACE_H

#include <ws/handshake.h>

#include <stdbool.h>

enum { TRACE_MAX = 129 }; /* with its NUL */

/*
 * Writes the request's trace into `text`: a traceparent of the form that its specification
 * prescribes, or else an X-Request-Id of 1 to 128 letters, digits and "-._:/+=@". False when there
 * is none, or more than one of a kind.
 */
bool trace_of(const struct ws_request *request, char text[TRACE_MAX]);

/* Is it a traceparent: version, trace id, parent id and flags in lower-case hex, neither id all
 * zero? */
bool trace_is_parent(struct ws_str value);

#endif
