#include "cmd/wsserve/cluster/resp_command.h"

#include <string.h>

static size_t digits_of(size_t number)
{
    size_t digits = 1;
    while (number >= 10) {
        number /= 10;
        digits++;
    }
    return digits;
}

size_t resp_command_size(size_t count, const size_t *lengths)
{
    size_t size = 1 + digits_of(count) + 2;
    for (size_t i = 0; i < count; i++)
        size += 1 + digits_of(lengths[i]) + 2 + lengths[i] + 2;
    return size;
}

/* "$7" and the end of its line. */
static uint8_t *put_number(uint8_t *to, char kind, size_t number)
{
    uint8_t *end = to + 1 + digits_of(number), *at = end;
    *to = (uint8_t)kind;
    do
        *--at = (uint8_t)('0' + number % 10);
    while ((number /= 10) > 0);
    *end++ = '\r';
    *end++ = '\n';
    return end;
}

void resp_command_write(uint8_t *to, size_t count, const char *const *words, const size_t *lengths)
{
    to = put_number(to, '*', count);
    for (size_t i = 0; i < count; i++) {
        to = put_number(to, '$', lengths[i]);
        if (lengths[i] > 0)
            memcpy(to, words[i], lengths[i]);
        to += lengths[i];
        *to++ = '\r';
        *to++ = '\n';
    }
}
