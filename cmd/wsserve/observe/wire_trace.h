/*
 * wire_trace: what passes over a connection, in the log: -v the heads of the upgrade, with key and
 * accept; -vv a line a frame, both ways, with the place of each fragment; -vvv payloads too.
 *
 * Payloads are in hex and as escaped text, cut at WIRE_TRACE_PAYLOAD bytes; it is the only place
 * that logs them. Passwords, cookies and tokens in heads are not logged. Lines are of level debug.
 * On the thread of the connection's loop.
 */
#ifndef CMD_WSSERVE_OBSERVE_WIRE_TRACE_H
#define CMD_WSSERVE_OBSERVE_WIRE_TRACE_H

#include "cmd/common/log.h"
#include <ws/conn.h>

enum { WIRE_TRACE_PAYLOAD = 256 };

struct wire_trace; /* of one connection; made when it is needed */

/* A request came; `target` is what may be logged of it. */
void wire_trace_request(const struct log *log, uint64_t conn, const struct ws_request *request,
                        const char *target);

/* -vv: a frame came. Without memory nothing is logged. */
void wire_trace_frame(struct wire_trace **trace, const struct log *log, const struct ws_conn *conn,
                      const struct ws_frame *frame);

/* -vvv: an event came; logs its payload, if it has one. */
void wire_trace_payload(const struct log *log, const struct ws_conn *conn,
                        const struct ws_event *event);

/* Something is about to be sent: a head is always logged, frames with `frames`. */
void wire_trace_sent(struct wire_trace **trace, const struct log *log, const struct ws_conn *conn,
                     const struct ws_out *out, bool frames, bool payloads);

/* NULL is allowed. */
void wire_trace_free(struct wire_trace *trace);

#endif
