/*
 * settings: the parsed command line of wsbench. The option table sets it; the other files read it.
 */
#ifndef CMD_WSBENCH_SETTINGS_H
#define CMD_WSBENCH_SETTINGS_H

#include "cmd/common/options/compress.h"
#include "cmd/common/options/options.h"
#include "cmd/common/options/target.h"
#include <ws/conn.h>

#include <stdbool.h>
#include <stdint.h>

/* In the order of --mode's choices. */
enum mode { MODE_ECHO, MODE_CONNECT, MODE_IDLE, MODE_BROADCAST, MODE_CHURN };

/* In the order of --arrival's choices. */
enum arrival { ARRIVAL_EVEN, ARRIVAL_POISSON };

enum report_format { REPORT_TEXT, REPORT_JSON };

struct settings {
    struct options_common common;
    struct target target;

    enum mode mode;
    uint64_t connections;
    int64_t duration_us;
    uint64_t messages; /* 0: no limit but the duration */
    unsigned threads;
    double rate; /* messages (churn: connections) a second over all; 0: the closed model */
    enum arrival arrival;
    int64_t warmup_us;
    unsigned window;
    double connect_rate; /* connections a second; 0: as fast as they are accepted */
    uint64_t publishers;
    int64_t timeout_us; /* of each reply */

    uint64_t size;
    bool binary;
    bool text;
    struct compress compress;

    enum report_format format;
    int64_t interval_us; /* between two lines of progress; 0: the default */
    unsigned server_pid;
};

/* The rows, in rows.c. */
enum { WSBENCH_ROWS = 22 };
extern const struct option_row wsbench_rows[WSBENCH_ROWS];

/* Reads the command line into `settings`, starting from the defaults. False when the program must
 * exit with `options->status`. */
bool wsbench_settings_read(struct settings *settings, struct options *options, int argc,
                           char **argv);

/* "echo", "connect", … */
const char *settings_mode_name(const struct settings *settings);

/* Sets the configuration of the connections. */
void wsbench_settings_conn_config(const struct settings *settings, struct ws_conn_config *config);

#endif
