#include "cmd/wsserve/options/settings.h"

#include "cmd/common/units.h"
#include "libws/io/address.h"
#include "libws/io/listener.h"
#include <ws/server.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

static const char *set_announce(struct options *options, const struct option_row *row,
                                void *settings, const char *value)
{
    uint64_t fd = 1;
    (void)options;
    (void)row;
    if (value && units_number(value, 0, 1 << 20, &fd) != UNITS_OK)
        return "the number of an open file descriptor";
    ((struct settings *)settings)->announce_fd = (int)fd;
    return NULL;
}

static const char *set_source(struct options *options, const struct option_row *row, void *settings,
                              const char *value)
{
    (void)options;
    (void)row;
    return settings_set_source(&((struct settings *)settings)->operate, value);
}

/* "90:70", percent. */
static const char *set_shed_at(struct options *options, const struct option_row *row,
                               void *settings, const char *value)
{
    struct settings *s = settings;
    unsigned start, stop;
    int len = 0;
    (void)options;
    (void)row;
    if (sscanf(value, "%3u:%3u%n", &start, &stop, &len) != 2 || value[len] || stop >= start ||
        start > 100 || strpbrk(value, "+- "))
        return "two percentages such as 90:70, the second the lower";
    s->shed_start = start;
    s->shed_stop = stop;
    return NULL;
}

static const char *set_ping_ms(struct options *options, const struct option_row *row,
                               void *settings, const char *value)
{
    uint64_t ms;
    (void)options;
    (void)row;
    if (units_number(value, 0, 1u << 30, &ms) != UNITS_OK)
        return "milliseconds, a whole number";
    ((struct settings *)settings)->ping_interval_us = (int64_t)ms * 1000;
    return NULL;
}

enum { COUNT_MOST = 1000000000 }; /* of connections; 0 is no limit */

#define S struct settings
static const struct option_row rows[] = {
    {OPTION_GROUP("Listening")},
    {.name = "port",
     .letters = "p",
     OPTION_PORT(S, port),
     .help = "listen on this TCP port; 0 picks a free one (default 8080)"},
    {.name = "address",
     .letters = "a",
     OPTION_LIST(S, address),
     .metavar = "ADDRESS",
     .help = "listen on this address (default 127.0.0.1); may be repeated"},
    {.name = "listen",
     OPTION_LIST(S, listen),
     .metavar = "ADDR:PORT|unix:PATH|fd:N",
     .help = "listen here instead; may be repeated"},
    {.name = "announce",
     OPTION_CALL(set_announce),
     .flags = OPTION_OPTIONAL,
     .like = "^[0-9]+$",
     .metavar = "FD",
     .help = "print 'listening URL' on descriptor FD (default 1) once clients can connect"},
    {.name = "backlog",
     OPTION_NUMBER(S, backlog, 1, 65535),
     .metavar = "N",
     .help = "connections that may wait to be accepted (default: the system's limit)"},
    {.name = "threads",
     .letters = "t",
     OPTION_NUMBER(S, threads, 1, WS_SERVER_LOOPS_MAX),
     .metavar = "N",
     .help = "distribute the connections over N threads (default 1)"},
    {.name = "oneshot",
     OPTION_FLAG(S, oneshot),
     .help = "exit when the first WebSocket ends; other requests do not count"},

    {OPTION_GROUP("Mode")},
    {.name = "echo", OPTION_FLAG(S, echo), .help = "send every message back (the default)"},
    {.name = "broadcast",
     OPTION_FLAG(S, broadcast),
     .help = "send every client's messages to all others"},
    {.name = "rooms",
     OPTION_FLAG(S, rooms),
     .help = "send every client's messages to all others with the same URL path"},
    {.name = "sink", OPTION_FLAG(S, operate.sink), .help = "read everything and answer nothing"},
    {.name = "source",
     OPTION_CALL(set_source),
     .metavar = "RATE:SIZE",
     .help = "send every client RATE messages a second of SIZE bytes; RATE 0: unlimited"},
    {.name = "reply",
     OPTION_STRING(S, operate.reply),
     .metavar = "TEXT|@FILE",
     .help = "answer every message with TEXT, or with the contents of FILE"},

    {OPTION_GROUP("Limits")},
    {.name = "max-connections",
     OPTION_COUNT(S, max_connections),
     .flags = OPTION_RELOADABLE,
     .max = COUNT_MOST,
     .help = "answer 503 above this many; 0: no limit (default 1000)"},
    {.name = "max-handshakes",
     OPTION_COUNT(S, max_handshakes),
     .flags = OPTION_RELOADABLE,
     .max = COUNT_MOST,
     .help =
         "above this many requests that have not come yet, and plain answers that are being "
         "sent, the one that got stuck longest ago gives way to a newcomer; 0: no limit (default "
         "a quarter of --max-connections)"},
    {.name = "max-per-ip",
     OPTION_COUNT(S, max_per_ip),
     .flags = OPTION_RELOADABLE,
     .max = COUNT_MOST,
     .help = "answer 429 above this many connections from one address; 0: no limit (default)"},
    {.name = "connect-rate",
     OPTION_NUMBER(S, connect_rate, 0, 1000000),
     .metavar = "N",
     .flags = OPTION_RELOADABLE,
     .help = "answer 429 when one address connects more often than N times a second; 0: no limit "
             "(default)"},
    {.name = "max-message-size",
     .aliases = "maxframesize",
     OPTION_SIZE(S, max_message_size),
     .flags = OPTION_RELOADABLE,
     .help = "close with 1009 above this size, over all fragments; 0: no limit (default 1M)"},
    {.name = "send-queue",
     OPTION_SIZE(S, send_queue),
     .flags = OPTION_RELOADABLE,
     .min = 1024,
     .max = 1 << 30,
     .help = "queue this much for a slow client before reading from it stops (default 256K)"},
    {.name = "slow",
     OPTION_CHOICE(S, slow, "close|drop-new|drop-old|block"),
     .help = "policy of --broadcast and --rooms for a client whose queue is full: close it with "
             "1008, drop messages, or block the senders (default close)"},
    {.name = "max-rate",
     OPTION_NUMBER(S, max_rate, 0, 1000000),
     .metavar = "MSG/S",
     .flags = OPTION_RELOADABLE,
     .help = "read no more than this many messages a second from a client; 0: no limit (default)"},
    {.name = "max-bandwidth",
     OPTION_SIZE(S, max_bandwidth),
     .metavar = "SIZE/S",
     .flags = OPTION_RELOADABLE,
     .help = "read no more than this many bytes a second from a client; 0: no limit (default)"},
    {.name = "max-memory",
     OPTION_SIZE(S, max_memory),
     .help = "limit all queues and unfinished messages together: above it the client that holds "
             "most is closed with 1013; 0: no limit (default)"},
    {.name = "shed-at",
     OPTION_CALL(set_shed_at),
     .metavar = "START:STOP",
     .help = "shed load above START percent of the connections, the memory or the loop's lag "
             "(200 ms), until below STOP percent: answer 503, close the longest idle with 1013"},
    {.name = "handshake-timeout",
     OPTION_DURATION(S, handshake_timeout_us),
     .flags = OPTION_RELOADABLE,
     .help = "time limit for the upgrade request (default 5s)"},
    {.name = "idle-timeout",
     OPTION_DURATION(S, idle_timeout_us),
     .flags = OPTION_RELOADABLE,
     .help = "close with 1001 after this long without a message; 0: never (default)"},
    {.name = "fragment-timeout",
     OPTION_DURATION(S, fragment_timeout_us),
     .flags = OPTION_RELOADABLE,
     .help = "close with 1008 when a fragmented message takes longer (default 60s)"},
    {.name = "write-timeout",
     OPTION_DURATION(S, write_timeout_us),
     .flags = OPTION_RELOADABLE,
     .help = "close a client that takes none of the bytes that wait for it for this long; 0: never "
             "(default 10s)"},

    {OPTION_GROUP("Protocol")},
    {.name = "ping-interval",
     OPTION_DURATION(S, ping_interval_us),
     .flags = OPTION_RELOADABLE,
     .help = "ping every client this often; 0: never (default 30s)"},
    {.name = "pingms",
     OPTION_CALL(set_ping_ms),
     .flags = OPTION_RELOADABLE,
     .metavar = "MS",
     .help = "--ping-interval in milliseconds, as in websocketd"},
    {.name = "ping-timeout",
     OPTION_DURATION(S, ping_timeout_us),
     .flags = OPTION_RELOADABLE,
     .help = "time limit for an answer to a ping (default 10s)"},
    {.name = "missed-pongs",
     OPTION_NUMBER(S, missed_pongs, 1, 1000),
     .metavar = "N",
     .flags = OPTION_RELOADABLE,
     .help = "close a client after this many unanswered pings (default 2)"},
    {.name = "fragment",
     OPTION_SIZE(S, fragment),
     .flags = OPTION_RELOADABLE,
     .help = "send messages in fragments of at most this size; 0: in one (default)"},
    {.name = "compress",
     .letters = "z",
     COMPRESS_OPTION(S, compress, "takeover=none"),
     .flags = OPTION_OPTIONAL | OPTION_RELOADABLE,
     .help = "agree to permessage-deflate; PARAMS as level=6,threshold=1K,window=15,takeover=none"},
    {.name = "close-timeout",
     OPTION_DURATION(S, close_timeout_us),
     .flags = OPTION_RELOADABLE,
     .help = "time limit for the client's close frame after ours (default 5s)"},
};
#undef S

/* Options of websocketd, websockify, websocat, npm's ws servers and web servers that need words;
 * those that are another name of ours are in suggest.c. */
static const struct option_elsewhere elsewhere[] = {
    {"uds", "--listen=unix:PATH listens on a unix socket"},
    {"unix-listen", "--listen=unix:PATH listens on a unix socket"},
    {"redirport", "a second port is not redirected; a proxy before it can"},
    {"reverselookup", "names of clients are not looked up: REMOTE_HOST is their address"},
    {"cgidir", "CGI scripts are not run; --dir runs programs for WebSockets"},
    {"license", "the licence is in the file LICENSE of the package"},
    {"host", "--address=ADDRESS listens there; --host-allow=NAME allows that Host"},
    {"ssl-only", "--tls: with it nothing else is spoken"},
    {"cacert", "--client-ca=FILE is for certificates of clients"},
    {"ca", "--client-ca=FILE is for certificates of clients"},
    {"verify-client", "--client-ca=FILE requires certificates of clients"},
    {"timeout", "--idle-timeout=T, --handshake-timeout=T or --exit-idle=T"},
    {"concurrency", "--threads=N and --max-connections=N"},
    {"log-file", "the log goes to standard error; --access-log=FILE has a file"},
    {"daemon", "it stays in the foreground: see docs/wsserve.service for systemd"},
    {"exec", "the program is the first word that is no option: wsserve COMMAND"},
    {"cmd", "the program is the first word that is no option: wsserve COMMAND"},
    {NULL, NULL},
};

static const char tail[] =
    "Examples:\n"
    "  wsserve                          echo on ws://127.0.0.1:8080/\n"
    "  wsserve -p 0 --announce          on a free port, and print it\n"
    "  wsserve ./count.sh               a program for each connection\n"
    "  wsserve --proxy=tcp:host:5900    a service for browsers\n"
    "  wsserve --devconsole             and a page for the browser at http://127.0.0.1:8080/\n"
    "  wsserve --listen=unix:/tmp/ws    on a unix socket: wscat ws+unix:/tmp/ws\n"
    "  wsserve --self-signed            over TLS: wscat --insecure wss://127.0.0.1:8080/\n"
    "  wsserve --listen=[::]:80 --max-connections=10k --idle-timeout=5m\n"
    "\n"
    "Exit status: 0 after SIGTERM, SIGINT or --oneshot; 1 when it cannot listen; 2 usage.\n";

void settings_own_tables(struct settings *settings, struct options *options)
{
    size_t count = 0;
    settings->tables[count++] = (struct option_table){OPTION_ROWS(rows), settings, NULL};
    settings->tables[count++] =
        (struct option_table){OPTION_ROWS(settings_operate_rows), &settings->operate, NULL};
    settings->tables[count++] =
        (struct option_table){OPTION_ROWS(settings_http_rows), &settings->http, NULL};
    settings->tables[count++] =
        (struct option_table){OPTION_ROWS(settings_tls_rows), &settings->tls, NULL};
    settings->tables[count++] =
        (struct option_table){OPTION_ROWS(settings_http2_rows), &settings->http2, NULL};
    settings->tables[count++] = (struct option_table){settings_process_rows, settings_process_count,
                                                      &settings->process, NULL};
    settings->tables[count++] =
        (struct option_table){OPTION_ROWS(options_common_rows), &settings->common, NULL};
    options->tables = settings->tables;
    options->table_count = count;
}

void settings_begin(struct settings *settings, struct options *options)
{
    *settings = (struct settings){
        .port = 8080,
        .announce_fd = -1,
        .threads = 1,
        .max_connections = 1000,
        .max_message_size = 1 << 20,
        .send_queue = 256 * 1024,
        .handshake_timeout_us = SECONDS(5),
        .fragment_timeout_us = SECONDS(60),
        .write_timeout_us = SECONDS(10),
        .ping_interval_us = SECONDS(30),
        .ping_timeout_us = SECONDS(10),
        .missed_pongs = 2,
        .close_timeout_us = SECONDS(5),
    };
    settings_process_init(&settings->process);
    settings_operate_defaults(&settings->operate);
    settings_http2_defaults(&settings->http2);
    *options = (struct options){
        .tool = "wsserve",
        .usage = "wsserve [OPTION]... [COMMAND [ARG]...]",
        .stop_at_word = true,
        .elsewhere = elsewhere,
        .about = "A WebSocket server.",
        .first = "port listen broadcast dir proxy staticdir devconsole origin auth self-signed",
        .verbose =
            "log the heads of requests and answers; -vv a line a frame too, -vvv payloads in hex",
        .tail = tail,
    };
    settings_own_tables(settings, options);
}

static const char *const mode_names[MODE_COUNT] = {
    "echo", "broadcast", "rooms", "process", "sink", "source", "reply", "shared", "pipe", "proxy",
};

const char *serve_settings_mode_name(enum settings_mode mode)
{
    return mode_names[mode];
}

/* The one mode that was asked for, or echo. */
static bool choose_mode(struct settings *settings, struct options *options)
{
    const struct settings_process *process = &settings->process;
    const bool wanted[MODE_COUNT] = {
        [MODE_ECHO] = settings->echo,
        [MODE_BROADCAST] = settings->broadcast,
        [MODE_ROOMS] = settings->rooms,
        [MODE_PROCESS] = (process->command && !process->shared) || process->dir,
        [MODE_SINK] = settings->operate.sink,
        [MODE_SOURCE] = settings->operate.source_size > 0,
        [MODE_REPLY] = settings->operate.reply != NULL,
        [MODE_SHARED] = process->shared,
        [MODE_PIPE] = process->pipe,
        [MODE_PROXY] = process->proxy != NULL,
    };
    const char *first = NULL;
    settings->mode = MODE_ECHO;
    for (unsigned mode = 0; mode < MODE_COUNT; mode++) {
        if (!wanted[mode])
            continue;
        if (first)
            return usage_error(options, "two modes at once: %s and %s", first, mode_names[mode]);
        first = mode_names[mode];
        settings->mode = (enum settings_mode)mode;
    }
    return true;
}

const char *serve_settings_where(const struct settings *settings, size_t index,
                                 char text[SETTINGS_WHERE_MAX])
{
    static const char *const loopback[] = {"127.0.0.1"};
    const struct option_list *listen = &settings->listen;
    if (listen->count > 0)
        return index < listen->count ? listen->items[index] : NULL;
    bool given = settings->address.count > 0;
    if (index >= (given ? settings->address.count : 1))
        return NULL;
    const char *address = given ? settings->address.items[index] : loopback[index];
    if (address[0] == '[')
        snprintf(text, SETTINGS_WHERE_MAX, "%s:%u", address, settings->port);
    else
        ws_host_port_format(address, settings->port, text, SETTINGS_WHERE_MAX);
    return text;
}

/* Can every place to listen on be read? */
static bool check_places(const struct settings *settings, struct options *options)
{
    char text[SETTINGS_WHERE_MAX], error[SETTINGS_WHERE_MAX + 80];
    const char *where;
    bool address = options_given(options, "port") || options_given(options, "address");
    if (settings->listen.count > 0 && address)
        return usage_error(options, "--listen cannot be combined with --port or --address");
    for (size_t i = 0; (where = serve_settings_where(settings, i, text)); i++)
        if (!ws_listener_check(where, error, sizeof error))
            return usage_error(options, "cannot listen on %s", error);
    where = settings->http.admin;
    if (where && !ws_listener_check(where, error, sizeof error))
        return usage_error(options, "option '--admin': cannot listen on %s", error);
    return true;
}

static uint64_t default_handshakes(uint64_t max_connections)
{
    enum { WITHOUT_LIMIT = 1000 };
    return max_connections == 0 ? WITHOUT_LIMIT : (max_connections + 3) / 4;
}

/* The "@FILE" of a secret if it can be read again. What a pipe has said stays, whatever is
 * reloaded. */
static const char *file_again(const struct options *options, const char *name)
{
    const char *file = options_secret_file(options, name);
    struct stat status;
    return file && stat(file + 1, &status) == 0 && S_ISREG(status.st_mode) ? file : NULL;
}

bool settings_finish(struct settings *settings, struct options *options)
{
    if (options->arg_count > 0)
        settings->process.command = options->args;
    if (!choose_mode(settings, options) || !settings_process_check(&settings->process, options))
        return false;
    /* A single source that can wait should lose nothing. */
    if (!options_given(options, "max-handshakes"))
        settings->max_handshakes = default_handshakes(settings->max_connections);
    if ((settings->process.shared || settings->process.pipe) && !options_given(options, "slow"))
        settings->slow = WS_SLOW_BLOCK;
    settings->address_given = options_given(options, "port") || options_given(options, "address") ||
                              settings->listen.count > 0;
    if (settings->operate.cluster && settings->mode != MODE_BROADCAST &&
        settings->mode != MODE_ROOMS && settings->mode != MODE_PIPE)
        return usage_error(options, "--cluster needs --broadcast, --rooms or --pipe");
    settings->http.auth_again = file_again(options, "auth");
    settings->http.token_again = file_again(options, "token");
    /* As websockify, whose clients ask for it. */
    settings->http.mode_subprotocol = settings->mode == MODE_PROXY ? "binary" : NULL;
    if (!check_places(settings, options) ||
        !settings_http_check(&settings->http, settings->check_http, options) ||
        !settings_tls_check(&settings->tls, options) ||
        !settings_http2_check(&settings->http2, options) ||
        !settings_operate_check(&settings->operate, options))
        return false;
    if (settings->common.quiet)
        settings->operate.log_level = WS_LOG_ERROR;
    else if (settings->common.verbose > 0)
        settings->operate.log_level = WS_LOG_DEBUG;
    return true;
}

void serve_settings_conn_config(const struct settings *s, struct ws_conn_config *config)
{
    ws_conn_config_init(config, WS_ROLE_SERVER);
    config->session.max_message = s->max_message_size;
    config->session.max_frame = s->fragment;
    config->session.deflate = compress_config(&s->compress);
    config->high_water = s->send_queue;
    config->http2_prior = s->http2.use == HTTP2_PRIOR && !s->tls.on;
    config->max_streams = s->http2.max_streams;
    config->max_rate = s->max_rate;
    config->max_bandwidth = s->max_bandwidth;
    config->handshake_ms = units_milliseconds(s->handshake_timeout_us);
    config->idle_ms = units_milliseconds(s->idle_timeout_us);
    config->fragment_ms = units_milliseconds(s->fragment_timeout_us);
    config->write_ms = units_milliseconds(s->write_timeout_us);
    config->close_ms = units_milliseconds(s->close_timeout_us);
    config->heartbeat.interval_ms = units_milliseconds(s->ping_interval_us);
    config->heartbeat.timeout_ms = units_milliseconds(s->ping_timeout_us);
    config->heartbeat.missed_limit = s->missed_pongs;
}

struct ws_admission_limits settings_admission(const struct settings *s)
{
    return (struct ws_admission_limits){.max_connections = s->max_connections,
                                        .max_handshakes = s->max_handshakes,
                                        .max_per_address = s->max_per_ip,
                                        .connect_rate = s->connect_rate};
}
