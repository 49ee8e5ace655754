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
    FORM_WORDS,   /* hexdump, od -x: words of two bytes, the last one first */
    FORM_OD,      /* od -tx1, -b, and od itself */
    FORM_TCPDUMP,
    FORM_LIST, /* numbers in brackets, or with separators */
    FORM_ESCAPED,
    FORM_BASE64,
    FORM_BITS, /* xxd -b, or bits only */
    FORM_RAW,
    FORM_PCAP,
    /* Found by detection only. */
    FORM_DUMP,  /* Wireshark, tshark, Format-Hex, certutil: an offset and bytes */
    FORM_CURL,  /* curl --trace */
    FORM_SOCAT, /* socat -x */
    FORM_TABLE, /* hexyl, netty */
    FORM_GDB,   /* x/8xb */
    FORM_LOG,   /* a run of bytes in each line */
    FORM_HAR,
    FORM_HEADS,   /* the heads of an upgrade, as text */
    FORM_RECORDS, /* our own JSON Lines; the last one that is decoded */
    /* Recognised but not decoded. */
    FORM_EMPTY,
    FORM_TCPDUMP_ASCII,
    FORM_CURL_ASCII,
    FORM_REPLACED,   /* a string whose bytes were replaced by U+FFFD */
    FORM_DISSECTION, /* the fields of packets */
    FORM_HTTP_TEXT,
    FORM_NUMBERS, /* which begin no frame */
    FORM_LETTERS, /* base64 that begins no frame */
    FORM_TLS,
    FORM_HTTP2,
    FORM_HIXIE,
    FORM_GZIP,
    FORM_XZ,
    FORM_BZIP2,
    FORM_ZSTD,
    FORM_LZ4,
    FORM_ZIP,
    FORM_UNKNOWN,
    FORM_COUNT
};

/* "a dump of xxd", "a capture file": for -v. Constant. */
const char *form_name(enum form form);

/* The form in a word: for those that --from takes its argument, for all others that are decoded a
 * name in -o json (docs/wsframe.schema.json); "unknown" for those that are not. Constant. */
const char *form_word(enum form form);

/* The reason why the form is not decoded, in a line; NULL for forms that are. Constant. */
const char *form_explanation(enum form form);

#endif
