/*
 * settings: what wscat was asked to do. The option table fills it in; the other files read it.
 */
#ifndef CMD_WSCAT_SETTINGS_H
#define CMD_WSCAT_SETTINGS_H

#include "cmd/common/compress.h"
#include "cmd/common/options.h"
#include "cmd/common/target.h"
#include <ws/conn.h>

#include <regex.h>
#include <stdbool.h>
#include <stdint.h>

enum input_form { INPUT_LINES, INPUT_WHOLE, INPUT_HEX, INPUT_CHUNKS };

struct settings {
    struct options_common common;

    const char *connect;
    struct target target;

    struct option_list execute; /* then the words behind the URL */
    bool text, binary;
    enum input_form input;
    bool no_stdin;
    struct compress compress;

    bool jsonl;
    bool stats;

    int64_t wait; /* UNITS_NEVER: until the peer closes */
    bool exit_on_eof;
    bool one_message;
    uint64_t count; /* 0: any number */
    const char *expect;
    regex_t expect_regex;
    int64_t timeout;
    int64_t close_timeout;
    unsigned close_code;
    const char *close_reason;

    int64_t ping_interval;
    int64_t ping_timeout;
    uint64_t max_message_size;

    char **messages; /* to be sent first, NULL-terminated */
};

/*
 * Reads the command line into `settings`, defaults first, and checks all that can be checked before
 * a connection is made. False when the program has to end with `options->status`.
 */
bool wscat_settings_read(struct settings *settings, struct options *options, int argc, char **argv);

void wscat_settings_free(struct settings *settings);

/* What the connection is to be told of it. */
void wscat_settings_conn_config(const struct settings *settings, struct ws_conn_config *config);

/* WS_OP_TEXT or WS_OP_BINARY: what input is sent as. */
unsigned settings_opcode(const struct settings *settings);

#endif
