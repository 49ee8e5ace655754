/*
 * show: the sink of the decoder: picks out what was asked for and hands it to a printer.
 *
 * A printer is a file of its own for each form of output: print_text, print_json; what is only
 * bytes is printed here. All of them write to stdio's standard output; what is wrong with it is
 * found out at the end, or where the reader has gone away, which ends the decoding.
 */
#ifndef CMD_WSFRAME_PRINT_SHOW_H
#define CMD_WSFRAME_PRINT_SHOW_H

#include "cmd/common/json.h"
#include "cmd/wsframe/settings.h"

struct show {
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

void show_init(struct show *show, const struct settings *settings, struct decode *decode);
void show_free(struct show *show);

/* Around the events of one input. */
void show_begin(struct show *show, const char *input, enum form form);
void show_end(struct show *show);

/* The decoder's sink; `context` is the show. */
void show_event(void *context, const struct decode_event *event);

/* One line on a finding, "UNMASKED: a client's frame is not masked (RFC 6455 5.1) at 0x0001". */
enum { SHOW_FINDING_MAX = 320 };
const char *show_finding(const struct finding *finding, char text[SHOW_FINDING_MAX]);

/* Bytes as a terminal may show them. */
void show_escaped(const uint8_t *data, size_t len);

#endif
