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

void result_set_rate(struct result *r, bool connecting)
{
    double seconds = connecting ? r->connect_s : r->load_s;
    uint64_t count = connecting || r->opening ? r->totals.opened : r->load_sent;
    r->rate_per_s = seconds > 0 ? (double)count / seconds : 0;
}

double result_handshakes(const struct result *r, uint64_t count)
{
    bool again = r->totals.returned > 0 || r->totals.renewed > 0; /* during the load, too */
    double seconds = r->opening ? r->load_s : r->connect_s + (again ? r->load_s : 0);
    return seconds > 0 ? (double)count / seconds : 0;
}

double result_server_memory(const struct result *r)
{
    enum { ENOUGH = 100 }; /* fewer are lost in what the process grows by for other reasons */
    const struct probe *p = &r->probe;
    if (!p->ok || r->loaded_opened < ENOUGH || p->loaded.rss <= p->before.rss)
        return 0;
    return (double)(p->loaded.rss - p->before.rss) / (double)r->loaded_opened;
}
