/*
 * pattern: looks for an extended regular expression in bytes that may hold a NUL. Pure functions.
 *
 * The bytes are often a peer's, so an expression with a back-reference is refused: POSIX has none
 * in extended ones, and looking for it may take longer than anybody waits, in 256 bytes already.
 */
#ifndef CMD_COMMON_PATTERN_H
#define CMD_COMMON_PATTERN_H

#include <regex.h>
#include <stdbool.h>
#include <stddef.h>

/* Compiles `text` with REG_EXTENDED and `flags`; pattern_search() looks for it in a time that grows
 * with the square of the length. False: there is nothing to free, and why not is in `why`. */
bool pattern_compile(regex_t *regex, const char *text, int flags, char *why, size_t size);

/* The same for pattern_anywhere(). */
bool pattern_compile_anywhere(regex_t *regex, const char *text, char *why, size_t size);

/* Does it match somewhere in the `len` bytes? In a time that grows with `len`. False without
 * memory, and for more than INT_MAX bytes. */
bool pattern_anywhere(const regex_t *regex, const void *data, size_t len);

/* Does `regex` match somewhere in the `len` bytes at `text`, and where do its `count` groups (at
 * least one)? Without REG_NOTEOL in `flags`, `len` is where `$` matches. text[len] must be a NUL.
 */
bool pattern_search(const regex_t *regex, const char *text, size_t len, regmatch_t *groups,
                    size_t count, int flags);

/* The same for C libraries whose regexec() knows nothing but strings, such as musl's: a match may
 * not go across a NUL. Declared for its test. */
bool pattern_search_strings(const regex_t *regex, const char *text, size_t len, regmatch_t *groups,
                            size_t count, int flags);

#endif
