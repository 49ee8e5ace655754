#include "cmd/wsbench/count/fanout.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

static uint64_t *word_of(struct fanout *f, uint64_t sequence)
{
    return &f->seen[sequence / 64 % (FANOUT_WINDOW / 64)];
}

static uint64_t bit_of(uint64_t sequence)
{
    return UINT64_C(1) << (sequence % 64);
}

/* --- what has left the window --- */

/* The index of the first that is not less. */
static unsigned place_of(const struct fanout *f, uint64_t sequence)
{
    unsigned low = 0, high = f->missing_count;
    while (low < high) {
        unsigned middle = low + (high - low) / 2;
        if (f->missing[middle] < sequence)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static void cut(struct fanout *f, unsigned first, unsigned count)
{
    f->missing_count -= count;
    memmove(f->missing + first, f->missing + first + count,
            (f->missing_count - first) * sizeof *f->missing);
}

/* Without memory it is not remembered: if it comes it counts as a duplicate. */
static void add_missing(struct fanout *f, uint64_t sequence)
{
    if (f->missing_count == FANOUT_MISSING)
        cut(f, 0, FANOUT_MISSING / 2);
    if (f->missing_count == f->missing_size) {
        unsigned size = f->missing_size ? 2 * f->missing_size : 8;
        uint64_t *missing = realloc(f->missing, size * sizeof *missing);
        if (!missing)
            return;
        f->missing = missing;
        f->missing_size = size;
    }
    f->missing[f->missing_count++] = sequence;
}

static bool take_missing(struct fanout *f, uint64_t sequence)
{
    unsigned place = place_of(f, sequence);
    if (place == f->missing_count || f->missing[place] != sequence)
        return false;
    cut(f, place, 1);
    return true;
}

/* --- the window --- */

/* The window ends with `sequence`: the places of those that leave it are new messages'. */
static void advance(struct fanout *f, uint64_t sequence)
{
    uint64_t end = sequence + 1 > FANOUT_WINDOW ? sequence + 1 - FANOUT_WINDOW : 0;
    uint64_t left = f->next > FANOUT_WINDOW ? f->next - FANOUT_WINDOW : 0;
    if (end > FANOUT_MISSING && left < end - FANOUT_MISSING)
        left = end - FANOUT_MISSING;
    for (; left < end; left++)
        if (left >= f->next || !(*word_of(f, left) & bit_of(left)))
            add_missing(f, left);
    if (sequence - f->next >= FANOUT_WINDOW)
        memset(f->seen, 0, sizeof f->seen);
    else
        for (uint64_t i = f->next; i < sequence; i++)
            *word_of(f, i) &= ~bit_of(i);
    f->next = sequence + 1;
}

enum fanout_news fanout_received(struct fanout *f, uint64_t sequence)
{
    if (sequence >= f->next) {
        advance(f, sequence);
        *word_of(f, sequence) |= bit_of(sequence);
        return FANOUT_NEW;
    }
    if (f->next - sequence > FANOUT_WINDOW)
        return take_missing(f, sequence) ? FANOUT_REORDERED : FANOUT_DUPLICATE;
    if (*word_of(f, sequence) & bit_of(sequence))
        return FANOUT_DUPLICATE;
    *word_of(f, sequence) |= bit_of(sequence);
    return FANOUT_REORDERED;
}

void fanout_free(struct fanout *f)
{
    free(f->missing);
    *f = (struct fanout){0};
}
