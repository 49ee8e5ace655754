/*
 * settings: the parsed command line of wscat. The option table sets it; the other files read it.
 */
#ifndef CMD_WSCAT_SETTINGS_H
#define CMD_WSCAT_SETTINGS_H

#include "cmd/common/options/compress.h"
#include "cmd/common/options/options.h"
#include "cmd/common/options/target.h"
#include <ws/conn.h>

#include <regex.h>
#include <stdbool.h>
#include <stdint.h>

enum input_form { INPUT_LINES, INPUT_WHOLE, INPUT_HEX, INPUT_CHUNKS };

struct settings {
    struct options_common common;

    const char *connect;
    struct target target;

    struct option_list execute; /* sent before the words after the URL */
    bool text, binary;
    enum input_form input;
    bool no_stdin;
    struct compress compress;

    bool jsonl;
    bool stats;

    int64_t wait_us; /* UNITS_NEVER: until the peer closes */
    bool exit_on_eof;
    bool one_message;
    uint64_t count; /* 0: any number */
    const char *expect;
    regex_t expect_regex;
    int64_t timeout_us;
    int64_t close_timeout_us;
    unsigned close_code;
    const char *close_reason;

    int64_t ping_interval_us;
    int64_t ping_timeout_us;
    uint64_t max_message_size;

    char **messages; /* the messages to send first, NULL-terminated */
};

/*
 * Reads the command line into `settings`, starting from the defaults, and checks everything that
 * can be checked before connecting. False when the program must exit with `options->status`.
 */
bool wscat_settings_read(struct settings *settings, struct options *options, int argc, char **argv);

void wscat_settings_free(struct settings *settings);

/* Sets the connection's configuration. */
void wscat_settings_conn_config(const struct settings *settings, struct ws_conn_config *config);

/* WS_OP_TEXT or WS_OP_BINARY: the type of the messages sent. */
unsigned settings_opcode(const struct settings *settings);

#endif
