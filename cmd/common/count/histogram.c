#include "cmd/common/count/histogram.h"

enum { SUB = 1 << HISTOGRAM_SUB_BITS };

/* Values up to SUB have a bucket each; above, each doubling has SUB buckets. */
static unsigned bucket_of(int64_t value)
{
    if (value < SUB)
        return (unsigned)value;
    unsigned doubling = 63 - (unsigned)__builtin_clzll((uint64_t)value) - HISTOGRAM_SUB_BITS;
    if (doubling >= HISTOGRAM_DOUBLINGS)
        return HISTOGRAM_BUCKETS - 1;
    return ((doubling + 1) << HISTOGRAM_SUB_BITS) + (unsigned)((value >> doubling) - SUB);
}

int64_t histogram_bucket_top(unsigned bucket)
{
    if (bucket < SUB)
        return bucket;
    unsigned doubling = (bucket >> HISTOGRAM_SUB_BITS) - 1;
    int64_t sub = (bucket & (SUB - 1)) + SUB;
    return ((sub + 1) << doubling) - 1;
}

void histogram_add(struct histogram *h, int64_t value)
{
    histogram_add_many(h, value, 1);
}

void histogram_add_many(struct histogram *h, int64_t value, uint64_t count)
{
    if (count == 0)
        return;
    if (value < 0)
        value = 0;
    if (h->count == 0 || value < h->least)
        h->least = value;
    if (value > h->most)
        h->most = value;
    h->count += count;
    h->sum += (double)value * (double)count;
    h->buckets[bucket_of(value)] += count;
}

void histogram_add_bucket(struct histogram *h, int64_t value, uint64_t count)
{
    h->count += count;
    h->buckets[bucket_of(value < 0 ? 0 : value)] += count;
}

void histogram_merge(struct histogram *h, const struct histogram *other)
{
    if (other->count == 0)
        return;
    if (h->count == 0 || other->least < h->least)
        h->least = other->least;
    if (other->most > h->most)
        h->most = other->most;
    h->count += other->count;
    h->sum += other->sum;
    for (unsigned i = 0; i < HISTOGRAM_BUCKETS; i++)
        h->buckets[i] += other->buckets[i];
}

int64_t histogram_percentile(const struct histogram *h, double percent)
{
    if (h->count == 0)
        return 0;
    /* The smallest rank that is not less. The epsilon corrects binary fractions: 0.3 % of 20000 is
     * 60. */
    double exact = percent / 100 * (double)h->count - 1e-6;
    if (exact < 0)
        exact = 0;
    uint64_t wanted = (uint64_t)exact;
    if ((double)wanted < exact || wanted == 0)
        wanted++;
    uint64_t seen = 0;
    for (unsigned i = 0; i < HISTOGRAM_BUCKETS; i++) {
        seen += h->buckets[i];
        if (seen >= wanted)
            return histogram_bucket_top(i) < h->most ? histogram_bucket_top(i) : h->most;
    }
    return h->most;
}

double histogram_mean(const struct histogram *h)
{
    return h->count ? h->sum / (double)h->count : 0;
}
