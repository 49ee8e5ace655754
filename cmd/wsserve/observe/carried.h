/*
 * carried: which HTTP/2 connection and which stream of it a connection is on, for the log and for
 * /connections.
 */
#ifndef CMD_WSSERVE_OBSERVE_CARRIED_H
#define CMD_WSSERVE_OBSERVE_CARRIED_H

#include "cmd/common/conn_name.h"
#include "cmd/common/log.h"

#include <ws/conn.h>

enum { CARRIED_MAX = CONN_NAME_MAX + 12 };

/* Writes "CONN/STREAM"; false for a connection that is on no stream. Until the handler's close has
 * returned. */
bool carried_text(const struct ws_conn *conn, char text[CARRIED_MAX]);

/* Adds h2=CONN/STREAM to `fields`, of which there are `count`, for a connection on a stream. The
 * text is written to `text`. Returns how many fields there are then. Until the handler's close has
 * returned. */
size_t carried_field(const struct ws_conn *conn, struct log_field *fields, size_t count,
                     char text[CARRIED_MAX]);

#endif
