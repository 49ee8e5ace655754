/*
 * instrument: all that watches connections beside their mode: traces, states, last frames, the
 * access log, recordings, and injected faults.
 *
 * server.c calls it around the mode's handlers, on the loop's thread. What is off costs a
 * comparison.
 */
#ifndef CMD_WSSERVE_SERVER_INSTRUMENT_H
#define CMD_WSSERVE_SERVER_INSTRUMENT_H

#include <ws/conn.h>

#include <stdbool.h>

struct server;

/* Before the server is made: starts the log's thread and opens files. False after a message;
 * instrument_stop() it in any case. */
bool instrument_start(struct server *server);

/* When all connections and threads have gone: writes what is queued. */
void instrument_stop(struct server *server);

/* Sets what connections must do for it, at the start and after a reload. */
void instrument_config(const struct server *server, struct ws_conn_config *config);

/* A request came. False: it is refused already (--fault=reject). */
bool instrument_request(struct ws_conn *conn, const struct ws_request *request);

void instrument_open(struct ws_conn *conn, const struct ws_event *event);

/* False: the event is not for the mode. */
bool instrument_event(struct ws_conn *conn, const struct ws_event *event);

/* Frees what belongs to the connection, after the mode's close and the last log line. */
void instrument_forget(struct ws_conn *conn, const struct ws_end *end);

#endif
