/*
 * show: prints what happens on the connection, for people or programs.
 *
 * Data goes to standard output (output.h): messages, or JSON records of all events. Everything else
 * goes to standard error, in the detail that --verbose selects. Records are records.h's, the
 * HTTP half is show_http.h's.
 */
#ifndef CMD_WSCAT_OUTPUT_SHOW_H
#define CMD_WSCAT_OUTPUT_SHOW_H

#include "cmd/wscat/options/settings.h"
#include "cmd/wscat/output/output.h"
#include "cmd/wscat/output/records.h"
#include "cmd/wscat/people/editor.h"
#include <ws/client.h>
#include <ws/session.h>

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct show {
    const struct settings *settings;
    struct output *output;
    struct records records;
    struct ws_bytes *pretty; /* scratch memory of --pretty */
    bool plain;              /* a message is its bytes and a byte after them */
    bool escape;             /* stdout is a terminal: control characters are escaped */
    bool color;              /* on stdout */
    struct editor *person;   /* types on the same terminal: arrows mark the direction; or NULL */
    uint8_t partial[4];      /* of a chunk: the beginning of a character that is not whole yet */
    size_t partial_len;
    unsigned closing; /* the code of our close frame, whose echo is not reported; 0: not sent */
};

void show_init(struct show *show, const struct settings *settings, struct output *output);
void show_free(struct show *show);

/* A person types on the same terminal: what is printed goes above the line. NULL: none does. */
void show_to_person(struct show *show, struct editor *editor);

/* Shows a MESSAGE, CHUNK, PING, PONG, CLOSE, ERROR or FRAME event: what was received, or with
 * RECORD_OUT what we have sent. */
void show_event(struct show *show, enum record_direction direction, const struct ws_event *event);

/* Are messages printed as lines, so that a run of them may be shown at once? */
bool show_takes_runs(const struct show *show);

/* With show_takes_runs(): shows the first `count` messages of a RUN. */
void show_run(struct show *show, const struct ws_event *event, unsigned count);

/* Are the messages that come printed as the bytes that they are, with nothing before, between and
 * after them? */
bool show_is_raw(const struct show *show);

/* Writes text of the server's to standard output, escaped on a terminal. */
void show_text(struct show *show, const void *data, size_t len);

/* Shows that a pong answered our last ping, after so long. */
void show_round_trip(const struct show *show, int64_t us);

/* Call when our close frame is sent: an answer with the same code is no news. */
void show_closing(struct show *show, unsigned code);

/* Prints a protocol violation by the server: the rule, the place in the stream, and the RFC's
 * section. */
void show_violation(const struct ws_event *event);

/* Text from the peer, escaped for a terminal as hex_escape() does with these flags: a copy to be
 * freed. */
char *show_quoted(const void *data, size_t len, unsigned flags);

#endif
