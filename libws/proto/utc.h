/*
 * utc: dates of the Gregorian calendar and seconds since 1970, without leap seconds. Unlike
 * gmtime_r() and timegm() it knows dates after 2038 also where time_t has 32 bits. Pure functions.
 */
#ifndef LIBWS_PROTO_UTC_H
#define LIBWS_PROTO_UTC_H

#include <stdint.h>
#include <time.h>

/* As gmtime_r(): fills all of `tm` but the day of the year. Years are cut to what an int holds. */
void ws_utc_split(int64_t seconds, struct tm *tm);

/* As timegm() of year, month, day, hour, minute and second; of those, only tm_mon must be in range.
 */
int64_t ws_utc_seconds(const struct tm *tm);

#endif
