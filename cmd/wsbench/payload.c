#include "cmd/wsbench/payload.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Fills the buffer with lines of JSON, which compress about as well as real traffic. The numbers
 * are the same in every run. */
uint8_t *payload_new(size_t size)
{
    static const char *const names[] = {"anna", "boris", "chiara", "dmitri", "elif", "farid"};
    static const char *const states[] = {"new", "open", "waiting", "done"};
    uint8_t *message = malloc(size + 1);
    uint32_t random = 1;
    for (size_t len = 0; message && len < size;) {
        char line[160];
        random = random * 1664525 + 1013904223;
        int n = snprintf(line, sizeof line,
                         "{\"id\":%u,\"user\":\"%s\",\"state\":\"%s\",\"price\":%u.%02u,"
                         "\"seen\":\"2026-01-%02uT%02u:%02u:00Z\"}\n",
                         random >> 12, names[(random >> 8) % 6], states[random >> 30], random >> 20,
                         random >> 10 & 63, 1 + (random >> 5) % 28, (random >> 7) % 24,
                         (random >> 9) % 60);
        size_t some = size - len < (size_t)n ? size - len : (size_t)n;
        memcpy(message + len, line, some);
        len += some;
    }
    return message;
}

static void put_hex(uint8_t *at, uint64_t value, size_t digits)
{
    while (digits-- > 0) {
        at[digits] = (uint8_t) "0123456789abcdef"[value & 15];
        value >>= 4;
    }
}

static bool get_hex(const uint8_t *at, size_t digits, uint64_t *value)
{
    *value = 0;
    for (size_t i = 0; i < digits; i++) {
        uint8_t c = at[i];
        unsigned digit = c >= '0' && c <= '9'   ? c - 0x30u
                         : c >= 'a' && c <= 'f' ? c - 'a' + 10u
                                                : 16u;
        if (digit == 16)
            return false;
        *value = *value << 4 | digit;
    }
    return true;
}

/* The number of sequence digits that fit into a message. */
static size_t sequence_digits(size_t size)
{
    return size < 16 ? size : 16;
}

void payload_write(uint8_t *message, size_t size, const struct payload_head *head)
{
    if (size < PAYLOAD_HEAD) {
        put_hex(message, head->sequence, sequence_digits(size));
        return;
    }
    put_hex(message, head->connection, 8);
    put_hex(message + 8, head->sequence, 16);
    put_hex(message + 24, head->time, 16);
}

bool payload_read(const uint8_t *message, size_t size, struct payload_head *head)
{
    uint64_t connection = 0;
    *head = (struct payload_head){0};
    if (size < PAYLOAD_HEAD)
        return get_hex(message, sequence_digits(size), &head->sequence);
    bool whole = get_hex(message, 8, &connection) && get_hex(message + 8, 16, &head->sequence) &&
                 get_hex(message + 24, 16, &head->time);
    head->connection = (uint32_t)connection;
    return whole;
}

void payload_take(struct payload_answer *answer, const uint8_t *pattern, size_t size,
                  const uint8_t *data, size_t len)
{
    size_t head_len = size < PAYLOAD_HEAD ? sequence_digits(size) : PAYLOAD_HEAD;
    if (len > size - answer->len) {
        answer->wrong = true;
        answer->len = size;
        return;
    }
    if (answer->len < head_len) {
        size_t n = head_len - answer->len < len ? head_len - answer->len : len;
        memcpy(answer->head + answer->len, data, n);
        answer->len += n;
        data += n;
        len -= n;
    }
    if (len > 0 && memcmp(data, pattern + answer->len, len) != 0)
        answer->wrong = true;
    answer->len += len;
}
