#include "cmd/wsbench/load/schedule.h"

#include <math.h>

/* While the rate grows, rate * t^2 / (2 * ramp) places are due by t, half as many as without. */
static double seconds(const struct schedule *s, double place)
{
    double in_ramp = s->rate * s->ramp_s / 2;
    if (s->burst > 0)
        return floor(place / s->burst) * s->burst_s;
    if (place < in_ramp)
        return sqrt(2 * s->ramp_s * place / s->rate);
    return s->ramp_s + (place - in_ramp) / s->rate;
}

int64_t schedule_time(const struct schedule *s, double place)
{
    double ns = seconds(s, place) * 1e9;
    return ns < (double)(INT64_MAX / 4) ? (int64_t)ns : INT64_MAX / 4;
}

/* splitmix64 */
static uint64_t next(uint64_t *random)
{
    uint64_t z = *random += UINT64_C(0x9e3779b97f4a7c15);
    z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
    return z ^ z >> 31;
}

double schedule_exponential(uint64_t *random)
{
    /* From (0, 1], so that the logarithm is finite. */
    double uniform = ((double)(next(random) >> 11) + 1) / 9007199254740992.0;
    return -log(uniform);
}
