/*
 * fault_conn: the faults of one live connection: output that is spoilt, late or in bits, and ends
 * that come too early.
 *
 * tap.c gives it what a connection is about to send; it works on the loop's thread, with a timer of
 * its own. serve.c asks it before an upgrade.
 */
#ifndef CMD_WSSERVE_FAULTS_FAULT_CONN_H
#define CMD_WSSERVE_FAULTS_FAULT_CONN_H

#include "cmd/wsserve/faults/fault.h"
#include <ws/conn.h>

struct fault_conn;

/* For a connection, whose `faults` must outlive it. NULL without memory. */
struct fault_conn *fault_conn_new(struct ws_conn *conn, const struct faults *faults);

/* What it still holds is lost. NULL is allowed. */
void fault_conn_free(struct fault_conn *fault);

/* As config.tamper: replaces what is in `out` by what is to be sent now. */
void fault_conn_filter(struct fault_conn *fault, struct ws_out *out);

/* The HTTP status that refuses the upgrade of connection `conn`, or 0. */
unsigned fault_reject(const struct faults *faults, uint64_t conn);

#endif
