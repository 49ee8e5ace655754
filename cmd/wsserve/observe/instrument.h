/*
 * observe: all that watches connections beside their mode: traces, states, last frames, the access
 * log, records, and the faults that spoil what they are sent.
 *
 * serve.c calls it around the mode's own handler, on the loop's thread. Where nothing is switched
 * on it costs a comparison.
 */
#ifndef CMD_WSSERVE_OBSERVE_INSTRUMENT_H
#define CMD_WSSERVE_OBSERVE_INSTRUMENT_H

#include "cmd/wsserve/server/server.h"

/* Before the server is made: opens what must be open. False: it said why not. */
bool observe_start(struct serve *serve);

/* When all connections and threads have gone: writes what still waits. */
void observe_stop(struct serve *serve);

/* What connections must do for it, at the start and after the settings have changed. */
void observe_config(const struct serve *serve, struct ws_conn_config *config);

/* A request came. False: it is refused already. */
bool observe_request(struct ws_conn *conn, const struct ws_request *request);

void observe_open(struct ws_conn *conn, const struct ws_event *event);

/* False: the event is for nobody else. */
bool observe_event(struct ws_conn *conn, const struct ws_event *event);

/* After the mode's close, and the last line on the connection. */
void observe_forget(struct ws_conn *conn);

#endif
