/*
 * block: finds the block of lines of bytes that stands among prose, prompts and fences.
 *
 * What xxd -p, base64 and od -An wrap, bits, and numbers one a line have nothing in a line by which
 * it is known. A block is lines beside each other that have digits and separators only, or one word
 * of base64 each, all of the same length but the last. It is believed where it is the only one that
 * is whole frames. Called by inspect and excerpt; no state.
 */
#ifndef CMD_WSFRAME_DETECT_BLOCK_H
#define CMD_WSFRAME_DETECT_BLOCK_H

#include "cmd/wsframe/read/form.h"
#include "cmd/wsframe/read/lines.h"

/* The form of the only block of the text, which is taken for `form` as a whole, and where it is.
 * FORM_UNKNOWN: there is none, or the text is better read as a whole. */
enum form block_find(const uint8_t *text, size_t len, enum form form, struct line *block);

/* The form of a text that is whole frames, and nothing after them; FORM_UNKNOWN of any other. */
enum form block_form(const uint8_t *text, size_t len);

#endif
