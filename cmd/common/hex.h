/*
 * hex: bytes as hexadecimal digits and back, and text made safe to show on a terminal.
 *
 * Any tool may call it; it has no state and allocates nothing.
 */
#ifndef CMD_COMMON_HEX_H
#define CMD_COMMON_HEX_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

enum hex_result {
    HEX_OK,
    HEX_BAD_DIGIT, /* a character that is neither a digit nor white space between pairs */
    HEX_ODD,       /* a pair lacks its second digit */
    HEX_TOO_LONG,  /* more bytes than the buffer holds */
};

/*
 * Reads pairs of digits, optionally with white space between pairs and "0x" before each word. At
 * most `size` bytes go to `out`, which may be the same memory as `text`; `*out_len` gets their
 * number. On failure `*at` (unless NULL) gets the offset of the error in `text`, and `out` has the
 * bytes before it.
 */
enum hex_result hex_parse(const char *text, size_t len, uint8_t *out, size_t size, size_t *out_len,
                          size_t *at);

/* The result as a message, such as "expected a hex digit". Constant; "" for HEX_OK. */
const char *hex_problem(enum hex_result result);

/*
 * Writes lower-case pairs, with `separator` between them unless it is 0, as many whole pairs as fit
 * into `size` bytes with the final NUL. Returns the number of characters without the NUL. The text
 * of n bytes needs 3 * n bytes, without a separator 2 * n + 1.
 */
size_t hex_format(const void *data, size_t len, char separator, char *out, size_t size);

/* The value of a hex digit in either case, or -1. */
int hex_digit(char c);

enum hex_escape_flags {
    HEX_KEEP_NEWLINE = 1,     /* copy "\n" unchanged */
    HEX_ESCAPE_BACKSLASH = 2, /* double "\", so that the escaping is reversible */
    HEX_ESCAPE_TAB = 4,       /* "\t", where white space is no layout */
};

/* One byte of input becomes at most this many bytes of output. */
enum { HEX_ESCAPE_GROWTH = 4 };

/*
 * Makes untrusted text safe for a terminal: control characters (C0 except the tab, DEL, C1), those
 * that change the direction of writing, and bytes that are not UTF-8 become \n, \r or \xNN. Writes
 * only whole characters, as many as fit into `size` bytes with the final NUL, and returns the bytes
 * written. `*used` (unless NULL) gets the number of input bytes consumed, where the next call
 * continues.
 */
size_t hex_escape(const void *data, size_t len, unsigned flags, char *out, size_t size,
                  size_t *used);

/* --- what needs no escaping --- */

/* The byte in each of the eight places of a word. */
static inline uint64_t hex_run_repeat(uint8_t byte)
{
    return byte * UINT64_C(0x0101010101010101);
}

/* Is one of the word's bytes below `limit`, which is at most 128? Bytes of 128 or more are not. */
static inline bool hex_run_has_less(uint64_t word, uint8_t limit)
{
    return ((word - hex_run_repeat(limit)) & ~word & hex_run_repeat(0x80)) != 0;
}

/* Are the eight bytes at `p` printable ASCII, and none of them a backslash or `other`? */
static inline bool hex_run_word(const uint8_t *p, char other)
{
    uint64_t word;
    memcpy(&word, p, sizeof word);
    return !(word & hex_run_repeat(0x80)) && !hex_run_has_less(word, 0x20) &&
           !hex_run_has_less(word ^ hex_run_repeat(0x7F), 1) &&
           !hex_run_has_less(word ^ hex_run_repeat('\\'), 1) &&
           !hex_run_has_less(word ^ hex_run_repeat((uint8_t)other), 1);
}

/* How much of a text can be copied as it is: the length of the beginning that is printable ASCII
 * without backslashes and `other`. */
static inline size_t hex_run(const uint8_t *p, size_t len, char other)
{
    size_t n = 0;
    while (len - n >= 8 && hex_run_word(p + n, other))
        n += 8;
    while (n < len && p[n] >= 0x20 && p[n] < 0x7F && p[n] != '\\' && p[n] != (uint8_t)other)
        n++;
    return n;
}

#endif
