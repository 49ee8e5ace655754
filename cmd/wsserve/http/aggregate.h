/*
 * gather: answers that every loop has a part in: metrics and /connections.
 *
 * Each loop is asked in turn, on its own thread, and the answer goes out when the last one has
 * spoken, if the client is still there. Called by http.c.
 */
#ifndef CMD_WSSERVE_HTTP_AGGREGATE_H
#define CMD_WSSERVE_HTTP_AGGREGATE_H

#include <ws/conn.h>

/* Answers the request that `conn` waits for with the metrics of all loops. */
void gather_metrics(struct ws_conn *conn);

/* The same with a JSON array of all connections, an object each: id, address (behind a
 * trusted proxy the client's, and the proxy's as proxy), state, age_s,
 * messages_in, messages_out, bytes_in, bytes_out, queue_bytes, and once there is one rtt_us,
 * rtt_least_us and rtt_smoothed_us.
 */
void gather_connections(struct ws_conn *conn);

#endif
