#include "cmd/wsbench/count/tally.h"

void tally_add(struct tally *t, unsigned number, uint64_t count)
{
    unsigned i = 0;
    while (i < t->used && t->rows[i].number != number)
        i++;
    if (i == TALLY_ROWS) {
        t->others += count;
        return;
    }
    t->used += i == t->used;
    t->rows[i].number = number;
    t->rows[i].count += count;
}

uint64_t tally_count(const struct tally *t, unsigned number)
{
    for (unsigned i = 0; i < t->used; i++)
        if (t->rows[i].number == number)
            return t->rows[i].count;
    return 0;
}

void tally_merge(struct tally *t, const struct tally *o)
{
    for (unsigned i = 0; i < o->used; i++)
        tally_add(t, o->rows[i].number, o->rows[i].count);
    t->others += o->others;
}
