/*
 * read_heads: reads the heads of an upgrade from text: as a browser copies them, as curl -v shows
 * them, with or without carriage returns.
 *
 * Called by detect and read_pieces; no state.
 */
#ifndef CMD_WSFRAME_TEXT_READ_HEADS_H
#define CMD_WSFRAME_TEXT_READ_HEADS_H

#include "cmd/wsframe/read/pieces.h"

/* Does the text, which begins as HTTP does, have to do with a WebSocket? */
bool read_heads_has(const uint8_t *text, size_t len);

/* Reads all heads. Always true, so that it can be returned. */
bool read_heads(const uint8_t *text, size_t len, struct pieces *out);

#endif
