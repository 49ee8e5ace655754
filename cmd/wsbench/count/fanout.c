#include "cmd/wsbench/count/fanout.h"

#include <string.h>

enum fanout_news fanout_received(struct fanout *f, uint64_t sequence)
{
    uint64_t *word = &f->seen[sequence / 64 % (FANOUT_WINDOW / 64)];
    uint64_t bit = UINT64_C(1) << (sequence % 64);
    if (sequence >= f->next) {
        /* The places of the messages in between, and of this one, are those of older messages. */
        if (sequence - f->next >= FANOUT_WINDOW)
            memset(f->seen, 0, sizeof f->seen);
        else
            for (uint64_t i = f->next; i < sequence; i++)
                f->seen[i / 64 % (FANOUT_WINDOW / 64)] &= ~(UINT64_C(1) << (i % 64));
        f->next = sequence + 1;
        *word |= bit;
        return FANOUT_NEW;
    }
    if (f->next - sequence > FANOUT_WINDOW || *word & bit)
        return FANOUT_DUPLICATE;
    *word |= bit;
    return FANOUT_REORDERED;
}
