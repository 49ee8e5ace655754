/*
 * expect: searches messages for --expect's regular expression.
 *
 * A match is at most EXPECT_MATCH_MAX bytes long, so the time for a message grows with its length
 * and not faster, whatever the server sends. A NUL is a byte like any other. No state.
 */
#ifndef CMD_WSCAT_RUN_EXPECT_H
#define CMD_WSCAT_RUN_EXPECT_H

#include <regex.h>
#include <stdbool.h>
#include <stddef.h>

enum { EXPECT_MATCH_MAX = 32 * 1024 };

/* True if `regex`, compiled with REG_NOSUB or without, matches somewhere in the `len` bytes. */
bool expect_matches(const regex_t *regex, const char *data, size_t len);

#endif
