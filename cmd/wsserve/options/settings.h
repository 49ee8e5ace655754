/*
 * settings: all that the command line and --config ask wsserve to do. The option tables fill it in;
 * settings_config.h reads them, server.c carries the settings out. Constant once they are read.
 */
#ifndef CMD_WSSERVE_OPTIONS_SETTINGS_H
#define CMD_WSSERVE_OPTIONS_SETTINGS_H

#include "cmd/common/log.h"
#include "cmd/common/options/compress.h"
#include "cmd/common/options/options.h"
#include "cmd/wsserve/options/settings_http.h"
#include "cmd/wsserve/options/settings_http2.h"
#include "cmd/wsserve/options/settings_operate.h"
#include "cmd/wsserve/options/settings_process.h"
#include "cmd/wsserve/options/settings_tls.h"
#include <ws/admission.h>
#include <ws/conn.h>
#include <ws/hub.h>

#include <stdbool.h>
#include <stdint.h>

enum { SETTINGS_TABLES = 9, SETTINGS_WHERE_MAX = 300 };

/* What connections are for: one of these; modes/ has a file for each. */
enum settings_mode {
    MODE_ECHO, /* where no other is asked for */
    MODE_BROADCAST,
    MODE_ROOMS,
    MODE_PROCESS,
    MODE_SINK,
    MODE_SOURCE,
    MODE_REPLY,
    MODE_SHARED,
    MODE_PIPE,
    MODE_PROXY,
    MODE_COUNT,
};

struct settings_source; /* settings_config.h */

struct settings {
    struct options_common common;
    struct settings_http http;
    struct settings_tls tls;
    struct settings_http2 http2;

    uint16_t port;
    struct option_list address; /* empty: 127.0.0.1 */
    struct option_list listen;
    int announce_fd; /* -1: nothing is announced */
    unsigned backlog;
    unsigned threads;
    bool oneshot;

    bool echo, broadcast, rooms;
    enum settings_mode mode; /* what all options come to */
    enum ws_slow slow;
    struct settings_process process;

    uint64_t max_connections;
    uint64_t max_handshakes;
    uint64_t max_per_ip;
    unsigned connect_rate;
    unsigned max_rate;
    uint64_t max_bandwidth;
    uint64_t max_memory;
    unsigned shed_start, shed_stop; /* percent; 0: never */
    uint64_t max_message_size;
    uint64_t fragment; /* 0: none */
    struct compress compress;
    uint64_t send_queue;
    int64_t handshake_timeout_us;
    int64_t idle_timeout_us;
    int64_t fragment_timeout_us;
    int64_t write_timeout_us;

    int64_t ping_interval_us;
    int64_t ping_timeout_us;
    unsigned missed_pongs;
    int64_t close_timeout_us;

    struct settings_operate operate;

    bool address_given; /* --port, --address or --listen was */
    struct option_table tables[SETTINGS_TABLES];
    settings_http_checker *check_http;
    struct settings_source *source; /* what a reload of --config needs; NULL without */
};

/* "echo", "process": as the log names it; constant. */
const char *serve_settings_mode_name(enum settings_mode mode);

/*
 * The `index`th place to listen on, in the form of --listen: each --listen, or each --address with
 * the --port. Written into `text`, if it is made of two options. NULL after the last.
 */
const char *serve_settings_where(const struct settings *settings, size_t index,
                                 char text[SETTINGS_WHERE_MAX]);

/* Sets the defaults and the option tables, which are `settings`' own. */
void settings_begin(struct settings *settings, struct options *options);

/* Checks the settings as a whole and derives what depends on several options. False after a usage
 * error was printed, with the exit status in `options->status`. */
bool settings_finish(struct settings *settings, struct options *options);

/* Points the tables of `options` at `settings`, which may be a copy of others. */
void settings_own_tables(struct settings *settings, struct options *options);

/* Translates them into the config of connections. */
void serve_settings_conn_config(const struct settings *settings, struct ws_conn_config *config);

/* And into limits of admission. */
struct ws_admission_limits settings_admission(const struct settings *settings);

#endif
