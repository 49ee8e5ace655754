/*
 * aggregate: answers that add up what every loop knows: metrics, /connections and /cluster.
 *
 * Asks each loop in turn, on its own thread, and answers after the last one, unless the client has
 * left meanwhile. On the thread of the connection's loop.
 */
#ifndef CMD_WSSERVE_HTTP_AGGREGATE_H
#define CMD_WSSERVE_HTTP_AGGREGATE_H

#include <ws/conn.h>

/* Answers the pending request of `conn` with the metrics of all loops. */
void aggregate_metrics(struct ws_conn *conn);

/* The same with a JSON array of all connections, an object each: id, address (over a trusted proxy
 * the client's, and the proxy's as proxy), state, age_s, messages_in, messages_out, bytes_in,
 * bytes_out, queue_bytes, and once it is known rtt_us, rtt_least_us and rtt_smoothed_us. */
void aggregate_connections(struct ws_conn *conn);

/* The same with a JSON object of what --cluster does: see docs/internals/cluster.md. */
void aggregate_cluster(struct ws_conn *conn);

#endif
