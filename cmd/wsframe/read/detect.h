/*
 * detect: what kind of thing is this that somebody has in hand?
 *
 * A row of the table a form: its name, and for those that are recognised but not decoded the line
 * that explains why. A new form is a value of the enum, its row, a test in detect.c and a reader.
 * Called by inspect; no state.
 */
#ifndef CMD_WSFRAME_READ_DETECT_H
#define CMD_WSFRAME_READ_DETECT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum form {
    /* In the order of the choices of --from. */
    FORM_AUTO,
    FORM_HEX,
    FORM_XXD,
    FORM_HEXDUMP, /* -C */
    FORM_TCPDUMP,
    FORM_BASE64,
    FORM_RAW,
    FORM_PCAP,
    /* Recognised, and explained. */
    FORM_EMPTY,
    FORM_TCPDUMP_ASCII,
    FORM_WORDS, /* plain hexdump, od -x */
    FORM_OD,    /* od -tx1, and od's other forms */
    FORM_XXD_BITS,
    FORM_C_ARRAY,
    FORM_ESCAPED,
    FORM_HTTP_TEXT,
    FORM_TLS,
    FORM_HTTP2,
    FORM_GZIP,
    FORM_UNKNOWN,
    FORM_COUNT
};

enum form detect(const uint8_t *data, size_t len);

/* "xxd's dump", "a capture file": for -v. Constant. */
const char *detect_name(enum form form);

/* The word of --from: for programs. Constant. */
const char *detect_word(enum form form);

/* Why it cannot be decoded, in a line; NULL for the forms that are. Constant. */
const char *detect_explanation(enum form form);

/* Of bytes themselves, whatever they came out of: FORM_TLS, FORM_HTTP2, or FORM_RAW. */
enum form detect_bytes(const uint8_t *data, size_t len);

bool detect_tls(const uint8_t *data, size_t len);
bool detect_http2(const uint8_t *data, size_t len);
/* The first four bytes of a capture file, pcap or pcapng. */
bool detect_pcap(const uint8_t *data, size_t len);

#endif
