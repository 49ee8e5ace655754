/*
 * excerpt: takes the bytes out of what is written around them: a prefix that all lines have, as of
 * a logger; a label, "payload: "; a code span in a sentence; a word of base64;
 * strings among other values.
 *
 * For text that no reader understands as it is. It is believed where it is whole frames, as a block
 * is. Called by inspect; no state.
 */
#ifndef CMD_WSFRAME_DETECT_EXCERPT_H
#define CMD_WSFRAME_DETECT_EXCERPT_H

#include "cmd/wsframe/read/bytes.h"
#include "cmd/wsframe/read/form.h"

/* Appends the excerpt of a text that is taken for `form` as a whole, or its bytes, and returns its
 * form.
 * FORM_UNKNOWN: there is none, or more than one; of strings there may be several. */
enum form excerpt_find(const uint8_t *text, size_t len, enum form form, struct ws_bytes **out);

#endif
