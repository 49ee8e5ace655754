#include "cmd/wsframe/decode/decode_pieces.h"

#include "cmd/common/exit.h"

#include <stdlib.h>

enum { OPEN_MAX = 65536 }; /* connections at a time, of some KiB each */

struct connection {
    struct conversation *conversation; /* NULL: not begun, or ended */
    size_t last;                       /* the index of its last piece */
};

/* The connections by their numbers; `*several` says that more than one has pieces. */
static struct connection *list_connections(struct pieces *pieces, size_t *count, bool *several)
{
    size_t named = pieces->conn_count, first = pieces_get(pieces, 0).conn;
    struct connection *list = calloc(named + 1, sizeof *list);
    if (!list)
        exit_die(WS_EXIT_FAILURE, "out of memory");
    *count = named + 1;
    *several = false;
    for (size_t i = 0; i < pieces_count(pieces); i++) {
        size_t conn = pieces_get(pieces, i).conn;
        list[conn].last = i;
        *several |= conn != first;
    }
    return list;
}

static struct conversation *begin(struct decode *decode, struct pieces *pieces, size_t conn,
                                  bool several)
{
    struct conversation *conversation = calloc(1, sizeof *conversation);
    if (!conversation)
        exit_die(WS_EXIT_FAILURE, "out of memory");
    conversation_init(conversation, decode);
    if (several)
        conversation->info.id = conn;
    if (conn > 0) {
        const struct piece_conn *named = &pieces->conns[conn - 1];
        conversation->info.recorded = named->name;
        conversation->info.recorded_is_number = named->is_number;
        conversation->info.stream = named->stream;
    }
    return conversation;
}

static void end(struct connection *connection, size_t *open)
{
    conversation_end(connection->conversation);
    free(connection->conversation);
    connection->conversation = NULL;
    --*open;
}

static void feed(struct conversation *conversation, const struct piece *piece, const uint8_t *data,
                 size_t len)
{
    struct decoder *decoder = &conversation->side[piece->side == PIECE_OTHER];
    decoder->utc_us = piece->utc_us;
    /* The two clocks of a recording may drift apart: where it began, as of this piece. */
    conversation->info.began_us = piece->utc_us - piece->elapsed_us;
    if (piece->client_known) {
        decoder->sender = piece->side == PIECE_ONE ? SENDER_CLIENT : SENDER_SERVER;
        decoder->sender_known = !piece->made;
    }
    decode_feed(decoder, data, len);
    if (piece->missing > 0)
        decode_gap(decoder, piece->missing);
}

void decode_pieces(struct decode *decode, struct pieces *pieces)
{
    size_t count, from = 0, open = 0;
    bool several;
    struct connection *list = list_connections(pieces, &count, &several);
    for (size_t i = 0; i < pieces_count(pieces) && !decode->stop; i++) {
        struct piece piece = pieces_get(pieces, i);
        struct connection *connection = &list[piece.conn];
        if (!connection->conversation) {
            if (open++ == OPEN_MAX)
                exit_die(WS_EXIT_FAILURE, "more than %d connections at a time", OPEN_MAX);
            connection->conversation = begin(decode, pieces, piece.conn, several);
        }
        feed(connection->conversation, &piece, bytes_data(pieces->bytes) + from, piece.end - from);
        from = piece.end;
        if (connection->last == i)
            end(connection, &open);
    }
    for (size_t i = 0; i < count && open > 0; i++)
        if (list[i].conversation)
            end(&list[i], &open);
    free(list);
}
