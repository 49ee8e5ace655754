/*
 * percent: the percent-encoding of URLs (RFC 3986 2.1), strictly. Any tool may call it; no state.
 */
#ifndef CMD_COMMON_PERCENT_H
#define CMD_COMMON_PERCENT_H

#include <ws/http.h>

#include <stdbool.h>
#include <stddef.h>

/* Decodes `text` into `to`, `size` bytes with a final NUL, and sets `*len` (unless NULL) to the
 * bytes before that; what is decoded may have a NUL itself. False for a '%' without two hex digits,
 * and for text that does not fit; `to` has the beginning then. */
bool percent_decode(struct ws_str text, char *to, size_t size, size_t *len);

#endif
