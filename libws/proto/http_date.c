#include <ws/http.h>

#include <stdio.h>
#include <string.h>
#include <time.h>

/* Not strftime(): its names depend on the locale. */
static const char days[][4] = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
static const char months[][4] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                 "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};

const char *ws_http_date_format(int64_t seconds, char text[WS_HTTP_DATE])
{
    const time_t time = (time_t)seconds;
    struct tm tm = {0};
    gmtime_r(&time, &tm);
    snprintf(text, WS_HTTP_DATE, "%s, %02u %s %04u %02u:%02u:%02u GMT", days[tm.tm_wday % 7],
             (unsigned)tm.tm_mday % 100, months[tm.tm_mon % 12],
             (unsigned)(tm.tm_year + 1900) % 10000, (unsigned)tm.tm_hour % 100,
             (unsigned)tm.tm_min % 100, (unsigned)tm.tm_sec % 100);
    return text;
}

static int month_of(const char *name)
{
    for (int i = 0; i < 12; i++)
        if (strcmp(months[i], name) == 0)
            return i;
    return -1;
}

bool ws_http_date_parse(struct ws_str text, int64_t *seconds)
{
    char copy[48], month[4] = "";
    struct tm tm = {0};
    int end = 0;
    if (text.len == 0 || text.len >= sizeof copy)
        return false;
    memcpy(copy, text.p, text.len);
    copy[text.len] = '\0';

    /* The form of today, then RFC 850's, whose years have two digits, then C's. */
    if (sscanf(copy, "%*3[A-Z a-z], %2d %3[A-Za-z] %4d %2d:%2d:%2d GMT%n", &tm.tm_mday, month,
               &tm.tm_year, &tm.tm_hour, &tm.tm_min, &tm.tm_sec, &end) == 6 &&
        end > 0)
        tm.tm_year -= 1900;
    else if (sscanf(copy, "%*9[A-Za-z], %2d-%3[A-Za-z]-%2d %2d:%2d:%2d GMT%n", &tm.tm_mday, month,
                    &tm.tm_year, &tm.tm_hour, &tm.tm_min, &tm.tm_sec, &end) == 6 &&
             end > 0)
        tm.tm_year += tm.tm_year < 70 ? 100 : 0;
    else if (sscanf(copy, "%*3[A-Za-z] %3[A-Za-z] %2d %2d:%2d:%2d %4d%n", month, &tm.tm_mday,
                    &tm.tm_hour, &tm.tm_min, &tm.tm_sec, &tm.tm_year, &end) == 6)
        tm.tm_year -= 1900;
    tm.tm_mon = month_of(month);
    if (end == 0 || copy[end] || tm.tm_mon < 0)
        return false;
    *seconds = timegm(&tm);
    return true;
}
