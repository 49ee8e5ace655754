/*
 * pieces: the bytes that a reader found in text, in the order of the input, with what the text says
 * of them: which of two directions they went, where it leaves bytes out, where a packet ends.
 *
 * The readers of text fill it; inspect decodes it. Memory is limited as in bytes.h.
 */
#ifndef CMD_WSFRAME_READ_PIECES_H
#define CMD_WSFRAME_READ_PIECES_H

#include "cmd/wsframe/read/bytes.h"
#include "cmd/wsframe/read/form.h"

/* What a piece's bytes are. */
enum piece_side {
    PIECE_ONE,    /* of one direction, or of a text that names none */
    PIECE_OTHER,  /* of the other direction */
    PIECE_PACKET, /* a captured packet, from its link or IP header on */
};

struct piece {
    size_t end;         /* in pieces.bytes; it begins where the piece before it ends */
    size_t conn;        /* number of the connection, from 1; 0: the text names none */
    int64_t utc_us;     /* its time since 1970; 0: not known */
    int64_t elapsed_us; /* and since the connection began */
    uint64_t missing;   /* bytes after it that the text says it leaves out; 0: none */
    enum piece_side side;
    bool client_known; /* the text says that PIECE_ONE is the client */
    bool made;         /* frames made from messages: they have no masks, and need none */
};

/* A connection of a recording, as it is named there. */
struct piece_conn {
    char name[48]; /* longer ones are cut; "" without one */
    bool is_number;
    uint32_t stream; /* of HTTP/2; or 0 */
};

/* All zero is empty. */
struct pieces {
    struct ws_bytes *bytes;
    struct ws_bytes *list;    /* an array of struct piece, whose memory is not aligned */
    struct piece_conn *conns; /* by their numbers, from 1 */
    size_t conn_count;
};

/* Ends a piece: the bytes since the one before it. Nothing without bytes, and with nothing missing.
 * Pieces of the same kind become one, except packets. */
void pieces_end(struct pieces *pieces, struct piece piece);

/* Adds a connection, and returns its number. The strings of those before may move. */
size_t pieces_add_conn(struct pieces *pieces, struct piece_conn conn);

size_t pieces_count(const struct pieces *pieces);
struct piece pieces_get(struct pieces *pieces, size_t index);
void pieces_free(struct pieces *pieces);

/* The note of a text whose bytes have two digits each, but the last one. */
extern const char pieces_cut_byte[];

/* An error with its line and column, from 1; column 0 is the whole line. */
struct read_error {
    size_t line, column;
    const char *what;
};

/* The error at an offset of a text. */
struct read_error read_error_at(const uint8_t *text, size_t at, const char *what);

#endif
