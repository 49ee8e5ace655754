/*
 * stats: the output of --stats, on standard error at the end.
 *
 * run.c counts while the connection lives and calls this once, after all other output.
 */
#ifndef CMD_WSCAT_OUTPUT_STATS_H
#define CMD_WSCAT_OUTPUT_STATS_H

#include <ws/client.h>
#include <ws/conn.h>
#include <ws/deflate.h>

#include <stdbool.h>
#include <stdint.h>

struct stats {
    struct ws_client_times times; /* duration of the steps up to the connection */
    int64_t tls_us;               /* duration of the TLS handshake; -1: none */
    int64_t upgrade_us;           /* duration of the upgrade; 0: the connection never opened */
    int64_t opened_us, ended_us;  /* monotonic */
    uint64_t sent, sent_bytes;    /* messages and their payload bytes */
    uint64_t received, received_bytes;
    struct ws_counters wire; /* the connection's counters */
    struct ws_deflate_counts deflate;
};

/* Copies the connection's counters. Call before it is freed. */
void stats_take(struct stats *stats, const struct ws_conn *conn);

/* Prints the lines. */
void stats_print(const struct stats *stats);

#endif
