/*
 * trace: the name that a client or a proxy gives a request: `traceparent` (W3C Trace Context) or
 * `X-Request-Id`.
 *
 * It is added to every log line of the connection, and to the environment of a process that serves
 * it. The text is untrusted: a value that is not of the form below is ignored.
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
