#include "cmd/wsbench/options/settings.h"

#include "cmd/common/exit.h"
#include "cmd/common/units.h"
#include "cmd/wsbench/payload/payload.h"

#include <inttypes.h>
#include <string.h>

static const char tail[] =
    "Examples:\n"
    "  wsbench ws://localhost:8080/                      10 connections, 10 s, echoes\n"
    "  wsbench -c 1000 -R 50k -d 30s ws://localhost:8080/   latency at a given rate\n"
    "  wsbench --mode=idle -c 10k -d 5s --server-pid=$PID ws://localhost:8080/\n"
    "  wsbench --mode=churn -c 50 --format=json ws://localhost:8080/ | jq .connections\n"
    "\n"
    "Exit status: 0 measured, and nothing was lost; 1 messages or connections were lost, the rate "
    "was\n"
    "not reached, nothing was measured, or the limits of this machine do not allow the load; 2 "
    "usage;\n"
    "3 to 9 no connection could be opened (as wscat); 10 a condition of --fail-if or --abort-if "
    "was "
    "met;\n"
    "130, 143 interrupted, terminated, with a report up to then.\n";

/* An option without an effect is a mistake, which is better reported than ignored. A limit, such as
 * --messages or --timeout, is none: it may stand where it is not reached. */
static bool check_effects(const struct settings *s, struct options *options)
{
    enum {
        ECHO = 1 << MODE_ECHO,
        IDLE = 1 << MODE_IDLE,
        BROADCAST = 1 << MODE_BROADCAST,
        CHURN = 1 << MODE_CHURN,
        PING = 1 << MODE_PING,
        SINK = 1 << MODE_SINK,
        SOURCE = 1 << MODE_SOURCE,
        STREAMS = ECHO | BROADCAST | PING | SINK, /* send on connections that stay */
    };
    static const struct {
        const char *option;
        int modes; /* in which it has an effect */
    } effects[] = {{"publishers", BROADCAST},
                   {"rate", STREAMS | CHURN},
                   {"arrival", STREAMS | CHURN},
                   {"ramp", STREAMS | CHURN},
                   {"burst", STREAMS | CHURN},
                   {"find-rate", ECHO | BROADCAST | CHURN | PING},
                   {"warmup", STREAMS | CHURN | SOURCE},
                   {"channel-lifetime", STREAMS | IDLE | SOURCE},
                   {"reconnect", STREAMS | IDLE | SOURCE},
                   {"slow-readers", ECHO | BROADCAST | SOURCE},
                   {"message", ECHO | CHURN | SINK},
                   {"message-file", ECHO | CHURN | SINK},
                   {"replay", ECHO | SINK},
                   {"match", ECHO | CHURN},
                   {"window", ECHO},
                   {"size", STREAMS | CHURN},
                   {"fragment", ECHO | BROADCAST | CHURN | SINK},
                   {"text", ECHO | BROADCAST | CHURN | SINK},
                   {"binary", ECHO | BROADCAST | CHURN | SINK}};
    for (size_t i = 0; i < sizeof effects / sizeof effects[0]; i++)
        if (options_given(options, effects[i].option) && !(effects[i].modes & 1 << s->mode))
            return usage_error(options, "--%s has no effect with --mode=%s", effects[i].option,
                               settings_mode_name(s));
    return true;
}

static bool check_conditions(struct options *options, const char *option,
                             const struct option_list *texts, struct condition *conditions)
{
    if (texts->count > CONDITIONS_MAX)
        return usage_error(options, "more than %d times --%s", CONDITIONS_MAX, option);
    for (size_t i = 0; i < texts->count; i++) {
        const char *wrong = condition_read(&conditions[i], texts->items[i]);
        if (wrong)
            return usage_error(options, "--%s='%s': %s (%s)", option, texts->items[i], wrong,
                               metric_names());
    }
    return true;
}

/* --merge measures nothing: all that it needs is the reports, and how to print their sum. */
static bool check_merge(struct settings *s, struct options *options)
{
    static const char *const useful[] = {"merge",  "latency", "percentiles", "format",
                                         "output", "compare", "fail-if"};
    for (size_t i = 0; i < WSBENCH_ROWS; i++) {
        const char *name = wsbench_rows[i].name;
        bool used = !name;
        for (size_t k = 0; k < sizeof useful / sizeof useful[0] && !used; k++)
            used = strcmp(useful[k], name) == 0;
        if (!used && options_given(options, name))
            return usage_error(options, "--%s has no effect with --merge", name);
    }
    if (options->arg_count == 0)
        return usage_error(options, "--merge needs the files of reports");
    s->files = options->args;
    s->file_count = options->arg_count;
    return true;
}

static bool check_schedule(struct settings *s, struct options *options)
{
    bool bursts = s->burst.every_us > 0;
    if (bursts && s->rate > 0)
        return usage_error(options, "--burst and --rate exclude each other");
    if (bursts && s->ramp_us > 0)
        return usage_error(options, "--burst and --ramp exclude each other");
    if (s->mode == MODE_BROADCAST && s->rate == 0)
        s->rate = 100;
    if (bursts)
        s->rate = (double)s->burst.count * 1e6 / (double)s->burst.every_us;
    if (options_given(options, "arrival") && (s->rate == 0 || bursts))
        return usage_error(options, "--arrival needs --rate");
    if (s->ramp_us > 0 && s->mode == MODE_CHURN && s->rate == 0)
        return usage_error(options, "--ramp with --mode=churn needs --rate");
    if (s->ramp_us > 0 && s->duration_us > 0 && s->ramp_us > s->duration_us + s->warmup_us)
        return usage_error(options, "--ramp is longer than --duration");
    return true;
}

static bool check_size(struct settings *s, struct options *options)
{
    enum { PING_MAX = 125 }; /* RFC 6455 5.5 */
    if (s->size.least < s->size.most && s->size.least < PAYLOAD_HEAD)
        return usage_error(options, "a range of --size begins at %d or above", PAYLOAD_HEAD);
    if (s->mode == MODE_PING && s->size.most > PING_MAX)
        return usage_error(options, "--size is at most %d with --mode=ping", PING_MAX);
    if (s->mode == MODE_BROADCAST && s->size.least < PAYLOAD_HEAD)
        s->size = (struct size_range){PAYLOAD_HEAD, PAYLOAD_HEAD};
    return true;
}

/* Each of several measurements must be possible. */
static bool check_series(struct settings *s, struct options *options)
{
    const struct stages *stages = &s->stages;
    if (stages->count == 0 && s->goal.limit_us == 0)
        return true;
    if (stages->count > 0 && s->goal.limit_us > 0)
        return usage_error(options, "--stages and --find-rate exclude each other");
    if (stages->count > 0 && !stages->rates && options_given(options, "connections"))
        return usage_error(options, "--stages and --connections exclude each other");
    if (stages->rates && options_given(options, "rate"))
        return usage_error(options, "--stages and --rate exclude each other");
    if (s->format == REPORT_HGRM && stages->count > 0)
        return usage_error(options, "--format=hgrm has no place for --stages");
    if (s->burst.every_us > 0 && (stages->rates || s->goal.limit_us > 0))
        return usage_error(options, "--burst is a rate already");
    if (stages->rates && !settings_sends(s))
        return usage_error(options, "--stages=rate: has no effect with --mode=%s",
                           settings_mode_name(s));
    for (unsigned i = 0; i < stages->count && !stages->rates; i++)
        if (stages->values[i] < s->threads || stages->values[i] < (double)s->publishers)
            return usage_error(options, "a stage has fewer connections than --threads or "
                                        "--publishers");
    if (s->goal.limit_us > 0 && s->duration_us == 0)
        return usage_error(options, "--find-rate needs --duration");
    if (s->goal.limit_us > 0 && !options_given(options, "duration"))
        s->duration_us = SECONDS(3);
    return true;
}

/* The whole recording, where nothing else ends it. */
static bool check_replay(struct settings *s, struct options *options)
{
    double least = (double)s->connections;
    for (unsigned i = 0; i < s->stages.count; i++)
        least = i == 0 || s->stages.values[i] < least ? s->stages.values[i] : least;
    uint64_t all = s->own.replay.count * (uint64_t)least;
    if (s->messages > all)
        return usage_error(options,
                           "--messages=%" PRIu64 ": the recording has %zu, and %.0f connection%s "
                           "%" PRIu64,
                           s->messages, s->own.replay.count, least,
                           least == 1 ? " sends" : "s send", all);
    if (!options_given(options, "duration")) {
        s->duration_us = 0;
        s->replay_whole = s->messages == 0;
    }
    if (!options_given(options, "window"))
        s->window = WINDOW_MAX;
    settings_set_connections(s, s->connections);
    return true;
}

static bool check_own(struct settings *s, struct options *options)
{
    struct own_options *o = &s->own_options;
    bool own = o->messages.count > 0 || o->message_file;
    char problem[400] = "";
    if (own && o->replay_file)
        return usage_error(options, "--replay and --message exclude each other");
    if ((own || o->replay_file) && options_given(options, "size"))
        return usage_error(options, "--size is that of the messages that wsbench makes itself");
    if (o->replay_file &&
        (s->rate > 0 || s->ramp_us > 0 || s->stages.rates || s->goal.limit_us > 0))
        return usage_error(options, "--replay has the timing of the recording");
    if (o->match && !own && !o->replay_file)
        return usage_error(options, "--match needs --message, --message-file or --replay");
    if (o->first_expect && !o->first_message)
        return usage_error(options, "--first-expect needs --first-message");
    if (!own_read(&s->own, o, &s->target, !s->binary, problem, sizeof problem)) {
        if (problem[0])
            return usage_error(options, "%s", problem);
        options->status = WS_EXIT_FAILURE;
        return false;
    }
    if (!o->match)
        o->match = o->replay_file ? "any" : "echo";
    return !o->replay_file || check_replay(s, options);
}

static bool check_streams(const struct settings *s, struct options *options)
{
    if (s->streams > 0 && s->target.http2 == TARGET_HTTP2_OFF)
        return usage_error(options, "--streams needs --http2");
    if (s->streams > 0 && s->target.http2 == TARGET_HTTP2_AUTO && !s->target.url.secure)
        return usage_error(options, "--streams on ws:// needs --http2=prior");
    return true;
}

static bool check_load(struct settings *s, struct options *options)
{
    if (options->arg_count == 0)
        return usage_error(options, "no URL of a server to measure");
    if (options->arg_count > 1)
        return usage_error(options, "two URLs, '%s' and '%s': one is measured", options->args[0],
                           options->args[1]);
    if (s->text && s->binary)
        return usage_error(options, "--text and --binary exclude each other");
    if (s->duration_us == 0 && s->messages == 0 && s->mode != MODE_CONNECT)
        return usage_error(options, "--duration=0 needs --messages");
    if (s->publishers > s->connections)
        return usage_error(options, "more --publishers than --connections");
    if (s->sources.count > 0 && s->target.interface)
        return usage_error(options, "--source-ip and --interface exclude each other");
    if (s->threads > s->connections)
        return usage_error(options, "more --threads than --connections");
    if (!check_effects(s, options))
        return false;
    if (!check_schedule(s, options) || !check_size(s, options) || !check_series(s, options))
        return false;
    if (!target_read(&s->target, options, options->args[0]) || !check_own(s, options) ||
        !check_streams(s, options))
        return false;
    if (s->target.offers_deflate && !s->compress.wanted)
        compress_default(&s->compress);
    return true;
}

static bool check(struct settings *s, struct options *options)
{
    return check_conditions(options, "fail-if", &s->fail_if, s->failing) &&
           check_conditions(options, "abort-if", &s->abort_if, s->aborting) &&
           (s->merge ? check_merge(s, options) : check_load(s, options));
}

bool wsbench_settings_read(struct settings *settings, struct options *options, int argc,
                           char **argv)
{
    static struct option_table tables[4];
    *settings = (struct settings){
        .target = {.connect_timeout_us = SECONDS(10)},
        .connections = 10,
        .duration_us = SECONDS(10),
        .threads = 1,
        .window = 1,
        .publishers = 1,
        .timeout_us = SECONDS(5),
        .size = {20, 20},
        .percentiles = {{50, 75, 90, 95, 99, 99.9, 99.99}, 7},
    };
    tables[0] = (struct option_table){OPTION_ROWS(wsbench_rows), settings, NULL};
    tables[1] = (struct option_table){OPTION_ROWS(target_rows), &settings->target, "HAu46"};
    tables[2] = (struct option_table){OPTION_ROWS(target_tls_rows), &settings->target.tls, "k"};
    tables[3] = (struct option_table){OPTION_ROWS(options_common_rows), &settings->common, NULL};
    *options = (struct options){
        .tool = "wsbench",
        .usage = "wsbench [OPTION]... URL\nwsbench --merge [OPTION]... FILE...",
        .about = "Puts load on a WebSocket server and reports throughput, latency and losses.",
        .first = "connections duration rate window size message mode stages format fail-if",
        .tail = tail,
        .verbose = "print each failure as it happens, with its status and the start of the body, "
                   "or the close code",
        .tables = tables,
        .table_count = 4,
    };
    return options_parse(options, argc, argv) && check(settings, options);
}

bool settings_answered(const struct settings *s)
{
    return s->mode == MODE_ECHO || s->mode == MODE_CHURN || s->mode == MODE_PING;
}

uint64_t settings_sockets(const struct settings *s)
{
    /* Those of a thread are not shared with those of another. */
    return s->streams ? s->connections / s->streams + s->threads : s->connections;
}

bool settings_open_model(const struct settings *s)
{
    return s->rate > 0 || s->own.replay.count > 0;
}

void settings_set_connections(struct settings *s, uint64_t connections)
{
    s->connections = connections;
    if (s->replay_whole)
        s->messages = s->own.replay.count * connections;
}

int64_t settings_load_us(const struct settings *s)
{
    double due_us = s->rate > 0 ? (double)s->messages * 1e6 / s->rate + (double)s->ramp_us / 2 : 0;
    bool first = s->duration_us == 0 || due_us < (double)s->duration_us;
    return due_us > 0 && first ? (int64_t)due_us : s->duration_us;
}

const char *settings_explain(const struct settings *s, enum ws_error error)
{
    if (error == WS_E_HTTP2 && s->target.http2 == TARGET_HTTP2_PRIOR)
        return "the server did not answer in HTTP/2, which --http2=prior begins with "
               "(RFC 9113 3.3)";
    if (error == WS_E_CONNECT_TIMEOUT && s->own_options.first_expect)
        return "the connection was not made, or --first-expect not met, in time";
    return ws_error_info(error)->explanation;
}

void wsbench_settings_free(struct settings *s)
{
    own_free(&s->own);
    target_free(&s->target);
}

bool settings_sends(const struct settings *s)
{
    return settings_answered(s) || s->mode == MODE_BROADCAST || s->mode == MODE_SINK;
}

const char *settings_mode_name(const struct settings *settings)
{
    static const char *const names[] = {"echo",  "connect", "idle", "broadcast",
                                        "churn", "ping",    "sink", "source"};
    return names[settings->mode];
}

/* Bytes that may wait for a server that does not read; while more do, nothing is sent. */
enum { QUEUE_MAX = 1 << 20 };

void wsbench_settings_conn_config(const struct settings *s, struct ws_conn_config *config)
{
    ws_conn_config_init(config, WS_ROLE_CLIENT);
    /* Pieces of large messages can be compared as they come; for all else messages must be whole.
     */
    config->session.chunks = !own_any(&s->own) && !s->own_options.first_expect;
    config->session.runs = s->slow.percent == 0; /* a slow reader pauses after each */
    config->session.deflate = compress_config(&s->compress);
    config->session.max_message = s->size.most > (64 << 20) ? s->size.most : 64 << 20;
    config->session.max_frame = s->fragment;
    config->handshake_ms = units_milliseconds(s->target.connect_timeout_us);
    config->write_ms = 0; /* no limit: a server that does not read shows up as missing replies */
    config->high_water = QUEUE_MAX;
}
