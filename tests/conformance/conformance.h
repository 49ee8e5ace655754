/*
 * conformance: rows of Markdown tables, run through a session.
 *
 * A row says which bytes arrive, which events a session must deliver for them and what it must
 * answer. language.c turns the cells into bytes, tables.c reads the pages, drive.c runs one row
 * with one way of cutting the bytes, document.c checks docs/protocol.md, conformance.c is the main
 * program, deflate.c the other end of permessage-deflate, export.c prints rows for play.py.
 * docs/protocol.md explains how a row is written.
 */
#ifndef TESTS_CONFORMANCE_H
#define TESTS_CONFORMANCE_H

#include <ws/session.h>

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A growing run of bytes that is always followed by a NUL. All zero is empty. */
struct buf {
    char *p;
    size_t len;
    size_t capacity;
};

void buf_add(struct buf *buf, const void *data, size_t len);
void buf_text(struct buf *buf, const char *text);
void buf_format(struct buf *buf, const char *format, ...) __attribute__((format(printf, 2, 3)));
void buf_free(struct buf *buf);

/* Like calloc, realloc and strndup, but the program ends where they would fail. */
void *must_alloc(size_t size);
void *must_grow(void *old, size_t size);
char *must_copy(const char *text, size_t len);

/* Something that the program using the session does, once the bytes before it were read. */
struct action {
    size_t at;
    char verb[16]; /* "close", "end", "text", … */
    struct buf argument;
};

enum { ACTIONS_MAX = 8 };

struct setting;
struct z_stream_s;

/* What a feed cell stands for. */
struct feed {
    struct buf bytes;
    bool marked; /* the cell says at which byte the fault is */
    size_t mark;
    struct action actions[ACTIONS_MAX];
    size_t action_count;
    unsigned frames;               /* built so far: varies the masking key */
    const struct setting *setting; /* of the row: for those who compress */
    struct z_stream_s *deflater;
    uint32_t drawn; /* where the data that are made up have come to */
};

/* Evaluates a feed cell for `role`. False with a message in `problem` when it makes no sense. */
bool language_feed(const char *cell, enum ws_role role, struct feed *feed, struct buf *problem);

/* Evaluates a cell of expected events into the text that a trace prints. */
bool language_events(const char *cell, const struct feed *feed, struct buf *out,
                     struct buf *problem);

void feed_free(struct feed *feed);

/* One line of a trace: a name and bytes, quoted; long ones by length and checksum. */
void trace_line(struct buf *out, const char *name, const void *data, size_t len);

struct row {
    char *file; /* the page's name without .md */
    char *id;
    char *autobahn;
    char *section;
    char *run;
    char *feed;
    char *events;
    char *answer;
    unsigned line;
};

struct rows {
    struct row *all;
    size_t count;
};

/* Adds the rows of the page at `path`. False when it cannot be read or a row lacks cells. */
bool rows_read(struct rows *rows, const char *path);
const struct row *rows_find(const struct rows *rows, const char *id);
void rows_free(struct rows *rows);

/* Prints the rows whose handshake succeeds as lines of JSON, one a role. False, with the reason
 * on standard error, when one cannot be read. */
bool rows_export(const struct rows *rows);

/* The cells of a Markdown table row, each trimmed and to be freed; their number, 0 for another
 * line. */
enum { CELLS_MAX = 8 };
size_t table_cells(const char *line, char *cells[CELLS_MAX]);

/* What the run cell of a row asks for. */
struct setting {
    bool server, client;
    bool http;
    bool whole, chunks;
    bool frames;
    uint64_t max_message;
    uint32_t max_head;
    size_t chop;
    const char *offer[8]; /* NULL-terminated */
    char offer_text[64];
    bool deflate;                    /* permessage-deflate is agreed on, or is to be */
    bool willing;                    /* it could be, but will not */
    struct ws_deflate_params params; /* with these; or wishing for these */
};

bool setting_read(const char *cell, struct setting *setting, struct buf *problem);

/* Adds `len` bytes of made-up data of a kind to `out`: json, html and prose are UTF-8, picture and
 * pdf are not. They vary. False when there is no such kind. */
bool payload_make(struct feed *feed, const char *kind, size_t len, struct buf *out);

/* Compresses a message as the peer of `role` does, in place. */
void peer_deflate(struct feed *feed, enum ws_role role, struct buf *payload);
void peer_deflate_end(struct feed *feed);

/* Inflates the payload of one frame after the other, in place, that a `sender` sent. */
struct peer_reader *peer_reader_new(const struct setting *setting, enum ws_role sender);
void peer_reader_free(struct peer_reader *reader);
bool peer_inflate(struct peer_reader *reader, struct buf *payload, bool last);

/* How a row is run this time. */
struct variant {
    enum ws_role role;
    bool chunks;
    bool echo;  /* messages are sent back, with ws_session_reply */
    bool pause; /* after every event the rest of the input is taken out and fed again */
    size_t headroom;
    const size_t *cuts; /* ascending offsets at which one feed ends and the next begins */
    size_t cut_count;
    uint32_t stream; /* not 0: the bytes come over a stream of HTTP/2, cut as this seed has it */
};

struct outcome {
    struct buf trace;   /* the events, neighbouring chunks joined */
    struct buf answer;  /* "101 1002": HTTP status, close code */
    struct buf http;    /* the HTTP answer's text */
    struct buf problem; /* what was wrong beside them; empty: nothing */
    uint64_t error_offset;
};

/* Runs the bytes of `feed` through a fresh session. */
void drive(const struct setting *setting, const struct feed *feed, const struct variant *variant,
           struct outcome *outcome);
void outcome_free(struct outcome *outcome);
/* carried.c: bytes that come over a stream of HTTP/2. `carried_begin` opens one; `take` gets what
 * arrives, with so many bytes before it that may be written over. False: it does not work, or it
 * was built without HTTP/2. */
typedef void carried_take(void *context, uint8_t *data, size_t len, size_t headroom);
bool carried_begin(uint32_t seed);
bool carried_send(const void *data, size_t len, carried_take *take, void *context);
void carried_finish(void);
void carried_end(void);

/* What all runs have in common goes. */
void drive_end(void);

/* TAP */
void tap(bool ok, const char *format, ...) __attribute__((format(printf, 2, 3)));
void tap_note(const char *text);

/* docs/protocol.md against the error table, and its MUST lines against the rows. */
void document_print_errors(void);
void document_check_errors(const char *path);
void document_check_musts(const char *path, const struct rows *rows);

#endif
