/*
 * printer: shared by the printers of decoded frames: the state of the output, and common lines.
 *
 * Each form of output has a printer, print_text or print_json; print chooses one and calls it. All
 * write to stdio's standard output. A failed write is detected at the end; a closed pipe ends the
 * decoding.
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
    bool escape;        /* standard output is a terminal: payloads are escaped */
    uint64_t shown;     /* number of frames or messages */
    bool named;         /* there are several inputs: each is headed by its name */
    uint64_t extracted; /* messages written to files */
    unsigned inputs;    /* begun */
    const char *input;  /* name and form of the current input */
    enum form form;
    uint64_t conversation; /* of the last line, and its stream */
    uint32_t stream;
    bool begun;                /* an event of this input was printed */
    bool warned_of_compressed; /* that payloads are printed as they are */
    struct json json;
};

/* A finding in one line, "UNMASKED: a client's frame is not masked (RFC 6455 5.1) at 0x0001". */
enum { PRINTER_FINDING_MAX = 320 };
const char *printer_finding(const struct finding *finding, char text[PRINTER_FINDING_MAX]);

/* Prints bytes, escaped for a terminal. */
void printer_escaped(const uint8_t *data, size_t len);

#endif
