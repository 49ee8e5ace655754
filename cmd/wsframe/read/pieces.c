#include "cmd/wsframe/read/pieces.h"

#include "cmd/common/exit.h"

#include <stdlib.h>
#include <string.h>

const char pieces_cut_byte[] = "the last byte has one digit: is the input cut off there?";

size_t pieces_add_conn(struct pieces *pieces, struct piece_conn conn)
{
    /* Full at each power of two. */
    if ((pieces->conn_count & (pieces->conn_count - 1)) == 0) {
        size_t capacity = pieces->conn_count ? 2 * pieces->conn_count : 1;
        pieces->conns = realloc(pieces->conns, capacity * sizeof conn);
        if (!pieces->conns)
            exit_die(WS_EXIT_FAILURE, "out of memory");
    }
    pieces->conns[pieces->conn_count] = conn;
    return ++pieces->conn_count;
}

size_t pieces_count(const struct pieces *pieces)
{
    return ws_bytes_len(pieces->list) / sizeof(struct piece);
}

struct piece pieces_get(struct pieces *pieces, size_t index)
{
    struct piece piece;
    memcpy(&piece, bytes_data(pieces->list) + index * sizeof piece, sizeof piece);
    return piece;
}

void pieces_end(struct pieces *pieces, struct piece piece)
{
    size_t count = pieces_count(pieces), from = 0;
    struct piece last = {0};
    if (count > 0) {
        last = pieces_get(pieces, count - 1);
        from = last.end;
    }
    piece.end = ws_bytes_len(pieces->bytes);
    if (piece.end == from && piece.missing == 0)
        return;
    if (count > 0 && last.side == piece.side && piece.side != PIECE_PACKET && last.missing == 0 &&
        last.client_known == piece.client_known && last.made == piece.made &&
        last.conn == piece.conn && last.utc_us == piece.utc_us &&
        last.elapsed_us == piece.elapsed_us)
        pieces->list->len -= sizeof piece;
    bytes_add(&pieces->list, &piece, sizeof piece);
}

void pieces_free(struct pieces *pieces)
{
    ws_bytes_free(&pieces->bytes);
    ws_bytes_free(&pieces->list);
    free(pieces->conns);
    pieces->conns = NULL;
    pieces->conn_count = 0;
}

struct read_error read_error_at(const uint8_t *text, size_t at, const char *what)
{
    struct read_error error = {.line = 1, .column = 1, .what = what};
    for (size_t i = 0; i < at; i++) {
        error.column++;
        if (text[i] == '\n') {
            error.line++;
            error.column = 1;
        }
    }
    return error;
}
