/*
 * inspection: the decoding of one input after the other, and what lasts from one to the next.
 *
 * inspect.c reads inputs and finds out what they are; inspect_capture.c has those that are packets.
 */
#ifndef CMD_WSFRAME_INSPECTION_H
#define CMD_WSFRAME_INSPECTION_H

#include "cmd/wsframe/decode/stream.h"
#include "cmd/wsframe/options/settings.h"
#include "cmd/wsframe/print/print.h"

struct inspection {
    const struct settings *settings;
    struct decode decode;
    struct printer printer;
    struct streams *streams;
    struct keylog *keylog;
    bool has_ports; /* an input was a capture, or its packets */
    bool live;      /* the input may be waiting for more: what it has given is shown at once */
    int status;
    /* Sums over all inputs. */
    uint64_t violations, incomplete;
};

/* Reports an input that cannot be decoded, and has the tool exit with 1. */
void inspection_fail(struct inspection *in, const char *name, const char *why);

/* "detected as" or, with --from, "read as". Constant. */
const char *inspection_verb(const struct inspection *in);

/* --port with a single input that is no capture: reports the usage error before anything is
 * decoded. */
bool inspection_refuses_port(struct inspection *in);

/* Around the decoding of an input. */
void inspection_begin(struct inspection *in, const char *name, enum form form);
void inspection_finish(struct inspection *in);

/* May the descriptor wait for more input? */
bool inspection_is_live(int fd);
/* Shows at once what a live input has given. */
void inspection_show(struct inspection *in);

#endif
