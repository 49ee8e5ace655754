#include "cmd/wsbench/count/result.h"

void timeline_add(struct timeline *t, const struct moment *moment)
{
    if (t->every == 0)
        t->every = 1;
    if (++t->skipped < t->every)
        return;
    if (t->count == TIMELINE_MAX) { /* this moment is one of those that are left out from now on */
        t->count /= 2;
        t->every *= 2;
        for (unsigned i = 0; i < t->count; i++)
            t->moments[i] = t->moments[2 * i + 1];
        return;
    }
    t->skipped = 0;
    t->moments[t->count++] = *moment;
}
