#include "cmd/wsserve/options/settings_process.h"

#include "cmd/common/units.h"
#include "libws/io/address.h"

#include <string.h>

enum { GRACE_MS = 1000 }; /* for a program's last output after the end of its input */

static const char *set_kill(struct options *options, const struct option_row *row, void *settings,
                            const char *value)
{
    (void)options;
    (void)row;
    if (!kill_sequence_parse(value, &((struct settings_process *)settings)->kill))
        return "signals and the times between them, such as TERM:1s,KILL";
    return NULL;
}

/* websocketd's unit: milliseconds, where a bare number is seconds elsewhere. */
static const char *set_closems(struct options *options, const struct option_row *row,
                               void *settings, const char *value)
{
    uint64_t ms;
    (void)options;
    (void)row;
    if (units_number(value, 0, 3600000, &ms) != UNITS_OK)
        return "a number of milliseconds, at most 3600000";
    ((struct settings_process *)settings)->close_grace_us = (int64_t)ms * 1000;
    return NULL;
}

static const char *set_framing(struct options *options, const struct option_row *row,
                               void *settings, const char *value)
{
    static const char *const names[] = {"lines", "nul", "len32", "jsonl"};
    struct settings_process *process = settings;
    (void)options;
    (void)row;
    for (int i = 0; i < 4; i++)
        if (strcmp(value, names[i]) == 0) {
            process->framing = (enum framing)i;
            process->framing_given = true;
            return NULL;
        }
    return "lines, nul, len32 or jsonl";
}

static const char *set_proxy(struct options *options, const struct option_row *row, void *settings,
                             const char *value)
{
    static const char expected[] = "tcp:HOST:PORT or unix:PATH";
    struct ws_host_port where;
    (void)options;
    (void)row;
    if (strncmp(value, "tcp:", 4) == 0) {
        struct ws_str text = {value + 4, strlen(value + 4)};
        if (ws_host_port_parse(text, &where) != WS_HOST_PORT_OK || where.port == 0 ||
            where.host.len == 0)
            return expected;
    } else if (strncmp(value, "unix:", 5) != 0 || !value[5] || strlen(value + 5) > 107) {
        return expected;
    }
    ((struct settings_process *)settings)->proxy = value;
    return NULL;
}

#define S struct settings_process
const struct option_row settings_process_rows[] = {
    {OPTION_GROUP("Programs and services")},
    {.name = "shared",
     OPTION_FLAG(S, shared),
     .help = "run one COMMAND for all: every message goes to it, its output to every client"},
    {.name = "dir",
     OPTION_STRING(S, dir),
     .metavar = "DIR",
     .help = "run the program of DIR that the URL's path names, one for each connection"},
    {.name = "pipe",
     OPTION_FLAG(S, pipe),
     .help = "send lines of standard input to every client, their messages to standard output"},
    {.name = "proxy",
     OPTION_CALL(set_proxy),
     .metavar = "tcp:HOST:PORT|unix:PATH",
     .help = "carry bytes to and from this service, one connection for each client"},
    {.name = "text", OPTION_FLAG(S, text), .help = "treat each line as a message (the default)"},
    {.name = "binary",
     .letters = "b",
     OPTION_FLAG(S, binary),
     .help = "send binary messages; without --framing, bytes as they come"},
    {.name = "framing",
     OPTION_CALL(set_framing),
     .metavar = "lines|nul|len32|jsonl",
     .choices = "lines|nul|len32|jsonl",
     .help = "framing of messages on the program's side: newlines, NULs, a length of 4 bytes, or "
             "records in JSON"},
    {.name = "pty",
     OPTION_FLAG(S, pty),
     .help = "give COMMAND a terminal, so that it does not buffer its output"},
    {.name = "passstderr",
     OPTION_FLAG(S, pass_stderr),
     .help = "pass COMMAND's standard error through; else its lines are logged"},
    {.name = "passenv",
     OPTION_STRING(S, passenv),
     .metavar = "NAME,...",
     .help = "variables of wsserve's environment that COMMAND gets (default PATH, HOME, LANG and "
             "the like)"},
    {.name = "chdir",
     OPTION_STRING(S, chdir),
     .metavar = "DIR",
     .help = "directory that COMMAND runs in"},
    {.name = "maxforks",
     OPTION_COUNT(S, maxforks),
     .help = "answer 503 above this many processes; 0: no limit (default)"},
    {.name = "kill",
     OPTION_CALL(set_kill),
     .metavar = "SIGNAL:T,...",
     .help =
         "signals that end COMMAND and all that it started (default " KILL_SEQUENCE_DEFAULT ")"},
    {.name = "closems",
     OPTION_CALL(set_closems),
     .metavar = "MS",
     .help = "milliseconds that COMMAND has to exit after its client has left (default 1000, or 0 "
             "if the client never sent a message)"},
};
#undef S
const size_t settings_process_count = sizeof settings_process_rows / sizeof *settings_process_rows;

void settings_process_init(struct settings_process *settings)
{
    *settings = (struct settings_process){.close_grace_us = -1};
    kill_sequence_parse(KILL_SEQUENCE_DEFAULT, &settings->kill);
}

bool settings_process_check(struct settings_process *settings, struct options *options)
{
    if (settings->shared && !settings->command)
        return usage_error(options, "--shared needs a COMMAND");
    if (settings->dir && settings->command)
        return usage_error(options, "two modes at once: --dir and COMMAND");
    if (settings->text && settings->binary)
        return usage_error(options, "--text and --binary exclude each other");
    if (settings->proxy && (settings->text || settings->framing_given))
        return usage_error(options,
                           "--proxy carries bytes, and takes neither --text nor --framing");
    static const char *const of_programs[] = {"framing", "pty", "text", "chdir", "kill"};
    bool programs = settings->command || settings->dir || settings->pipe || settings->proxy;
    for (size_t i = 0; !programs && i < sizeof of_programs / sizeof of_programs[0]; i++)
        if (options_given(options, of_programs[i]))
            return usage_error(options, "--%s has no effect without COMMAND, --dir or --pipe",
                               of_programs[i]);
    if (!settings->framing_given)
        settings->framing = settings->binary || settings->proxy ? FRAMING_CHUNKS : FRAMING_LINES;
    return true;
}

uint32_t settings_close_grace_ms(const struct settings_process *settings, bool got_messages)
{
    if (settings->close_grace_us >= 0)
        return units_milliseconds(settings->close_grace_us);
    return got_messages ? GRACE_MS : 0;
}
