/*
 * settings: the parsed command line of wscat. The option table sets it; the other files read it.
 */
#ifndef CMD_WSCAT_OPTIONS_SETTINGS_H
#define CMD_WSCAT_OPTIONS_SETTINGS_H

#include "cmd/common/options/compress.h"
#include "cmd/common/options/options.h"
#include "cmd/common/options/target.h"
#include <ws/conn.h>

#include <regex.h>
#include <stdbool.h>
#include <stdint.h>

/* How standard input becomes messages; in the order of the option's choices, then --binary's. */
enum input_form {
    INPUT_LINES,
    INPUT_NUL,
    INPUT_WHOLE,
    INPUT_HEX,
    INPUT_JSON,
    INPUT_JSONL,
    INPUT_CHUNKS,
};

/* How messages are printed; in the order of the option's choices. */
enum output_format { FORMAT_TEXT, FORMAT_RAW, FORMAT_HEX, FORMAT_BASE64, FORMAT_JSONL };

/* In the order of the option's choices, after none. */
enum timestamps { TIMESTAMPS_ISO, TIMESTAMPS_REL, TIMESTAMPS_NONE };

struct settings {
    struct options_common common;

    const char *connect, *listen;
    char where[256]; /* what to listen on, in full */
    struct target target;
    bool location;
    unsigned max_redirects;
    bool lenient;

    struct option_list execute; /* sent before the words after the URL */
    bool text, binary;
    enum input_form input;
    bool null_terminated, keep_newline, no_stdin, slash;
    uint64_t chunk, fragment;
    int64_t send_delay_us;
    struct compress compress;
    const char *history;

    enum output_format format;
    bool jsonl, raw, null_after, pretty, show_ping_pong, include, stats;
    enum timestamps timestamps;
    bool unescaped; /* control characters are printed as they are on a terminal, too */

    int64_t wait_us; /* UNITS_NEVER: until the peer closes */
    bool exit_on_eof, one_message, request_reply;
    uint64_t count; /* 0: any number */
    const char *expect;
    regex_t expect_regex;
    int64_t timeout_us, close_timeout_us, idle_timeout_us;
    int64_t end_us; /* of timeout_us, by ws_clock_us(); or FILE_NO_END */
    unsigned close_code;
    const char *close_reason;

    int64_t ping_interval_us, ping_timeout_us;
    bool reconnect;
    uint64_t reconnect_max; /* 0: for ever */
    int64_t reconnect_delay_us;
    uint64_t max_message_size;

    bool check;
    int64_t check_idle_us;

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

/* True for a message of the command line that is all of standard input: "@-". */
bool settings_is_stdin(const char *word);

/* The most bytes of a message that has to be in memory as a whole: --max-message-size, or where it
 * is unlimited what can be allocated. */
size_t settings_largest(const struct settings *settings);

/* The rows, in rows.c. */
enum { WSCAT_ROWS = 52 };
extern const struct option_row wscat_rows[WSCAT_ROWS];

#endif
