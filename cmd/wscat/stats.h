/*
 * stats: what --stats says at the end, on standard error.
 *
 * run.c counts while the connection lives and calls this once, when all has been printed.
 */
#ifndef CMD_WSCAT_STATS_H
#define CMD_WSCAT_STATS_H

#include <ws/client.h>
#include <ws/conn.h>
#include <ws/deflate.h>

#include <stdbool.h>
#include <stdint.h>

struct stats {
    struct ws_client_times times; /* of the steps up to the connection */
    int64_t tls_us;               /* of the TLS handshake; -1: there was none */
    int64_t upgrade_us;           /* from there to the open connection; 0: it never opened */
    int64_t opened_us, ended_us;  /* on the monotonic clock */
    uint64_t sent, sent_bytes;    /* messages and their payload */
    uint64_t received, received_bytes;
    struct ws_counters wire; /* what the connection counted */
    struct ws_deflate_counts deflate;
};

/* The connection ends or is left: what it knows of itself is kept. */
void stats_take(struct stats *stats, const struct ws_conn *conn);

/* Writes the lines. */
void stats_print(const struct stats *stats);

#endif
