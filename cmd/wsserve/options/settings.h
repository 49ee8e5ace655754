/*
 * settings: what wsserve was asked to do. The option table fills it in; serve.c carries it out.
 */
#ifndef CMD_WSSERVE_OPTIONS_SETTINGS_H
#define CMD_WSSERVE_OPTIONS_SETTINGS_H

#include "cmd/common/compress.h"
#include "cmd/common/log.h"
#include "cmd/common/options.h"
#include "cmd/wsserve/options/settings_http.h"
#include "cmd/wsserve/options/settings_operate.h"
#include "cmd/wsserve/options/settings_process.h"
#include "cmd/wsserve/options/settings_tls.h"
#include <ws/admission.h>
#include <ws/conn.h>
#include <ws/hub.h>

#include <stdbool.h>
#include <stdint.h>

enum { SETTINGS_TABLES = 8 };

struct settings_source; /* settings_config.h */

struct settings {
    struct options_common common;
    struct settings_http http;
    struct settings_tls tls;

    uint16_t port;
    const char *address;
    struct option_list listen;
    int announce_fd; /* -1: nothing is announced */
    unsigned backlog;
    unsigned threads;
    bool oneshot;

    bool echo, broadcast, rooms;
    enum ws_slow slow;
    struct settings_process process;

    uint64_t max_connections;
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
    int64_t handshake_timeout;
    int64_t idle_timeout;
    int64_t fragment_timeout;
    int64_t write_timeout;

    int64_t ping_interval;
    int64_t ping_timeout;
    unsigned missed_pongs;
    int64_t close_timeout;

    struct settings_operate operate;

    bool address_given; /* --port, --address or --listen was */
    struct option_table tables[SETTINGS_TABLES];
    struct settings_source *source; /* what --config needs to be read again; NULL without */
};

/*
 * Reads the command line into `settings`, defaults first. False when the program has to end with
 * `options->status`. `options` must live as long as the settings; settings_free() both at the end.
 */
bool settings_read(struct settings *settings, struct options *options, int argc, char **argv);
void settings_free(struct settings *settings, struct options *options);

/* For settings_config.c: defaults and tables; and, once all was set, whether it fits together. */
void settings_begin(struct settings *settings, struct options *options);
bool settings_finish(struct settings *settings, struct options *options);
/* Points the tables of `options` at `settings`, which may be a copy of others. */
void settings_own_tables(struct settings *settings, struct options *options);

/* What connections are to be told of it. */
void settings_conn_config(const struct settings *settings, struct ws_conn_config *config);

/* And who may come in. */
struct ws_admission_limits settings_admission(const struct settings *settings);

#endif
