#include "cmd/common/units.h"

#include <ws/close.h>
#include <ws/http.h>

#include <inttypes.h>
#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

/* A decimal number: whole + fraction / scale. */
struct decimal {
    uint64_t whole;
    uint64_t fraction;
    uint64_t scale;
    bool cut; /* non-zero digits below the scale were dropped */
};

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

/* Reads digits, with or without a fraction; advances `*text` past them. */
static enum units_result read_decimal(const char **text, struct decimal *number)
{
    const char *p = *text;
    *number = (struct decimal){.scale = 1};
    if (!is_digit(*p) && !(*p == '.' && is_digit(p[1])))
        return UNITS_SYNTAX;
    for (; is_digit(*p); p++)
        if (__builtin_mul_overflow(number->whole, 10, &number->whole) ||
            __builtin_add_overflow(number->whole, (unsigned)(*p - '0'), &number->whole))
            return UNITS_RANGE;
    if (*p == '.') {
        p++;
        if (!is_digit(*p))
            return UNITS_SYNTAX;
        for (; is_digit(*p); p++) {
            /* Nine digits times the largest unit still fit in 64 bits. */
            if (number->scale < 1000000000) {
                number->fraction = number->fraction * 10 + (unsigned)(*p - '0');
                number->scale *= 10;
            } else if (*p != '0') {
                number->cut = true;
            }
        }
    }
    *text = p;
    return UNITS_OK;
}

/* number * unit; the remainder of a fraction goes to `*rest`, in units of 1/scale. */
static enum units_result multiply(const struct decimal *number, uint64_t unit, uint64_t *value,
                                  uint64_t *rest)
{
    uint64_t whole, part = number->fraction * unit;
    if (__builtin_mul_overflow(number->whole, unit, &whole) ||
        __builtin_add_overflow(whole, part / number->scale, value))
        return UNITS_RANGE;
    *rest = part % number->scale;
    return UNITS_OK;
}

static enum units_result suffix_error(const char *suffix)
{
    for (const char *p = suffix; *p; p++)
        if (!((*p >= 'a' && *p <= 'z') || (*p >= 'A' && *p <= 'Z')))
            return UNITS_SYNTAX;
    return UNITS_SUFFIX;
}

enum units_result units_duration(const char *text, int64_t *us)
{
    static const struct {
        const char *name;
        uint64_t us;
    } units[] = {{"", 1000000},  {"us", 1},       {"ms", 1000},
                 {"s", 1000000}, {"m", 60000000}, {"h", 3600000000}};
    struct decimal number;
    enum units_result result = read_decimal(&text, &number);
    if (result != UNITS_OK)
        return result;
    for (size_t i = 0; i < sizeof units / sizeof *units; i++) {
        if (strcmp(text, units[i].name) != 0)
            continue;
        uint64_t value, rest;
        result = multiply(&number, units[i].us, &value, &rest);
        if (result != UNITS_OK)
            return result;
        if (rest >= number.scale - rest)
            value++;
        /* 0 often means "off": a tiny value must not become 0. */
        if (value == 0 && (rest > 0 || number.cut))
            value = 1;
        if (value > INT64_MAX)
            return UNITS_RANGE;
        *us = (int64_t)value;
        return UNITS_OK;
    }
    return suffix_error(text);
}

enum units_result units_duration_or_never(const char *text, int64_t *us)
{
    if (strcmp(text, "-1") != 0)
        return units_duration(text, us);
    *us = UNITS_NEVER;
    return UNITS_OK;
}

/* Parses a number, optionally followed by one of `letters`, each `base` times the one before it;
 * two spellings of a letter are one string, "kK". */
static enum units_result scaled(const char *text, const char *const *letters, uint64_t base,
                                uint64_t *result)
{
    struct decimal number;
    enum units_result status = read_decimal(&text, &number);
    if (status != UNITS_OK)
        return status;
    uint64_t unit = 1;
    if (*text) {
        for (; *letters; letters++) {
            unit *= base;
            if (strchr(*letters, *text))
                break;
        }
        if (!*letters || text[1])
            return suffix_error(text);
    }
    uint64_t value, rest;
    status = multiply(&number, unit, &value, &rest);
    if (status != UNITS_OK)
        return status;
    if (rest || number.cut)
        return UNITS_EXACT;
    *result = value;
    return UNITS_OK;
}

enum units_result units_size(const char *text, uint64_t *bytes)
{
    static const char *const letters[] = {"kK", "M", "G", NULL};
    return scaled(text, letters, 1024, bytes);
}

enum units_result units_count(const char *text, uint64_t *count)
{
    static const char *const letters[] = {"k", "m", NULL};
    return scaled(text, letters, 1000, count);
}

enum units_result units_number(const char *text, uint64_t min, uint64_t max, uint64_t *number)
{
    struct decimal value;
    enum units_result result = read_decimal(&text, &value);
    if (result != UNITS_OK)
        return result;
    if (*text || value.scale != 1)
        return UNITS_SYNTAX;
    if (value.whole < min || value.whole > max)
        return UNITS_RANGE;
    *number = value.whole;
    return UNITS_OK;
}

enum units_result units_port(const char *text, uint16_t *port)
{
    uint64_t number;
    enum units_result result = units_number(text, 0, UINT16_MAX, &number);
    if (result == UNITS_OK)
        *port = (uint16_t)number;
    return result;
}

const char *units_expected(enum units_kind kind)
{
    switch (kind) {
    case UNITS_DURATION:
        return "a duration such as 500ms, 1.5s, 2m or 1h (a bare number is seconds)";
    case UNITS_SIZE:
        return "a size such as 512, 64K, 1M or 1.5G (bytes; K, M and G are powers of 1024)";
    case UNITS_COUNT:
        return "a count such as 100, 10k or 1.5m (k and m are powers of 1000)";
    case UNITS_PORT:
        break;
    }
    return "a port, 0 to 65535";
}

/* The format for three significant digits, so that columns are easy to compare. */
static const char *precise(double value)
{
    return value < 9.995 ? "%.2f %s" : value < 99.95 ? "%.1f %s" : "%.0f %s";
}

static void print_scaled(double value, const char *unit, char *text, size_t size)
{
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
    snprintf(text, size, precise(value), value, unit);
#pragma GCC diagnostic pop
}

char *units_format_duration(int64_t us, char *text, size_t size)
{
    int64_t seconds = us / 1000000;
    if (us < 0)
        snprintf(text, size, "never");
    else if (us < 1000)
        snprintf(text, size, "%" PRId64 " us", us);
    else if (us < 999500)
        print_scaled((double)us / 1e3, "ms", text, size);
    else if (seconds < 60)
        print_scaled((double)us / 1e6, "s", text, size);
    else if (seconds < 3600)
        snprintf(text, size, "%" PRId64 " m %" PRId64 " s", seconds / 60, seconds % 60);
    else
        snprintf(text, size, "%" PRId64 " h %" PRId64 " m", seconds / 3600, seconds / 60 % 60);
    return text;
}

static char *format_bytes(double bytes, const char *const units[4], char *text, size_t size)
{
    unsigned i = 0;
    while (i < 3 && bytes >= 1023.5) {
        bytes /= 1024;
        i++;
    }
    if (i == 0)
        snprintf(text, size, "%.0f %s", bytes, units[0]);
    else
        print_scaled(bytes, units[i], text, size);
    return text;
}

char *units_format_size(uint64_t bytes, char *text, size_t size)
{
    static const char *const units[] = {"B", "KiB", "MiB", "GiB"};
    return format_bytes((double)bytes, units, text, size);
}

char *units_format_bandwidth(double bytes_per_second, char *text, size_t size)
{
    static const char *const units[] = {"B/s", "KiB/s", "MiB/s", "GiB/s"};
    return format_bytes(bytes_per_second, units, text, size);
}

char *units_format_rate(double per_second, const char *what, char *text, size_t size)
{
    if (!isfinite(per_second))
        snprintf(text, size, "? %s/s", what);
    else if (per_second >= 999500)
        snprintf(text, size, "%.2f M %s/s", per_second / 1e6, what);
    else if (per_second >= 9.995)
        snprintf(text, size, "%.0f %s/s", per_second, what);
    else
        snprintf(text, size, "%.2f %s/s", per_second, what);
    return text;
}

char *units_format_utc(int64_t us, char *text, size_t size)
{
    int64_t part = us % 1000000;
    if (part < 0)
        part += 1000000;
    struct tm tm;
    ws_utc_split((us - part) / 1000000, &tm);
    char whole[40] = "";
    strftime(whole, sizeof whole, "%Y-%m-%dT%H:%M:%S", &tm);
    snprintf(text, size, "%s.%06dZ", whole, (int)part);
    return text;
}

int64_t units_now_utc(void)
{
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

uint32_t units_milliseconds(int64_t us)
{
    int64_t ms = us / 1000 + (us % 1000 > 0);
    return ms > INT32_MAX ? INT32_MAX : (uint32_t)ms;
}

enum units_result units_close_code(const char *text, unsigned *code)
{
    uint64_t number;
    enum units_result result = units_number(text, 0, 65535, &number);
    if (result == UNITS_OK && !ws_close_code_valid((unsigned)number))
        result = UNITS_RANGE;
    if (result == UNITS_OK)
        *code = (unsigned)number;
    return result;
}
