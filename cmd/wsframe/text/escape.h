/*
 * escape: reads an escape of a string, as C, Python, Go, JavaScript, Lua, Haskell, printf and URLs
 * have them: \x81, \201, \129, \u0081, \n and its like, \SOH, and %81.
 *
 * Called by read_escaped and read_list; no state.
 */
#ifndef CMD_WSFRAME_TEXT_ESCAPE_H
#define CMD_WSFRAME_TEXT_ESCAPE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum notation {
    NOTATION_BACKSLASH,
    NOTATION_DECIMAL, /* the numbers after backslashes are decimal: Lua, Haskell */
    NOTATION_PERCENT,
};

enum { ESCAPE_NO_BYTE = 256 }; /* the byte of an escape that only separates */

/* Reads an escape at the beginning. Returns its length, 0 if there is none; `*byte` is -1 if it
 * stands for no byte. */
size_t escape_read(const uint8_t *p, size_t len, enum notation notation, int *byte);

/* The escapes of a text that stand for a byte by its number. */
size_t escape_count(const uint8_t *text, size_t len, bool percent);

/* Are the numbers after backslashes decimal? Octal ones have no 8 and no 9. */
bool escape_has_decimals(const uint8_t *text, size_t len);

#endif
