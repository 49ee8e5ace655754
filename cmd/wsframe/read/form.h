/*
 * form: the forms of input, with their names.
 *
 * A row of the table is a form: its name and, for a form that is recognised but not decoded, a line
 * that explains why. Used by all of wsframe; no state.
 */
#ifndef CMD_WSFRAME_READ_FORM_H
#define CMD_WSFRAME_READ_FORM_H

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
    /* Recognised but not decoded. */
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

/* "a dump of xxd", "a capture file": for -v. Constant. */
const char *form_name(enum form form);

/* The form as an argument of --from; "unknown" for forms without one. Constant. */
const char *form_word(enum form form);

/* The reason why the form is not decoded, in a line; NULL for forms that are. Constant. */
const char *form_explanation(enum form form);

#endif
