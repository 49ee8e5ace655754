/*
 * fault_conn: the injected faults of one connection: corrupted, delayed or split output, and early
 * ends.
 *
 * server/instrument.c calls it with what a connection is about to send, and before an upgrade. On
 * the loop's thread, with a timer of its own.
 */
#ifndef CMD_WSSERVE_FAULTS_FAULT_CONN_H
#define CMD_WSSERVE_FAULTS_FAULT_CONN_H

#include "cmd/wsserve/faults/fault.h"
#include <ws/conn.h>

struct fault_conn;

/* `faults` and `filter` must outlive it; `filter` is the output filter that calls
 * fault_conn_filter(). NULL without memory. */
struct fault_conn *fault_conn_new(struct ws_conn *conn, const struct faults *faults,
                                  const struct ws_output_filter *filter);

/* Output that is still delayed is lost. NULL is allowed. */
void fault_conn_free(struct fault_conn *fault);

/* As an output filter: replaces `out` by what is to be sent now. */
void fault_conn_filter(struct fault_conn *fault, struct ws_out *out);

/* The HTTP status that refuses the upgrade of connection `conn`; 0: none. */
unsigned fault_reject(const struct faults *faults, uint64_t conn);

#endif
