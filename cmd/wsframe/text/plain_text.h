/*
 * plain_text: makes plain text of what editors, shells and terminals make of text.
 *
 * PowerShell redirects UTF-16, terminals copy colours, tables are drawn with box characters. The
 * readers see UTF-8 without a byte order mark, without escape sequences, and with "|" for a table's
 * lines. Called by inspect before detection.
 */
#ifndef CMD_WSFRAME_TEXT_PLAIN_TEXT_H
#define CMD_WSFRAME_TEXT_PLAIN_TEXT_H

#include "cmd/wsframe/read/bytes.h"

/* Is this text, and not bytes? Text is UTF-8 or UTF-16, and its only control characters are white
 * space and the escape sequences of a terminal's colours. */
bool plain_text_is(const uint8_t *data, size_t len);

/* Replaces text by plain text; what plain_text_is() says no to stays as it is. */
void plain_text(struct ws_bytes **text);

#endif
