/*
 * settings_operate: the options of operation (configuration, log, records, statistics) and of
 * testing clients (faults, modes that only send or only receive).
 *
 * A part of struct settings, with its rows in a table of its own; settings.c joins them.
 */
#ifndef CMD_WSSERVE_OPTIONS_SETTINGS_OPERATE_H
#define CMD_WSSERVE_OPTIONS_SETTINGS_OPERATE_H

#include "cmd/common/log.h"
#include "cmd/common/options/options.h"
#include "cmd/wsserve/faults/fault.h"

#include <stdbool.h>
#include <stdint.h>

struct settings_operate {
    enum ws_level log_level;
    enum log_format log_format;
    unsigned shutdown_code;
    int64_t drain_us;
    const char *config;
    bool access_log;
    const char *access_file; /* NULL: among the log's lines */
    const char *record;      /* a directory; NULL: nothing is recorded */
    uint64_t record_limit;
    int64_t stats_interval_us;
    const char *cluster;    /* the URL of Redis; NULL: none */
    const char *cluster_ca; /* a PEM file; NULL: the system's authorities */
    int64_t exit_idle_us;   /* -1: never */
    int socket_mode;        /* -1: as the umask has it */

    struct faults faults;
    bool seeded;

    bool sink;
    uint64_t source_rate; /* messages a second to each client; 0: unlimited */
    uint64_t source_size; /* 0: no --source */
    const char *reply;    /* text or @FILE; NULL: no --reply */
};

enum { SETTINGS_OPERATE_ROWS = 17 };
extern const struct option_row settings_operate_rows[SETTINGS_OPERATE_ROWS];

/* Parses the argument of --source, whose row is among the modes'. NULL, or what was expected. */
const char *settings_set_source(struct settings_operate *settings, const char *value);

/* Sets the defaults. */
void settings_operate_defaults(struct settings_operate *settings);

/* Do they fit together? False after a usage error was printed, with `options->status`. */
bool settings_operate_check(struct settings_operate *settings, struct options *options);

#endif
