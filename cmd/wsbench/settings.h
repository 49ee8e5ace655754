/*
 * settings: what wsbench was asked to measure. The option table fills it in; the rest reads it.
 */
#ifndef CMD_WSBENCH_SETTINGS_H
#define CMD_WSBENCH_SETTINGS_H

#include "cmd/common/compress.h"
#include "cmd/common/options.h"
#include "cmd/common/target.h"
#include <ws/conn.h>

#include <stdbool.h>
#include <stdint.h>

/* In the order of --mode's choices. */
enum mode { MODE_ECHO, MODE_CONNECT, MODE_IDLE, MODE_BROADCAST, MODE_CHURN };

enum report_format { REPORT_TEXT, REPORT_JSON };

struct settings {
    struct options_common common;
    struct target target;

    enum mode mode;
    uint64_t connections;
    int64_t duration;  /* microseconds */
    uint64_t messages; /* 0: as many as the duration allows */
    unsigned threads;
    uint64_t rate; /* messages a second, all connections together; 0: the closed model */
    unsigned window;
    uint64_t connect_rate; /* connections a second; 0: as fast as they are accepted */
    uint64_t publishers;
    int64_t timeout; /* for what is outstanding at the end */

    uint64_t size;
    bool binary;
    bool text;
    struct compress compress;

    enum report_format format;
    unsigned server_pid;
};

/* Reads the command line into `settings`, defaults first. False when the program has to end with
 * `options->status`. */
bool wsbench_settings_read(struct settings *settings, struct options *options, int argc,
                           char **argv);

/* "echo", "connect", … */
const char *settings_mode_name(const struct settings *settings);

/* What connections are to be told of it. */
void wsbench_settings_conn_config(const struct settings *settings, struct ws_conn_config *config);

#endif
