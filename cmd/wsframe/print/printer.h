/*
 * printer: what the printers of decoded frames share: the state of the output, and lines that more
 * than one of them needs.
 *
 * A printer is a file for each form of output, print_text and print_json; print chooses one and
 * feeds it. All write to stdio's standard output; a failed write is found at the end, or where the
 * reader has gone away, which ends the decoding.
 */
#ifndef CMD_WSFRAME_PRINT_PRINTER_H
#define CMD_WSFRAME_PRINT_PRINTER_H

#include "cmd/common/json.h"
#include "cmd/wsframe/decode/decode.h"
#include "cmd/wsframe/options/settings.h"

struct printer {
    const struct settings *settings;
    struct decode *decode;
    bool color;
    bool escape;       /* standard output is a terminal: nothing in a payload may move its cursor */
    bool flush;        /* the input comes in as time goes by: so does the output */
    uint64_t shown;    /* frames, or messages */
    const char *input; /* what the current input is called, and what it was taken for */
    enum form form;
    uint64_t conversation; /* that the last line was about */
    bool begun;            /* something of this input was printed */
    struct json json;
};

/* One line on a finding, "UNMASKED: a client's frame is not masked (RFC 6455 5.1) at 0x0001". */
enum { PRINTER_FINDING_MAX = 320 };
const char *printer_finding(const struct finding *finding, char text[PRINTER_FINDING_MAX]);

/* Bytes as a terminal may show them. */
void printer_escaped(const uint8_t *data, size_t len);

#endif
