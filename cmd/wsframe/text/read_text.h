/*
 * read_text: reads bytes from hex digits, base64 and bits.
 *
 * Each reader appends to `out`; on failure it returns the place and the reason. The output is never
 * larger than the input. Called by inspect, encode and accept; no state.
 */
#ifndef CMD_WSFRAME_TEXT_READ_TEXT_H
#define CMD_WSFRAME_TEXT_READ_TEXT_H

#include "cmd/wsframe/read/pieces.h"

/* Pairs of digits, optionally separated by white space, commas, colons, dashes or bars, and with 0x
 * before them. */
bool read_hex(const uint8_t *text, size_t len, struct ws_bytes **out, struct read_error *error);

/* Turns the bytes of each word around that read_hex() read, where all groups of digits are words of
 * one size and are whole frames only then, as od -An -x writes them. True if it did. */
bool read_hex_turn_words(const uint8_t *text, size_t len, struct ws_bytes *bytes);

/* The alphabets of RFC 4648 sections 4 and 5, with or without padding, white space anywhere. */
bool read_base64(const uint8_t *text, size_t len, struct ws_bytes **out, struct read_error *error);

/* Groups of eight zeros and ones, with white space or commas between them. */
bool read_bits(const uint8_t *text, size_t len, struct ws_bytes **out, struct read_error *error);

#endif
