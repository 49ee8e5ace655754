/*
 * units: parses and formats durations, sizes, counts and ports.
 *
 * Every parser takes the whole string or fails, checks for overflow, and leaves the result
 * unchanged when it fails. The tools' settings hold time in microseconds. Any tool may call it; no
 * state.
 */
#ifndef CMD_COMMON_UNITS_H
#define CMD_COMMON_UNITS_H

#include <stddef.h>
#include <stdint.h>

enum units_result {
    UNITS_OK,
    UNITS_SYNTAX, /* empty, not a number, a sign, or text after the number */
    UNITS_SUFFIX, /* a number followed by an unknown unit */
    UNITS_EXACT,  /* a fraction of a byte or of a countable thing */
    UNITS_RANGE,  /* too large, or outside the given bounds */
};

enum units_kind { UNITS_DURATION, UNITS_SIZE, UNITS_COUNT, UNITS_PORT };

/* The result of units_duration_or_never() for "-1". */
enum { UNITS_NEVER = -1 };

/* "5" (seconds), "1.5s", "0.5ms", "200us", "2m", "1h" → microseconds, at least 0. Less than a
 * microsecond is rounded, but never down to 0. UNITS_OK, _SYNTAX, _SUFFIX, _RANGE. */
enum units_result units_duration(const char *text, int64_t *us);

/* The same, but "-1" gives UNITS_NEVER. */
enum units_result units_duration_or_never(const char *text, int64_t *us);

/* "512", "64K", "64k", "1M", "1.5G" → bytes; K, M and G are powers of 1024. UNITS_EXACT for a
 * fraction of a byte. */
enum units_result units_size(const char *text, uint64_t *bytes);

/* "100", "10k", "1.5m" → a number; k and m are powers of 1000. */
enum units_result units_count(const char *text, uint64_t *count);

/* Decimal digits only, from min to max. */
enum units_result units_number(const char *text, uint64_t min, uint64_t max, uint64_t *number);

/* Microseconds, the unit of durations in settings. */
#define SECONDS(n) ((int64_t)(n)*1000000)

/* Converts to milliseconds, libws's unit. Rounds up, so that only 0 becomes 0. */
uint32_t units_milliseconds(int64_t us);

/* A close code that may be on the wire (RFC 6455 7.4), in decimal: UNITS_OK, _SYNTAX or _RANGE. */
enum units_result units_close_code(const char *text, unsigned *code);

/* 0 to 65535; 0 asks the system for a free one. */
enum units_result units_port(const char *text, uint16_t *port);

/* Describes valid values, for messages "'X' is not …": "a duration such as 500ms, …". Constant. */
const char *units_expected(enum units_kind kind);

/* Buffer size that is enough for every formatter here. */
enum { UNITS_TEXT_MAX = 48 };

/* Formatters for people, always with the unit. Each writes at most `size` bytes with the final NUL
 * and returns `text`. */

/* "850 us", "12.3 ms", "4.25 s", "3 m 20 s", "2 h 5 m"; negative: "never". */
char *units_format_duration(int64_t us, char *text, size_t size);

/* "512 B", "1.50 KiB", "3.25 GiB". */
char *units_format_size(uint64_t bytes, char *text, size_t size);

/* Bytes a second: "1.50 MiB/s". */
char *units_format_bandwidth(double bytes_per_second, char *text, size_t size);

/* "12345 msg/s", "1.25 M msg/s"; `what` names the counted things: "msg". */
char *units_format_rate(double per_second, const char *what, char *text, size_t size);

/* Formats microseconds since 1970 as "2026-01-31T12:00:00.123456Z". Needs 28 bytes. */
char *units_format_utc(int64_t us, char *text, size_t size);

/* The wall clock in microseconds since 1970. */
int64_t units_now_utc(void);

#endif
