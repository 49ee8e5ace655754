/*
 * settings_encode: the options of `wsframe encode`, and what of them excludes each other.
 *
 * Part of struct settings; called by settings.c only.
 */
#ifndef CMD_WSFRAME_OPTIONS_SETTINGS_ENCODE_H
#define CMD_WSFRAME_OPTIONS_SETTINGS_ENCODE_H

#include "cmd/common/options/options.h"

#include <stdbool.h>
#include <stdint.h>

/* In the order of the choices of --output. */
enum encoding { ENCODING_HEX, ENCODING_RAW, ENCODING_C, ENCODING_BASE64, ENCODING_PCAP };

enum masking { MASKING_NONE, MASKING_RANDOM, MASKING_KEY };

struct settings_encode {
    bool typed;          /* an option chose the opcode */
    unsigned opcode;     /* 0 to 15 */
    const char *kind;    /* the option that chose it */
    const char *payload; /* the value of that option; or NULL */
    const char *hex;
    const char *file;
    unsigned close_code; /* 0: none */
    bool no_fin, rsv1, rsv2, rsv3;
    bool deflate;
    bool from_records;
    enum masking masking;
    uint8_t mask_key[4];
    uint64_t fragment; /* 0: none */
    bool length_forms; /* more than one was asked for */
    int length_form;   /* bits: 7, 16, 64; 0: the shortest */
    bool fake;
    uint64_t fake_length;
    bool allow_invalid;
    enum encoding encoding;
};

/* The rows; `settings` must outlive the parsing. */
struct option_table settings_encode_table(struct settings_encode *settings);

/* Checks the options together, and with the `count` words. False, with options->status, after a
 * usage error. */
bool settings_encode_check(struct settings_encode *settings, char **words, int count,
                           struct options *options);

#endif
