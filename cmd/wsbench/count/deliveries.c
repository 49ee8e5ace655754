#include "cmd/wsbench/count/deliveries.h"

static int64_t slot_length(const struct deliveries *d)
{
    return DELIVERIES_SLOT_NS << d->doublings;
}

static void double_slots(struct deliveries *d)
{
    d->doublings++;
    for (unsigned i = 0; i < DELIVERIES_SLOTS; i++) {
        unsigned from = 2 * i;
        bool within = from < DELIVERIES_SLOTS;
        uint64_t sent = within ? d->slots[from].sent + d->slots[from + 1].sent : 0;
        uint64_t came = within ? d->slots[from].came + d->slots[from + 1].came : 0;
        d->slots[i].sent = sent;
        d->slots[i].came = came;
    }
}

static unsigned slot_of(struct deliveries *d, int64_t due_ns)
{
    if (due_ns < 0)
        return 0;
    while (due_ns / slot_length(d) >= DELIVERIES_SLOTS)
        double_slots(d);
    return (unsigned)(due_ns / slot_length(d));
}

void deliveries_sent(struct deliveries *d, int64_t due_ns)
{
    d->slots[slot_of(d, due_ns)].sent++;
}

void deliveries_came(struct deliveries *d, int64_t due_ns)
{
    d->slots[slot_of(d, due_ns)].came++;
}

void deliveries_merge(struct deliveries *d, const struct deliveries *other)
{
    while (d->doublings < other->doublings)
        double_slots(d);
    unsigned narrower = d->doublings - other->doublings;
    for (unsigned i = 0; i < DELIVERIES_SLOTS; i++) {
        d->slots[i >> narrower].sent += other->slots[i].sent;
        d->slots[i >> narrower].came += other->slots[i].came;
    }
}

void deliveries_add_missing(const struct deliveries *d, uint64_t receivers, int64_t end_ns,
                            struct histogram *times)
{
    for (unsigned i = 0; i < DELIVERIES_SLOTS; i++) {
        uint64_t due = d->slots[i].sent * receivers, came = d->slots[i].came;
        int64_t waited_ns = end_ns - (int64_t)(i + 1) * slot_length(d); /* at least */
        if (due > came)
            histogram_add_many(times, waited_ns, due - came);
    }
}
