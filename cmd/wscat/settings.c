#include "cmd/wscat/settings.h"

#include "cmd/common/exit.h"
#include "cmd/common/units.h"
#include <ws/close.h>
#include <ws/utf8.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

static const char *set_close_code(struct options *options, const struct option_row *row,
                                  void *settings, const char *value)
{
    (void)options;
    (void)row;
    if (units_close_code(value, &((struct settings *)settings)->close_code) != UNITS_OK)
        return "a close code that may be sent: 1000 to 1003, 1007 to 1014, 3000 to 4999";
    return NULL;
}

#define S struct settings
static const struct option_row rows[] = {
    {OPTION_GROUP("Connection")},
    {.name = "connect",
     .letters = "c",
     OPTION_STRING(S, connect),
     .metavar = "URL",
     .help = "connect to URL; all words are messages then"},

    {OPTION_GROUP("What is sent")},
    {.name = "execute",
     .letters = "x",
     OPTION_LIST(S, execute),
     .metavar = "MESSAGE",
     .help = "send this message before standard input; @FILE sends a file; may be repeated"},
    {.name = "text", .letters = "t", OPTION_FLAG(S, text), .help = "send text messages (default)"},
    {.name = "binary",
     .letters = "b",
     OPTION_FLAG(S, binary),
     .help = "send binary messages, the input unchanged in chunks; print received bytes unchanged"},
    {.name = "input",
     OPTION_CHOICE(S, input, "lines|whole|hex"),
     .help = "split input into messages: one a line, the whole input, or one a line of hex digits "
             "(default lines)"},
    {.name = "no-stdin", OPTION_FLAG(S, no_stdin), .help = "do not read standard input"},
    {.name = "compress",
     .letters = "z",
     COMPRESS_OPTION(S, compress, "takeover=both"),
     .flags = OPTION_OPTIONAL,
     .help = "offer permessage-deflate; PARAMS as level=6,threshold=1K,window=15,takeover=both"},

    {OPTION_GROUP("What is shown")},
    {.name = "jsonl",
     .letters = "J",
     OPTION_FLAG(S, jsonl),
     .help = "print every event as a line of JSON, in both directions"},
    {.name = "stats",
     OPTION_FLAG(S, stats),
     .help = "print timings and amounts of data on standard error at the end"},

    {OPTION_GROUP("When it ends")},
    {.name = "wait",
     .letters = "w",
     OPTION_DURATION(S, wait_us),
     .flags = OPTION_NEVER,
     .help = "close after this much silence once input has ended; -1: wait for the server to close "
             "(default 2s)"},
    {.name = "exit-on-eof",
     .letters = "E",
     OPTION_FLAG(S, exit_on_eof),
     .help = "close at the end of input, without waiting"},
    {.name = "one-message",
     .letters = "1",
     OPTION_FLAG(S, one_message),
     .help = "send one message, print one, and close"},
    {.name = "count",
     .letters = "N",
     OPTION_COUNT(S, count),
     .help = "close after this many received messages"},
    {.name = "expect",
     OPTION_STRING(S, expect),
     .metavar = "REGEX",
     .help = "exit with 0 at the first message that matches, with 10 if none does"},
    {.name = "timeout",
     .letters = "T",
     OPTION_DURATION(S, timeout_us),
     .help = "exit with 7 if not done within this time"},
    {.name = "close-timeout",
     OPTION_DURATION(S, close_timeout_us),
     .help =
         "time limit for the server's close frame after ours, whatever else arrives (default 5s); "
         "a message under way may double it"},
    {.name = "close-code",
     OPTION_CALL(set_close_code),
     .metavar = "CODE",
     .help = "close with this code (default 1000)"},
    {.name = "close-reason",
     OPTION_STRING(S, close_reason),
     .metavar = "TEXT",
     .help = "close with this reason, at most 123 bytes"},

    {OPTION_GROUP("Keeping it alive")},
    {.name = "ping-interval",
     OPTION_DURATION(S, ping_interval_us),
     .help = "ping the server this often (default: never); an interval below --wait keeps it from "
             "being "
             "quiet"},
    {.name = "ping-timeout",
     OPTION_DURATION(S, ping_timeout_us),
     .help = "exit with 7 if nothing is received for this long after a ping (default 10s)"},
    {.name = "max-message-size",
     OPTION_SIZE(S, max_message_size),
     .help = "close with 1009 when a message exceeds this size (default 64M)"},
};
#undef S

static const char tail[] =
    "Examples:\n"
    "  wscat ws://localhost:8080/ hello             send a message, print the replies\n"
    "  seq 1000 | wscat ws://localhost:8080/        send a message a line\n"
    "  wscat -b ws://localhost:8080/ <in >out       send and receive bytes unchanged\n"
    "  wscat --expect '\"ok\":true' -T 5s ws://localhost:8080/ '{\"op\":\"check\"}'\n"
    "\n"
    "Exit status: 0 done; 1 I/O error; 2 usage; 3 cannot connect; 4 TLS; 5 upgrade refused;\n"
    "6 protocol error; 7 timeout; 8 connection lost; 9 closed with an error code; 10 --expect or\n"
    "--count not met; 130, 143 interrupted, terminated.\n";

/* Reports a usage error; false, so that it can be returned. */
#define usage_error(options, ...)                                                                  \
    ((options)->status = options_usage_error(options, __VA_ARGS__), false)

/* --- the whole command line --- */

/* Takes the URL from the words unless --connect has it, and the messages, after those of
 * --execute. */
static bool take_words(struct settings *s, struct options *options)
{
    int first = 0;
    const char *text = s->connect;
    if (!text) {
        if (options->arg_count == 0)
            return usage_error(options, "no URL to connect to");
        text = options->args[first++];
    }
    if (!target_read(&s->target, options, text))
        return false;
    size_t count = 0;
    s->messages = calloc(s->execute.count + (size_t)options->arg_count + 1, sizeof *s->messages);
    if (!s->messages)
        exit_die(WS_EXIT_FAILURE, "out of memory");
    for (size_t i = 0; i < s->execute.count; i++)
        s->messages[count++] = (char *)(uintptr_t)s->execute.items[i];
    for (int i = first; i < options->arg_count; i++)
        s->messages[count++] = options->args[i];
    s->no_stdin |= options->arg_count > first;
    return true;
}

static bool check(struct settings *s, struct options *options)
{
    if (s->text && s->binary)
        return usage_error(options, "--text and --binary exclude each other");
    if (s->close_reason && strlen(s->close_reason) > WS_CLOSE_REASON_MAX)
        return usage_error(options, "option '--close-reason': longer than 123 bytes");
    if (s->close_reason && !ws_utf8_valid(s->close_reason, strlen(s->close_reason)))
        return usage_error(options, "option '--close-reason': not UTF-8");
    if (s->exit_on_eof && options_given(options, "wait"))
        return usage_error(options, "--exit-on-eof and --wait exclude each other");
    if (s->binary && !options_given(options, "input"))
        s->input = INPUT_CHUNKS;
    if (s->one_message && s->count == 0)
        s->count = 1;
    if (s->expect) {
        int failed = regcomp(&s->expect_regex, s->expect, REG_EXTENDED | REG_NOSUB);
        if (failed) {
            char why[128];
            const char *regex = s->expect;
            regerror(failed, &s->expect_regex, why, sizeof why);
            s->expect = NULL;
            return usage_error(options, "option '--expect': '%s': %s", regex, why);
        }
    }
    return true;
}

bool wscat_settings_read(struct settings *settings, struct options *options, int argc, char **argv)
{
    static struct option_table tables[4];
    *settings = (struct settings){
        .target = {.connect_timeout_us = SECONDS(10)},
        .wait_us = SECONDS(2),
        .close_timeout_us = SECONDS(5),
        .close_code = WS_CLOSE_NORMAL,
        .ping_timeout_us = SECONDS(10),
        .max_message_size = 64 << 20,
    };
    tables[0] = (struct option_table){OPTION_ROWS(rows), settings, NULL};
    tables[1] = (struct option_table){OPTION_ROWS(target_rows), &settings->target, NULL};
    tables[2] = (struct option_table){OPTION_ROWS(target_tls_rows), &settings->target.tls, NULL};
    tables[3] = (struct option_table){OPTION_ROWS(options_common_rows), &settings->common, NULL};
    *options = (struct options){
        .tool = "wscat",
        .usage = "wscat [OPTION]... URL [MESSAGE]...",
        .about = "Sends standard input to a WebSocket server, message by message, and prints the "
                 "replies.",
        .tail = tail,
        .tables = tables,
        .table_count = 4,
    };
    return options_parse(options, argc, argv) && check(settings, options) &&
           take_words(settings, options);
}

void wscat_settings_free(struct settings *s)
{
    free(s->messages);
    if (s->expect)
        regfree(&s->expect_regex);
    target_free(&s->target);
}

void wscat_settings_conn_config(const struct settings *s, struct ws_conn_config *config)
{
    ws_conn_config_init(config, WS_ROLE_CLIENT);
    config->session.max_message = s->max_message_size;
    config->session.chunks = s->binary && !s->jsonl && !s->expect;
    config->session.deflate = compress_config(&s->compress);
    config->session.frames = s->common.verbose >= 2;
    config->handshake_ms = units_milliseconds(s->target.connect_timeout_us);
    config->close_ms = units_milliseconds(s->close_timeout_us);
    config->write_ms = 0; /* no limit: a slow server slows down the reading of the input */
    config->heartbeat.interval_ms = units_milliseconds(s->ping_interval_us);
    config->heartbeat.timeout_ms = units_milliseconds(s->ping_timeout_us);
    config->heartbeat.missed_limit = 1;
}

unsigned settings_opcode(const struct settings *s)
{
    return s->binary || (s->input == INPUT_HEX && !s->text) ? WS_OP_BINARY : WS_OP_TEXT;
}
