/*
 * decode_pieces: decodes the pieces of a text, each direction of each of its connections with a
 * decoder.
 *
 * A connection ends with its last piece. Called by inspect.
 */
#ifndef CMD_WSFRAME_DECODE_DECODE_PIECES_H
#define CMD_WSFRAME_DECODE_DECODE_PIECES_H

#include "cmd/wsframe/decode/decode.h"
#include "cmd/wsframe/read/pieces.h"

void decode_pieces(struct decode *decode, struct pieces *pieces);

#endif
