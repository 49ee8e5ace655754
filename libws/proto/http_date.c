#include <ws/http.h>

#include <stdio.h>
#include <string.h>

/* --- the calendar --- */

/* Years begin in March here, so that a leap day is the last of its year. 400 of them are an era,
 * which always has as many days. */
enum { ERA_YEARS = 400, ERA_DAYS = 146097, BEFORE_1970 = 719468, DAY_S = 86400 };

/* Rounded down, not towards zero. */
static int64_t divide(int64_t a, int64_t b)
{
    return a / b - (a % b < 0);
}

int64_t ws_utc_seconds(const struct tm *tm)
{
    int64_t year = (int64_t)tm->tm_year + 1900 - (tm->tm_mon < 2);
    int64_t era = divide(year, ERA_YEARS), of_era = year - era * ERA_YEARS;
    int64_t month = (tm->tm_mon + 10) % 12; /* 0 is March */
    int64_t day_of_year = (153 * month + 2) / 5 + tm->tm_mday - 1;
    int64_t day_of_era = of_era * 365 + of_era / 4 - of_era / 100 + day_of_year;
    int64_t days = era * ERA_DAYS + day_of_era - BEFORE_1970;
    return days * DAY_S + (int64_t)tm->tm_hour * 3600 + (int64_t)tm->tm_min * 60 + tm->tm_sec;
}

void ws_utc_split(int64_t seconds, struct tm *tm)
{
    int64_t days = divide(seconds, DAY_S), rest = (seconds % DAY_S + DAY_S) % DAY_S;
    int64_t weekday = (days + 4) - divide(days + 4, 7) * 7; /* 1970 began on a Thursday */
    days += BEFORE_1970;
    int64_t era = divide(days, ERA_DAYS), day = days - era * ERA_DAYS;
    int64_t year = (day - day / 1460 + day / 36524 - day / 146096) / 365;
    day -= year * 365 + year / 4 - year / 100;
    int64_t month = (5 * day + 2) / 153; /* 0 is March */
    year += era * ERA_YEARS + (month >= 10) - 1900;
    memset(tm, 0, sizeof *tm);
    tm->tm_year = (int)(year < INT32_MIN ? INT32_MIN : year > INT32_MAX ? INT32_MAX : year);
    tm->tm_mon = (int)((month + 2) % 12);
    tm->tm_mday = (int)(day - (153 * month + 2) / 5 + 1);
    tm->tm_hour = (int)(rest / 3600);
    tm->tm_min = (int)(rest / 60 % 60);
    tm->tm_sec = (int)(rest % 60);
    tm->tm_wday = (int)weekday;
}

/* --- dates as text --- */

/* Not strftime(): its names depend on the locale. */
static const char days[][4] = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
static const char months[][4] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                 "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};

const char *ws_http_date_format(int64_t seconds, char text[WS_HTTP_DATE])
{
    struct tm tm;
    ws_utc_split(seconds, &tm);
    snprintf(text, WS_HTTP_DATE, "%s, %02u %s %04u %02u:%02u:%02u GMT", days[tm.tm_wday % 7],
             (unsigned)tm.tm_mday % 100, months[tm.tm_mon % 12],
             ((unsigned)tm.tm_year + 1900) % 10000, (unsigned)tm.tm_hour % 100,
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

/* A day that its month has, and a time of day; a minute may have a leap second. */
static bool exists(const struct tm *tm)
{
    const struct tm begins = {.tm_year = tm->tm_year, .tm_mon = tm->tm_mon, .tm_mday = tm->tm_mday};
    struct tm day;
    ws_utc_split(ws_utc_seconds(&begins), &day);
    return tm->tm_year >= -1900 && day.tm_mon == tm->tm_mon && day.tm_mday == tm->tm_mday &&
           (unsigned)tm->tm_hour < 24 && (unsigned)tm->tm_min < 60 && (unsigned)tm->tm_sec <= 60;
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
    if (end == 0 || copy[end] || tm.tm_mon < 0 || !exists(&tm))
        return false;
    *seconds = ws_utc_seconds(&tm);
    return true;
}
