/*
 * read_pieces: reads text of any form that is made of bytes, with the reader of that form.
 *
 * Called by inspect; no state.
 */
#ifndef CMD_WSFRAME_TEXT_READ_PIECES_H
#define CMD_WSFRAME_TEXT_READ_PIECES_H

#include "cmd/wsframe/read/pieces.h"

/* Is there a reader for text of this form? */
bool read_pieces_can(enum form form);

/*
 * Reads plain text (plain_text.h). With `strict`, which is for a form that the user names, lines
 * that do not belong to the form are errors. False with the place and the reason. `*note` gets a
 * line about what else the text could be, or NULL.
 */
bool read_pieces(enum form form, bool strict, const uint8_t *text, size_t len, struct pieces *out,
                 struct read_error *error, const char **note);

#endif
