#include "cmd/wsserve/cluster/envelope.h"

#include <ws/frame.h>
#include <ws/utf8.h>

#include <endian.h>
#include <string.h>

static const char magic[] = {'W', 'S', 'C', '1'};

static void put(uint8_t *at, uint64_t number)
{
    number = htobe64(number);
    memcpy(at, &number, sizeof number);
}

static uint64_t get(const uint8_t *at)
{
    uint64_t number;
    memcpy(&number, at, sizeof number);
    return be64toh(number);
}

void envelope_write(const struct envelope *envelope, uint8_t head[ENVELOPE_HEAD])
{
    memset(head, 0, ENVELOPE_HEAD);
    memcpy(head, magic, sizeof magic);
    head[4] = (uint8_t)envelope->opcode;
    put(head + 8, envelope->node);
    put(head + 16, envelope->place);
    put(head + 24, (uint64_t)envelope->sent_us);
}

bool envelope_read(const void *bytes, size_t size, struct envelope *envelope)
{
    const uint8_t *head = bytes;
    static const uint8_t zero[3];
    if (size < ENVELOPE_HEAD || memcmp(head, magic, sizeof magic) != 0 ||
        (head[4] != WS_OP_TEXT && head[4] != WS_OP_BINARY) ||
        memcmp(head + 5, zero, sizeof zero) != 0)
        return false;
    *envelope = (struct envelope){
        .opcode = head[4],
        .node = get(head + 8),
        .place = get(head + 16),
        .sent_us = (int64_t)get(head + 24),
        .data = head + ENVELOPE_HEAD,
        .len = size - ENVELOPE_HEAD,
    };
    return envelope->opcode != WS_OP_TEXT || ws_utf8_valid(envelope->data, envelope->len);
}

int64_t envelope_missing(uint64_t last, uint64_t place)
{
    if (place <= last)
        return -1;
    if (place >> 32 == last >> 32)
        return (int64_t)(place - last - 1);
    uint32_t in_series = (uint32_t)place;
    return in_series > 0 ? (int64_t)in_series - 1 : 0;
}
