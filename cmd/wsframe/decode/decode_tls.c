/* What TLS carries is a conversation of its own, whose bytes are those that a key log decrypts. */
#include "cmd/wsframe/decode/decode_private.h"

#include "cmd/common/exit.h"
#include "cmd/wsframe/tls/tls_stream.h"

#include <stdlib.h>

bool decode_tls_begin(struct decoder *decoder)
{
    enum { HELLO_TYPE = 5, CLIENT_HELLO = 1 };
    struct conversation *conversation = decoder->conversation;
    if (decode_left(decoder) <= HELLO_TYPE)
        return false;
    decoder->state = STATE_TLS;
    if (conversation->tls)
        return true;
    if (decode_data(decoder)[HELLO_TYPE] == CLIENT_HELLO)
        decode_assign(decoder, SENDER_CLIENT);
    conversation->tls = tls_stream_new(conversation->decode->keylog);
    conversation->inside = malloc(sizeof *conversation->inside);
    if (!conversation->inside)
        exit_die(WS_EXIT_FAILURE, "out of memory");
    struct conversation *inside = conversation->inside;
    conversation_init(inside, conversation->decode);
    inside->info = conversation->info;
    for (int i = 0; i < 2; i++) {
        inside->side[i].from_start = true;
        inside->side[i].sender = conversation->side[i].sender;
        inside->side[i].sender_known = conversation->side[i].sender != SENDER_UNKNOWN;
    }
    return true;
}

/* Passes decrypted bytes to the conversation inside. */
static void feed_inside(struct decoder *decoder, const uint8_t *data, size_t len)
{
    struct conversation *conversation = decoder->conversation, *inside = conversation->inside;
    struct decoder *side = &inside->side[decoder == &conversation->side[1]];
    side->utc_us = decoder->utc_us;
    side->packet = decoder->packet;
    inside->info.tls = tls_stream_version(conversation->tls);
    decode_feed(side, data, len);
    conversation->info.kind = inside->info.kind;
}

bool decode_tls(struct decoder *decoder)
{
    struct conversation *conversation = decoder->conversation;
    struct decoder *other = &conversation->side[decoder == &conversation->side[0]];
    struct tls_piece piece;
    bool waited = tls_stream_version(conversation->tls) == NULL;
    switch (tls_stream_next(conversation->tls, decoder->sender == SENDER_SERVER,
                            decode_data(decoder), decode_left(decoder), &piece)) {
    case TLS_MORE:
        decoder->why = piece.why;
        return false;
    case TLS_DATA:
        feed_inside(decoder, piece.data, piece.len);
        break;
    case TLS_RECORD:
        break;
    case TLS_FAILED:
        skip_bytes(decoder, decode_left(decoder), piece.why, false);
        decode_consume(decoder, decode_left(decoder));
        decode_ignore(decoder, KIND_TLS);
        decoder->why = piece.why;
        return false;
    }
    decode_consume(decoder, piece.used);
    /* The client's data may have arrived before the ServerHello. */
    if (waited && tls_stream_version(conversation->tls) && decode_left(other) > 0 &&
        other->state == STATE_TLS)
        decode_feed(other, (const uint8_t *)"", 0);
    return true;
}

void decode_tls_end(struct conversation *conversation)
{
    struct conversation *inside = conversation->inside;
    if (inside) {
        conversation_end(inside);
        conversation->info.kind = inside->info.kind == KIND_UNKNOWN ? KIND_TLS : inside->info.kind;
        free(inside);
    }
    conversation->inside = NULL;
    tls_stream_free(conversation->tls);
    conversation->tls = NULL;
}
