#include "cmd/wsframe/read/pieces.h"

#include <string.h>

const char pieces_cut_byte[] = "the last byte has one digit: is the input cut off there?";

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
        last.client_known == piece.client_known && last.made == piece.made)
        pieces->list->len -= sizeof piece;
    bytes_add(&pieces->list, &piece, sizeof piece);
}

void pieces_free(struct pieces *pieces)
{
    ws_bytes_free(&pieces->bytes);
    ws_bytes_free(&pieces->list);
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
