#include "cmd/wscat/options/settings.h"

#include "cmd/common/exit.h"
#include "cmd/common/file.h"
#include "cmd/common/pattern.h"
#include "cmd/common/units.h"
#include "libws/io/listener.h"
#include <ws/close.h>
#include <ws/utf8.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

enum { HANDSHAKE_MS = 5000 /* of a client, in listen mode */ };

static const char tail[] =
    "Examples:\n"
    "  wscat ws://localhost:8080/ hello             send a message, print the replies\n"
    "  seq 1000 | wscat ws://localhost:8080/        send a message a line\n"
    "  wscat -b ws://localhost:8080/ <in >out       send and receive bytes unchanged\n"
    "  wscat --expect '\"ok\":true' -T 5s ws://localhost:8080/ '{\"op\":\"check\"}'\n"
    "\n"
    "Exit status: 0 done; 1 I/O error; 2 usage; 3 cannot connect; 4 TLS; 5 upgrade refused;\n"
    "6 protocol error; 7 timeout; 8 connection lost; 9 closed with an error code; 10 --expect or\n"
    "--count not met, or --check failed; 129, 130, 143 hung up, interrupted, terminated.\n";

/* --- the words --- */

static bool is_url(const char *word)
{
    return strncasecmp(word, "ws://", 5) == 0 || strncasecmp(word, "wss://", 6) == 0 ||
           strncasecmp(word, "ws+unix:", 8) == 0 || strncasecmp(word, "wss+unix:", 9) == 0;
}

bool settings_is_stdin(const char *word)
{
    return strcmp(word, "@-") == 0;
}

/* Of the messages only one can be all of standard input. */
static bool check_stdin_words(const struct settings *s, struct options *options)
{
    unsigned count = 0;
    for (char **word = s->messages; *word; word++)
        count += settings_is_stdin(*word);
    if (count > 1)
        return usage_error(options, "'@-' was given twice: standard input is read once");
    if (count > 0 && s->listen)
        return usage_error(options, "'@-' with --listen: standard input is read once, and each "
                                    "client is sent the messages; @FILE reads a file");
    return true;
}

/* A file of a message is read when the message is due; one that is missing is known before. */
static bool check_file_words(const struct settings *s, struct options *options)
{
    for (char **word = s->messages; *word; word++) {
        const char *name = *word + 1;
        if (**word != '@' || *name == '@' || strcmp(name, "-") == 0 || access(name, R_OK) == 0)
            continue;
        exit_warn("%s: %s", name, strerror(errno));
        options->status = WS_EXIT_FAILURE;
        return false;
    }
    return true;
}

/* The messages of the command line: those of --execute, then the words from `first` on. */
static bool take_messages(struct settings *s, struct options *options, int first)
{
    size_t count = 0;
    for (int i = first; i < options->arg_count && s->listen; i++)
        if (is_url(options->args[i]))
            return usage_error(options, "--listen waits for clients, and takes no URL: '%s'",
                               options->args[i]);
    s->messages = calloc(s->execute.count + (size_t)options->arg_count + 1, sizeof *s->messages);
    if (!s->messages)
        exit_die(WS_EXIT_FAILURE, "out of memory");
    for (size_t i = 0; i < s->execute.count; i++)
        s->messages[count++] = (char *)(uintptr_t)s->execute.items[i];
    for (int i = first; i < options->arg_count; i++)
        s->messages[count++] = options->args[i];
    s->no_stdin |= options->arg_count > first;
    return check_stdin_words(s, options) && check_file_words(s, options);
}

/* Takes the URL from the words unless --connect has it, and the messages, after those of
 * --execute. */
static bool take_words(struct settings *s, struct options *options)
{
    int first = 0;
    const char *text = s->connect;
    if (s->listen)
        return target_read_subprotocols(&s->target, options) && take_messages(s, options, 0);
    if (!text) {
        if (options->arg_count == 0)
            return usage_error(options, "no URL to connect to");
        text = options->args[first++];
    }
    for (int i = first; i < options->arg_count; i++)
        if (is_url(options->args[i]) && !s->connect && !is_url(text))
            return usage_error(options, "the URL comes first, and the messages after it: not '%s'",
                               text);
        else if (is_url(options->args[i]))
            return usage_error(options,
                               "two URLs, '%s' and '%s' (--execute sends one as a message)", text,
                               options->args[i]);
    if (!target_read(&s->target, options, text))
        return false;
    if (s->target.offers_deflate && !s->compress.wanted)
        compress_default(&s->compress);
    return take_messages(s, options, first);
}

/* --- forms --- */

static void choose_forms(struct settings *s, const struct options *options)
{
    bool format_given = options_given(options, "format");
    s->unescaped = s->raw || (format_given && s->format == FORMAT_RAW);
    if (s->jsonl)
        s->format = FORMAT_JSONL;
    else if (s->raw || (s->binary && !format_given))
        s->format = FORMAT_RAW;
    s->jsonl = s->format == FORMAT_JSONL;
    if (s->null_terminated)
        s->input = INPUT_NUL;
    else if (s->binary && !options_given(options, "input"))
        s->input = INPUT_CHUNKS;
}

/* --- listen mode --- */

/* "8080" and ":8080" are loopback; "0.0.0.0:8080" is what it says. */
static bool read_listen(struct settings *s, struct options *options)
{
    char error[256];
    const char *at = s->listen + (s->listen[0] == ':');
    bool port = strspn(at, "0123456789") == strlen(at);
    snprintf(s->where, sizeof s->where, "%s%s", port ? "127.0.0.1:" : "", port ? at : s->listen);
    if (strlen(s->listen) >= sizeof s->where - sizeof "127.0.0.1:" ||
        !ws_listener_check(s->where, error, sizeof error))
        return usage_error(options, "option '--listen': '%s' is not [ADDRESS:]PORT", s->listen);
    if (!options_given(options, "wait") && !s->exit_on_eof)
        s->wait_us = UNITS_NEVER;
    return target_tls_read(&s->target.tls, options, WS_ROLE_SERVER,
                           s->target.tls.certificate != NULL);
}

static bool check(struct settings *s, struct options *options)
{
    if (s->close_reason && strlen(s->close_reason) > WS_CLOSE_REASON_MAX)
        return usage_error(options, "option '--close-reason': longer than 123 bytes");
    if (s->close_reason && !ws_utf8_valid(s->close_reason, strlen(s->close_reason)))
        return usage_error(options, "option '--close-reason': not UTF-8");
    if (s->one_message && s->count == 0)
        s->count = 1;
    s->end_us = s->timeout_us > 0 ? ws_clock_us() + s->timeout_us : FILE_NO_END;
    char why[128];
    const char *regex = s->expect;
    if (regex && !pattern_compile_anywhere(&s->expect_regex, regex, why, sizeof why)) {
        s->expect = NULL;
        return usage_error(options, "option '--expect': '%s': %s", regex, why);
    }
    return true;
}

bool wscat_settings_read(struct settings *settings, struct options *options, int argc, char **argv)
{
    static struct option_table tables[4];
    *settings = (struct settings){
        .target = {.connect_timeout_us = SECONDS(10)},
        .max_redirects = 10,
        .chunk = 64 << 10,
        .timestamps = TIMESTAMPS_NONE,
        .wait_us = SECONDS(2),
        .close_timeout_us = SECONDS(5),
        .close_code = WS_CLOSE_NORMAL,
        .ping_timeout_us = SECONDS(10),
        .reconnect_delay_us = SECONDS(1),
        .check_idle_us = SECONDS(65),
        .max_message_size = 64 << 20,
    };
    tables[0] = (struct option_table){OPTION_ROWS(wscat_rows), settings, NULL};
    tables[1] = (struct option_table){OPTION_ROWS(target_rows), &settings->target, NULL};
    tables[2] = (struct option_table){OPTION_ROWS(target_tls_rows), &settings->target.tls, NULL};
    tables[3] = (struct option_table){OPTION_ROWS(options_common_rows), &settings->common, NULL};
    *options = (struct options){
        .tool = "wscat",
        .usage = "wscat [OPTION]... URL [MESSAGE]...\n"
                 "wscat [OPTION]... -l [ADDRESS:]PORT [MESSAGE]...",
        .about = "Sends standard input to a WebSocket server, message by message, and prints the "
                 "replies.",
        .first = "header subprotocol insecure binary jsonl expect one-message wait timeout listen",
        .tail = tail,
        .tables = tables,
        .table_count = 4,
    };
    if (!options_parse(options, argc, argv))
        return false;
    choose_forms(settings, options);
    return check(settings, options) && take_words(settings, options) &&
           (!settings->listen || read_listen(settings, options));
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
    ws_conn_config_init(config, s->listen ? WS_ROLE_SERVER : WS_ROLE_CLIENT);
    config->session.max_message = s->max_message_size;
    config->session.max_frame = s->fragment < SIZE_MAX ? (size_t)s->fragment : 0;
    /* Bytes are printed as they come; a line, only once it is whole. */
    config->session.chunks = s->format == FORMAT_RAW && !s->expect;
    config->session.deflate = compress_config(&s->compress);
    config->session.frames = s->common.verbose >= 2;
    config->session.lenient = s->lenient;
    config->handshake_ms = units_milliseconds(s->target.connect_timeout_us);
    config->close_ms = units_milliseconds(s->close_timeout_us);
    config->idle_ms = units_milliseconds(s->idle_timeout_us);
    config->write_ms = 0; /* no limit: a slow server slows down the reading of the input */
    config->heartbeat.interval_ms = units_milliseconds(s->ping_interval_us);
    config->heartbeat.timeout_ms = units_milliseconds(s->ping_timeout_us);
    config->heartbeat.missed_limit = 1;
    if (s->listen)
        config->handshake_ms = HANDSHAKE_MS;
}

unsigned settings_opcode(const struct settings *s)
{
    return s->binary || (s->input == INPUT_HEX && !s->text) ? WS_OP_BINARY : WS_OP_TEXT;
}

size_t settings_largest(const struct settings *s)
{
    uint64_t max = s->max_message_size;
    return max && max < SIZE_MAX / 4 ? (size_t)max : SIZE_MAX / 4;
}
