/*
 * typography: undoes what web pages, mail and chats make of characters: curly quotes, wide blanks,
 * long dashes, entities of HTML, fences within a line, PEM's first and last line.
 *
 * Only for text that no reader understands as it is: a payload may contain such characters. Called
 * by inspect; no state.
 */
#ifndef CMD_WSFRAME_DETECT_TYPOGRAPHY_H
#define CMD_WSFRAME_DETECT_TYPOGRAPHY_H

#include "cmd/wsframe/read/bytes.h"

/* Appends the text as a keyboard would have it. False if it is like that already. */
bool typography_undo(const uint8_t *text, size_t len, struct ws_bytes **out);

#endif
