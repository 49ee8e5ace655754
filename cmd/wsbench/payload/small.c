#include "cmd/wsbench/payload/small.h"

#include <string.h>

enum { BITS = 5, DIGIT = (1 << BITS) - 1 };

const char small_alphabet[] = "03569ABDGHKMNPSUVYZ_cefijloqrtwx";

unsigned small_digits(size_t size, unsigned window)
{
    unsigned check = size < 2 ? 0 : size < 6 ? 1 : size < 10 ? 2 : 3;
    unsigned digits = (unsigned)size - check;
    while (digits < size && small_numbers(digits) < 4 * (uint64_t)window)
        digits++;
    return digits;
}

uint64_t small_numbers(unsigned digits)
{
    return UINT64_C(1) << (BITS * digits);
}

/* The last digit is a sum with odd weights, so that no change of one digit goes unnoticed. */
static uint64_t check_of(uint64_t number, uint32_t connection, unsigned digits)
{
    uint64_t mixed = (number ^ (uint64_t)connection << 32) * UINT64_C(0x9e3779b97f4a7c15) >> 32;
    uint64_t sum = connection;
    for (unsigned i = 0; i < digits; i++)
        sum += (number >> (BITS * i)) * (2 * i + 1);
    return mixed << BITS | (sum & DIGIT);
}

static void put(uint8_t *at, uint64_t value, unsigned digits)
{
    for (; digits-- > 0; value >>= BITS)
        at[digits] = (uint8_t)small_alphabet[value & DIGIT];
}

void small_write(uint8_t *to, size_t size, unsigned digits, uint32_t connection, uint64_t sequence)
{
    uint64_t number = sequence & (small_numbers(digits) - 1);
    put(to, number, digits);
    put(to + digits, check_of(number, connection, digits), (unsigned)size - digits);
}

bool small_read(const uint8_t *message, size_t size, unsigned digits, uint32_t connection,
                uint64_t *number)
{
    uint8_t expected[SMALL_SIZE_MAX];
    *number = 0;
    for (unsigned i = 0; i < digits; i++) {
        const char *found = memchr(small_alphabet, message[i], DIGIT + 1);
        if (!found)
            return false;
        *number = *number << BITS | (uint64_t)(found - small_alphabet);
    }
    small_write(expected, size, digits, connection, *number);
    return memcmp(message, expected, size) == 0;
}
