/*
 * settings: the parsed command line of wsframe. The option table sets it; the other files read it.
 */
#ifndef CMD_WSFRAME_OPTIONS_SETTINGS_H
#define CMD_WSFRAME_OPTIONS_SETTINGS_H

#include "cmd/common/options/options.h"
#include "cmd/wsframe/decode/event.h"
#include "cmd/wsframe/read/form.h"

#include <stdbool.h>
#include <stdint.h>

/* In the order of the names in settings.c. */
enum command { COMMAND_DECODE, COMMAND_ENCODE, COMMAND_ACCEPT, COMMAND_KEY, COMMAND_CLOSE_CODES };

/* In the order of the choices of --output: of decode, and of encode. */
enum output { OUTPUT_TEXT, OUTPUT_JSON, OUTPUT_JSONL, OUTPUT_HEX, OUTPUT_RAW };
enum encoding { ENCODING_HEX, ENCODING_RAW, ENCODING_C, ENCODING_BASE64 };

enum masking { MASKING_NONE, MASKING_RANDOM, MASKING_KEY };

struct settings {
    struct options_common common;
    enum command command;
    char **words; /* after the subcommand, NULL-terminated */
    int word_count;

    struct {
        enum form from;
        struct option_list hex;
        struct option_list captures;
        uint16_t port;
        uint64_t skip;
        enum sender direction;
        bool keep_mask;
        int messages;  /* 1: assemble messages; 0: show frames */
        unsigned only; /* one bit per opcode; 0: all */
        uint64_t count;
        enum output output;
        bool payload_only;
        bool bytes;
        bool diagram;
        bool strict;
    } decode;

    struct {
        bool typed;          /* an option chose the opcode */
        unsigned opcode;     /* 0 to 15 */
        const char *kind;    /* the option that chose it */
        const char *payload; /* the value of that option; or NULL */
        const char *hex;
        const char *file;
        unsigned close_code; /* 0: none */
        bool no_fin, rsv1, rsv2, rsv3;
        enum masking masking;
        uint8_t mask_key[4];
        uint64_t fragment; /* 0: none */
        int length_form;   /* bits: 7, 16, 64; 0: the shortest */
        bool fake;
        uint64_t fake_length;
        bool allow_invalid;
        enum encoding encoding;
    } encode;
};

/* Reads the command line into `settings`, starting from the defaults. False when the program must
 * exit with `options->status`. */
bool wsframe_settings_read(struct settings *settings, struct options *options, int argc,
                           char **argv);

#endif
