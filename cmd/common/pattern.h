/*
 * pattern: looks for a regular expression in bytes that may hold a NUL. Pure functions.
 */
#ifndef CMD_COMMON_PATTERN_H
#define CMD_COMMON_PATTERN_H

#include <regex.h>
#include <stdbool.h>
#include <stddef.h>

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
