/*
 * settings: the parsed command line of wsbench. The option table sets it; the other files read it.
 */
#ifndef CMD_WSBENCH_OPTIONS_SETTINGS_H
#define CMD_WSBENCH_OPTIONS_SETTINGS_H

#include "cmd/common/options/compress.h"
#include "cmd/common/options/options.h"
#include "cmd/common/options/target.h"
#include "cmd/wsbench/count/condition.h"
#include "cmd/wsbench/options/values.h"
#include "cmd/wsbench/payload/own.h"
#include <ws/conn.h>

#include <stdbool.h>
#include <stdint.h>

/* In the order of --mode's choices. */
enum mode {
    MODE_ECHO,
    MODE_CONNECT,
    MODE_IDLE,
    MODE_BROADCAST,
    MODE_CHURN,
    MODE_PING,
    MODE_SINK,
    MODE_SOURCE,
    MODE_COUNT,
};

/* In the order of --arrival's choices. */
enum arrival { ARRIVAL_EVEN, ARRIVAL_POISSON };

enum report_format { REPORT_TEXT, REPORT_JSON, REPORT_CSV, REPORT_HGRM };

enum { CONDITIONS_MAX = 32, WINDOW_MAX = 65536, STREAMS_MAX = 10000 };

struct settings {
    struct options_common common;
    struct target target;

    enum mode mode;
    uint64_t connections;
    int64_t duration_us;
    uint64_t messages; /* 0: no limit but the duration */
    bool replay_whole; /* `messages` are those of the recording, once for each connection */
    unsigned threads;
    double rate; /* messages (churn: connections) a second over all; 0: the closed model */
    enum arrival arrival;
    int64_t warmup_us;
    int64_t ramp_us;    /* until the whole rate is reached, or all connections send */
    struct burst burst; /* so many messages at once, in place of `rate` */
    unsigned window;
    double connect_rate; /* connections a second; 0: as fast as they are accepted */
    struct stages stages;
    struct rate_goal goal;
    int64_t connect_deadline_us; /* for all connections together; 0: none */
    unsigned streams; /* WebSockets an HTTP/2 connection; 0: each has its own connection */
    struct source_list sources; /* local addresses; none: the system's choice */
    bool reconnect;
    int64_t lifetime_us; /* of a connection; 0: no limit */
    struct slow_readers slow;
    uint64_t publishers;
    int64_t timeout_us; /* of each reply */

    struct own_options own_options;
    struct own own; /* what they say */
    struct size_range size;
    uint64_t fragment; /* bytes of a frame's payload at most; 0: messages are not fragmented */
    bool binary;
    bool text;
    struct compress compress;

    int64_t start_at_us; /* since 1970; 0: at once */
    struct option_list abort_if, fail_if;

    bool latency;
    struct percentiles percentiles;
    enum report_format format;
    const char *output; /* NULL: standard output */
    const char *compare;
    bool merge;
    int64_t interval_us; /* between two lines of progress; 0: the default */
    unsigned server_pid;

    /* Set after reading: the conditions, read. */
    struct condition failing[CONDITIONS_MAX], aborting[CONDITIONS_MAX];
    char **files; /* --merge: the reports; borrowed from the command line */
    int file_count;
};

/* The rows, in rows.c. */
enum { WSBENCH_ROWS = 48 };
extern const struct option_row wsbench_rows[WSBENCH_ROWS];

/* Reads the command line into `settings`, starting from the defaults. False when the program must
 * exit with `options->status`. */
bool wsbench_settings_read(struct settings *settings, struct options *options, int argc,
                           char **argv);

/* Does the mode send messages? Is each answered, so that it is received or lost? */
bool settings_sends(const struct settings *settings);
bool settings_answered(const struct settings *settings);

/* Sockets that the connections need at most: fewer, where they share them. */
uint64_t settings_sockets(const struct settings *settings);

/* Is it the open model: are messages due at times that the answers have no part in? */
bool settings_open_model(const struct settings *settings);

/* Another number of connections; with it goes what they send of a recording. */
void settings_set_connections(struct settings *settings, uint64_t connections);

/* How long the load is to last, in microseconds, without the warm-up: the duration, or until the
 * last message of a number at a rate is due. 0: until its messages are answered. */
int64_t settings_load_us(const struct settings *settings);

/* What it means that a connection did not open because of `error`. Constant. */
const char *settings_explain(const struct settings *settings, enum ws_error error);

/* Frees what wsbench_settings_read() made, but for `options`. */
void wsbench_settings_free(struct settings *settings);

/* "echo", "connect", … */
const char *settings_mode_name(const struct settings *settings);

/* Sets the configuration of the connections. */
void wsbench_settings_conn_config(const struct settings *settings, struct ws_conn_config *config);

#endif
