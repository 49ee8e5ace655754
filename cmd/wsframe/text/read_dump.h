/*
 * read_dump: reads dumps: lines of an offset, groups of digits, and often the same bytes as text.
 *
 * One reader for the whole family, since its members differ only in the base and size of a group,
 * the base of the offset, the order of the bytes in a word, and what stands between: xxd, hexdump,
 * od, Wireshark, tshark, curl --trace, socat -x, hexyl, Format-Hex, certutil, gdb, netty. What
 * differs is found out from the lines themselves: offsets must follow from each other, and the text
 * column must say what the digits say.
 *
 * Called by detect and inspect; no state.
 */
#ifndef CMD_WSFRAME_TEXT_READ_DUMP_H
#define CMD_WSFRAME_TEXT_READ_DUMP_H

#include "cmd/wsframe/read/pieces.h"

/* The form of the dump in the text, or FORM_UNKNOWN. */
enum form read_dump_form(const uint8_t *text, size_t len);

/*
 * Reads a dump of that form. Offsets must be consecutive; a "*" repeats the line before it, up to a
 * limit. A dump may begin at any offset, and another one may follow, from offset 0. Lines without
 * an offset are passed over, unless `strict`. False with the first line that does not fit.
 */
bool read_dump(enum form form, bool strict, const uint8_t *text, size_t len, struct pieces *out,
               struct read_error *error);

#endif
