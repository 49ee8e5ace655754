/*
 * read_messages: makes frames of recorded messages: the JSON Lines of the toolkit, and the
 * _webSocketMessages of a HAR file, which browsers save.
 *
 * The frames are not masked, as no record has the keys. Records that are no message are passed
 * over. Called by read_pieces; no state.
 */
#ifndef CMD_WSFRAME_TEXT_READ_MESSAGES_H
#define CMD_WSFRAME_TEXT_READ_MESSAGES_H

#include "cmd/wsframe/read/pieces.h"

/* One record a line. False with the line that is none. */
bool read_records(const uint8_t *text, size_t len, struct pieces *out, struct read_error *error);

/* All messages of all entries, in their order. False if the text is no HAR file. */
bool read_har(const uint8_t *text, size_t len, struct pieces *out, struct read_error *error);

#endif
