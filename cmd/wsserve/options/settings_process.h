/*
 * settings_process: the options of the modes that connect clients with programs and services.
 * settings.c joins the table and the struct; process, shared, pipe and proxy read them.
 */
#ifndef CMD_WSSERVE_OPTIONS_SETTINGS_PROCESS_H
#define CMD_WSSERVE_OPTIONS_SETTINGS_PROCESS_H

#include "cmd/common/options/options.h"
#include "cmd/wsserve/options/framing_kind.h"
#include "cmd/wsserve/options/kill_sequence.h"

#include <stdbool.h>
#include <stdint.h>

struct settings_process {
    char **command; /* COMMAND [ARG]..., NULL-ended; NULL: none was given */
    bool shared;
    bool pipe;
    const char *dir;   /* --dir */
    const char *proxy; /* "tcp:HOST:PORT" or "unix:PATH" */

    bool text, binary;
    enum framing framing; /* derived from all options */
    bool framing_given;
    bool pty;
    bool pass_stderr;
    const char *passenv; /* NULL: cgi.h's own list */
    const char *chdir;
    uint64_t maxforks; /* 0: no limit */
    struct kill_sequence kill;
    int64_t close_grace_us; /* -1: --closems was not given */
};

extern const struct option_row settings_process_rows[];
extern const size_t settings_process_count;

void settings_process_init(struct settings_process *settings);

/* After parsing, with `command` set: do they fit together? False after a usage error was printed,
 * with `options->status`. */
bool settings_process_check(struct settings_process *settings, struct options *options);

/* The milliseconds that a program or service may go on after its client has left: by default none
 * if the client never sent a message, as it expects no answer then. */
uint32_t settings_close_grace_ms(const struct settings_process *settings, bool got_messages);

#endif
