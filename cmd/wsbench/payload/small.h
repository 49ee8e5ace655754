/*
 * small: messages below 16 bytes, which have no place for a whole sequence number.
 *
 * Such a message is the last digits of its number and a check, in digits of base 32. All characters
 * of the digits have an even number of bits set: a bit that is flipped on the way makes no other
 * digit, also where there is no place for a check. Pure functions.
 */
#ifndef CMD_WSBENCH_PAYLOAD_SMALL_H
#define CMD_WSBENCH_PAYLOAD_SMALL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { SMALL_SIZE_MAX = 15 };

extern const char small_alphabet[];

/* How many of the digits of a message of `size` bytes are of its number, where `window` messages
 * are in flight. The others are its check: any changed byte is noticed where there is one. There is
 * where enough numbers are left to tell apart four times as many messages as are in flight. */
unsigned small_digits(size_t size, unsigned window);

/* How many numbers so many digits tell apart, a power of two. */
uint64_t small_numbers(unsigned digits);

/* Writes message `sequence` of a connection, of `size` bytes. */
void small_write(uint8_t *to, size_t size, unsigned digits, uint32_t connection, uint64_t sequence);

/* Reads the last digits of its number. False if these `size` bytes are no message of the
 * connection.
 */
bool small_read(const uint8_t *message, size_t size, unsigned digits, uint32_t connection,
                uint64_t *number);

#endif
