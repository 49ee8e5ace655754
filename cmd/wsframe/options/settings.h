/*
 * settings: the parsed command line of wsframe. The option table sets it; the other files read it.
 */
#ifndef CMD_WSFRAME_OPTIONS_SETTINGS_H
#define CMD_WSFRAME_OPTIONS_SETTINGS_H

#include "cmd/common/options/options.h"
#include "cmd/wsframe/decode/event.h"
#include "cmd/wsframe/options/settings_encode.h"
#include "cmd/wsframe/read/form.h"

#include <stdbool.h>
#include <stdint.h>

/* In the order of the names in settings.c. */
enum command { COMMAND_DECODE, COMMAND_ENCODE, COMMAND_ACCEPT, COMMAND_KEY, COMMAND_CLOSE_CODES };

/* In the order of the choices of --output. */
enum output { OUTPUT_TEXT, OUTPUT_TABLE, OUTPUT_JSON, OUTPUT_JSONL, OUTPUT_HEX, OUTPUT_RAW };

struct settings {
    struct options_common common;
    enum command command;
    char **words; /* after the subcommand, NULL-terminated */
    int word_count;

    struct {
        enum form from;
        struct option_list hex;
        struct option_list captures;
        const char *keylog; /* a file; or NULL */
        uint16_t port;
        uint64_t skip;
        enum sender direction;
        bool keep_mask;
        int messages; /* 1: assemble messages; 0: show frames */
        bool inflate;
        unsigned stream; /* 0: all */
        bool follow;
        const char *extract; /* a folder; or NULL */
        unsigned only;       /* one bit per opcode; 0: all */
        uint64_t count;
        enum output output;
        bool payload_only;
        bool bytes;
        bool diagram;
        bool strict;
    } decode;

    struct settings_encode encode;
};

/* Reads the command line into `settings`, starting from the defaults. False when the program must
 * exit with `options->status`. */
bool wsframe_settings_read(struct settings *settings, struct options *options, int argc,
                           char **argv);

#endif
