/*
 * conformance: rows of Markdown tables, run through a session.
 *
 * A row has the bytes that arrive, the events that a session must deliver and its answer.
 * language.c turns the cells into bytes, tables.c reads the pages, drive.c runs one row with one
 * way of cutting the bytes, document.c checks docs/protocol.md, conformance.c is the main program,
 * deflate.c the peer's permessage-deflate. docs/protocol.md describes the format of rows.
 */
#ifndef TESTS_CONFORMANCE_H
#define TESTS_CONFORMANCE_H

#include <ws/session.h>

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A growing buffer whose content is always followed by a NUL. All zero is empty. */
struct buf {
    char *p;
    size_t len;
    size_t capacity;
};

void buf_add(struct buf *buf, const void *data, size_t len);
void buf_text(struct buf *buf, const char *text);
void buf_format(struct buf *buf, const char *format, ...) __attribute__((format(printf, 2, 3)));
void buf_free(struct buf *buf);

/* Like calloc, realloc and strndup, but end the program when memory runs out. */
void *must_alloc(size_t size);
void *must_grow(void *old, size_t size);
char *must_copy(const char *text, size_t len);

/* A call of the session's user, after the bytes before it were read. */
struct action {
    size_t at;
    char verb[16]; /* "close", "end", "text", … */
    struct buf argument;
};

enum { ACTIONS_MAX = 8 };

struct setting;
struct z_stream_s;

/* The value of a feed cell. */
struct feed {
    struct buf bytes;
    bool marked; /* the cell marks the invalid byte */
    size_t mark;
    struct action actions[ACTIONS_MAX];
    size_t action_count;
    unsigned frames;               /* built so far: varies the masking key */
    const struct setting *setting; /* the row's setting, for compression */
    struct z_stream_s *deflater;
    uint32_t drawn; /* state of the generated data */
};

/* Evaluates a feed cell for `role`. False with a message in `problem` when it is malformed. */
bool language_feed(const char *cell, enum ws_role role, struct feed *feed, struct buf *problem);

/* Evaluates a cell of expected events into the text of a trace. */
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

/* Adds the rows of the page at `path`. False if it cannot be read or a row has missing cells. */
bool rows_read(struct rows *rows, const char *path);
const struct row *rows_find(const struct rows *rows, const char *id);
void rows_free(struct rows *rows);

/* Splits a Markdown table row into cells, each trimmed and to be freed. Returns their number, 0 for
 * another line. */
enum { CELLS_MAX = 8 };
size_t table_cells(const char *line, char *cells[CELLS_MAX]);

/* The value of a row's run cell. */
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
    bool deflate;                    /* permessage-deflate is negotiated, or must be */
    bool willing;                    /* it is configured, but must not be negotiated */
    struct ws_deflate_params params; /* negotiated or configured parameters */
};

bool setting_read(const char *cell, struct setting *setting, struct buf *problem);

/* Adds `len` bytes of generated data of a kind to `out`: json, html and prose are UTF-8, picture
 * and pdf are not. The data vary from call to call. False for an unknown kind. */
bool payload_make(struct feed *feed, const char *kind, size_t len, struct buf *out);

/* Compresses a message as the peer of `role` does, in place. */
void peer_deflate(struct feed *feed, enum ws_role role, struct buf *payload);
void peer_deflate_end(struct feed *feed);

/* Inflates the payloads of consecutive frames of a `sender`, in place. */
struct peer_reader *peer_reader_new(const struct setting *setting, enum ws_role sender);
void peer_reader_free(struct peer_reader *reader);
bool peer_inflate(struct peer_reader *reader, struct buf *payload, bool last);

/* One way to run a row. */
struct variant {
    enum ws_role role;
    bool chunks;
    bool echo;  /* echo messages with ws_session_reply() */
    bool pause; /* after every event, take the rest of the input out and feed it again */
    size_t headroom;
    const size_t *cuts; /* ascending offsets at which one feed ends and the next begins */
    size_t cut_count;
};

struct outcome {
    struct buf trace;   /* the events, neighbouring chunks joined */
    struct buf answer;  /* "101 1002": HTTP status, close code */
    struct buf http;    /* the HTTP answer's text */
    struct buf problem; /* other errors; empty for none */
    uint64_t error_offset;
};

/* Runs the bytes of `feed` through a new session. */
void drive(const struct setting *setting, const struct feed *feed, const struct variant *variant,
           struct outcome *outcome);
void outcome_free(struct outcome *outcome);
/* Frees the memory shared by all runs. */
void drive_end(void);

/* TAP */
void tap(bool ok, const char *format, ...) __attribute__((format(printf, 2, 3)));
void tap_note(const char *text);

/* Check docs/protocol.md: its table of errors against the library's, and its MUST lines against the
 * rows. */
void document_print_errors(void);
void document_check_errors(const char *path);
void document_check_musts(const char *path, const struct rows *rows);

#endif
