/*
 * show_record: what happens on the connection as JSON Lines, for --jsonl.
 *
 * A part of show.h; the form of a record is cmd/common/record.h's. On a terminal, characters that
 * control it are escaped.
 */
#ifndef CMD_WSCAT_OUTPUT_SHOW_RECORD_H
#define CMD_WSCAT_OUTPUT_SHOW_RECORD_H

#include "cmd/wscat/output/show.h"
#include <ws/conn.h>

/* Those below write nothing without --jsonl. */

/* The server's 101; show->times has the times of the steps up to it, `url` is what was asked for.
 */
void show_record_open(struct show *show, const struct ws_response *response, const char *url);

/* In listen mode: our 101 to a client's request, with the subprotocol chosen, or NULL. */
void show_record_client(struct show *show, const struct ws_conn *conn,
                        const struct ws_request *request, const char *subprotocol);

/* A failure before there was a connection. */
void show_record_failure(struct show *show, enum ws_error error);

/* A MESSAGE, PING, PONG, CLOSE or ERROR event; others are no records. */
void show_record_event(struct show *show, enum record_direction direction,
                       const struct ws_event *event);

#endif
