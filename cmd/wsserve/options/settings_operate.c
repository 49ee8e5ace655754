#include "cmd/wsserve/options/settings_operate.h"

#include "cmd/common/options/usage_error.h"
#include "cmd/common/units.h"
#include "cmd/wsserve/options/cluster_url.h"
#include <ws/close.h>

#include <stdlib.h>
#include <string.h>

enum { SOURCE_SIZE_MAX = 16 << 20, SOURCE_RATE_MAX = 10000000 };

static const char *set_log_level(struct options *options, const struct option_row *row,
                                 void *settings, const char *value)
{
    (void)options;
    (void)row;
    if (!log_level_parse(value, &((struct settings_operate *)settings)->log_level))
        return "debug, info, warning or error";
    return NULL;
}

static const char *set_shutdown_code(struct options *options, const struct option_row *row,
                                     void *settings, const char *value)
{
    (void)options;
    (void)row;
    if (units_close_code(value, &((struct settings_operate *)settings)->shutdown_code) != UNITS_OK)
        return "a close code that may be sent: 1000 to 1003, 1007 to 1014, 3000 to 4999";
    return NULL;
}

static const char *set_access_log(struct options *options, const struct option_row *row,
                                  void *settings, const char *value)
{
    struct settings_operate *s = settings;
    (void)options;
    (void)row;
    if (value && !*value)
        return "a file";
    s->access_log = true;
    s->access_file = value;
    return NULL;
}

static const char *set_socket_mode(struct options *options, const struct option_row *row,
                                   void *settings, const char *value)
{
    char *end;
    (void)options;
    (void)row;
    size_t len = strspn(value, "01234567");
    if (len == 0 || len > 4 || value[len])
        return "a file mode in octal digits: 0660";
    unsigned long mode = strtoul(value, &end, 8);
    if (mode > 0777)
        return "a file mode in octal digits, at most 0777";
    ((struct settings_operate *)settings)->socket_mode = (int)mode;
    return NULL;
}

static const char *set_fault(struct options *options, const struct option_row *row, void *settings,
                             const char *value)
{
    struct faults *faults = &((struct settings_operate *)settings)->faults;
    (void)options;
    (void)row;
    if (faults->count == FAULTS_MAX)
        return "one more than the 32 that there may be";
    const char *expected = fault_parse(value, &faults->list[faults->count]);
    if (!expected)
        faults->count++;
    return expected;
}

static const char *set_seed(struct options *options, const struct option_row *row, void *settings,
                            const char *value)
{
    struct settings_operate *s = settings;
    (void)options;
    (void)row;
    if (units_number(value, 0, UINT64_MAX, &s->faults.seed) != UNITS_OK)
        return "a whole number";
    s->seeded = true;
    return NULL;
}

const char *settings_set_source(struct settings_operate *settings, const char *value)
{
    static const char expected[] =
        "RATE:SIZE, as 100:1K: messages a second (0: unlimited) and bytes of each, up to 16M";
    char rate[32];
    size_t len = strcspn(value, ":");
    uint64_t number, size;
    if (value[len] != ':' || len >= sizeof rate)
        return expected;
    memcpy(rate, value, len);
    rate[len] = '\0';
    if (units_count(rate, &number) != UNITS_OK || number > SOURCE_RATE_MAX ||
        units_size(value + len + 1, &size) != UNITS_OK || size < 1 || size > SOURCE_SIZE_MAX)
        return expected;
    settings->source_rate = number;
    settings->source_size = size;
    return NULL;
}

#define S struct settings_operate
const struct option_row settings_operate_rows[SETTINGS_OPERATE_ROWS] = {
    {OPTION_GROUP("Operation")},
    {.name = "loglevel",
     OPTION_CALL(set_log_level),
     .metavar = "LEVEL",
     .choices = "debug|info|warning|error",
     .flags = OPTION_RELOADABLE,
     .help = "log this level and above (default info)"},
    {.name = "log-format",
     OPTION_CHOICE(S, log_format, "text|json"),
     .flags = OPTION_RELOADABLE,
     .help = "format of log lines (default text)"},
    {.name = "drain",
     OPTION_DURATION(S, drain_us),
     .flags = OPTION_RELOADABLE,
     .help = "wait this long for clients to leave on SIGTERM or SIGINT (default 10s)"},
    {.name = "shutdown-code",
     OPTION_CALL(set_shutdown_code),
     .metavar = "CODE",
     .flags = OPTION_RELOADABLE,
     .help = "close code sent to clients on SIGTERM or SIGINT (default 1001)"},
    {.name = "access-log",
     OPTION_CALL(set_access_log),
     .flags = OPTION_OPTIONAL,
     .like = "[.](log|json|jsonl|txt)$",
     .metavar = "FILE",
     .help = "log a line a request and one at the end of a WebSocket, to FILE or with the log; "
             "SIGHUP reopens FILE"},
    {.name = "config",
     OPTION_STRING(S, config),
     .flags = OPTION_TYPED,
     .metavar = "FILE",
     .help = "read options from FILE, 'name = value' a line; SIGHUP reads it again"},
    {.name = "exit-idle",
     OPTION_DURATION(S, exit_idle_us),
     .min = 1,
     .flags = OPTION_RELOADABLE,
     .help = "exit 0 after this long without a connection (default: never)"},
    {.name = "record",
     OPTION_STRING(S, record),
     .metavar = "DIR",
     .help = "record the messages of every connection to a JSON Lines file in DIR"},
    {.name = "record-limit",
     OPTION_SIZE(S, record_limit),
     .flags = OPTION_RELOADABLE,
     .help = "record no more than this in total; 0: no limit (default 1G)"},
    {.name = "socket-mode",
     OPTION_CALL(set_socket_mode),
     .metavar = "MODE",
     .help = "file mode of unix sockets, in octal (default: by the umask)"},
    {.name = "stats-interval",
     OPTION_DURATION(S, stats_interval_us),
     .flags = OPTION_RELOADABLE,
     .help = "log a line of statistics this often, as SIGUSR1 does; 0: never (default)"},

    {.name = "cluster",
     OPTION_STRING(S, cluster),
     .metavar = "redis://HOST:PORT/CHANNEL",
     .flags = OPTION_SECRET,
     .help = "share --broadcast, --rooms or --pipe with all servers of the same CHANNEL through "
             "Redis; rediss:// over TLS; USER:PASSWORD@ before HOST, or env:NAME as the password"},
    {.name = "cluster-ca",
     OPTION_STRING(S, cluster_ca),
     .metavar = "FILE",
     .help = "trust the authorities in this PEM file for rediss:// (default: the system's)"},

    {OPTION_GROUP("Fault injection")},
    {.name = "fault",
     OPTION_CALL(set_fault),
     .metavar = "NAME[:ARG][@PROB]",
     .flags = OPTION_REPEAT,
     .choices = "delay|reject|close-after|abort-after|no-pong|no-close-reply|mask|bad-utf8|rsv|"
                "truncate|split-writes|drop|duplicate|reorder|flip|wrong-accept",
     .help = "misbehave in one of these ways, which the manual explains; may be repeated"},
    {.name = "seed",
     OPTION_CALL(set_seed),
     .metavar = "N",
     .help = "seed of the faults: the same seed repeats them (default: random, and logged)"},
};
#undef S

void settings_operate_defaults(struct settings_operate *settings)
{
    *settings = (struct settings_operate){
        .log_level = WS_LOG_INFO,
        .shutdown_code = WS_CLOSE_GOING_AWAY,
        .drain_us = SECONDS(10),
        .record_limit = 1 << 30,
        .exit_idle_us = -1,
        .socket_mode = -1,
    };
}

static bool check_cluster(const struct settings_operate *settings, struct options *options)
{
    struct cluster_url url;
    char error[256];
    if (settings->cluster_ca && !settings->cluster)
        return usage_error(options, "--cluster-ca has no effect without --cluster");
    if (!settings->cluster)
        return true;
    const char *wrong = cluster_url_parse(settings->cluster, &url, error, sizeof error);
    if (wrong)
        return usage_error(options, "option '--cluster': %s", wrong);
    bool secure = url.secure;
    cluster_url_free(&url);
    if (settings->cluster_ca && !secure)
        return usage_error(options, "--cluster-ca has no effect without rediss://");
    return true;
}

bool settings_operate_check(struct settings_operate *settings, struct options *options)
{
    if (settings->seeded && settings->faults.count == 0)
        return usage_error(options, "--seed has no effect without --fault");
    return check_cluster(settings, options);
}
