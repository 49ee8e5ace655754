#include "cmd/wsframe/read/read_tcpdump.h"

#include "cmd/common/hex.h"
#include "cmd/common/units.h"
#include "cmd/wsframe/read/bytes.h"
#include "cmd/wsframe/read/lines.h"
#include <ws/http.h>

#include <stdio.h>
#include <string.h>
#include <time.h>

struct reading {
    struct ws_bytes *bytes;
    struct packet packet;
    bool broken;        /* a line of the packet is missing */
    int64_t day_us;     /* midnight before the packet if dates are shown; else 0 */
    int64_t earlier_us; /* time of day of the packet before, to detect midnight */
    uint64_t left_out;
    read_packet *sink;
    void *context;
    bool enough;
};

static void finish(struct reading *reading)
{
    if (reading->broken) {
        reading->left_out++;
    } else if (ws_bytes_len(reading->bytes) > 0 && !reading->enough) {
        reading->packet.data = bytes_data(reading->bytes);
        reading->packet.len = ws_bytes_len(reading->bytes);
        reading->enough = !reading->sink(reading->context, &reading->packet, LINK_GUESS);
    }
    bytes_clear(reading->bytes);
    reading->broken = false;
}

/* Reads up to six digits as a fraction of a second, in microseconds. */
static int64_t fraction(const char *p)
{
    int64_t us = 0;
    for (int i = 0; i < 6; i++) {
        us *= 10;
        if (*p >= '0' && *p <= '9')
            us += *p++ - '0';
    }
    return us;
}

/* Parses "03:57:23.888249", also after a date (-tttt), or seconds since 1970 (-tt). 0: no time. */
static int64_t time_of(struct reading *reading, struct line line)
{
    char text[48];
    int year, month, day, hour, minute, second, n = 0;
    long long seconds;
    snprintf(text, sizeof text, "%.*s", line.len < sizeof text ? (int)line.len : 47, line.p);
    const char *p = text;
    if (sscanf(p, "%4d-%2d-%2d %n", &year, &month, &day, &n) == 3 && n > 0 && month >= 1 &&
        month <= 12) {
        struct tm date = {.tm_year = year - 1900, .tm_mon = month - 1, .tm_mday = day};
        reading->day_us = ws_utc_seconds(&date) * 1000000;
        reading->earlier_us = 0;
        p += n;
    }
    n = 0;
    if (sscanf(p, "%2d:%2d:%2d.%n", &hour, &minute, &second, &n) == 3 && n > 0) {
        int64_t us = ((hour * 60LL + minute) * 60 + second) * 1000000 + fraction(p + n);
        if (us < reading->earlier_us - SECONDS(12 * 3600))
            reading->day_us += SECONDS(24 * 3600);
        reading->earlier_us = us;
        return reading->day_us + us;
    }
    n = 0;
    if (sscanf(p, "%10lld.%n", &seconds, &n) == 1 && n > 0 && seconds >= 0)
        return seconds * 1000000 + fraction(p + n);
    return 0;
}

/* "    0x0010:  7f00 0001 ..." Two blanks end the digits, before the characters of -X. */
static void take_bytes(struct reading *reading, struct line rest, uint64_t offset)
{
    if (offset == 0 && (ws_bytes_len(reading->bytes) > 0 || reading->broken))
        finish(reading);
    if (offset != ws_bytes_len(reading->bytes)) {
        reading->broken = true;
        return;
    }
    line_skip_blanks(&rest);
    while (rest.len > 1) {
        if (*rest.p == ' ') {
            if (rest.p[1] == ' ')
                break;
            rest.p++;
            rest.len--;
            continue;
        }
        int high = hex_digit(rest.p[0]), low = hex_digit(rest.p[1]);
        if (high < 0 || low < 0) {
            reading->broken = true;
            return;
        }
        bytes_byte(&reading->bytes, (uint8_t)(high << 4 | low));
        rest.p += 2;
        rest.len -= 2;
    }
}

uint64_t read_tcpdump(const uint8_t *text, size_t len, read_packet *sink, void *context)
{
    struct reading reading = {.sink = sink, .context = context};
    struct line rest = {(const char *)text, len}, line;
    bool bytes_before = false;
    while (!reading.enough && line_next(&rest, &line)) {
        struct line at = line;
        uint64_t offset;
        line_skip_blanks(&at);
        if (at.len > 2 && at.p[0] == '0' && at.p[1] == 'x') {
            struct line digits = {at.p + 2, at.len - 2};
            if (line_hex_number(&digits, &offset) >= 4 && digits.len > 0 && *digits.p == ':') {
                digits.p++;
                digits.len--;
                take_bytes(&reading, digits, offset);
                bytes_before = true;
                continue;
            }
        }
        /* -v prints two lines of text per packet: only the first begins without a blank. */
        if (bytes_before)
            finish(&reading);
        bytes_before = false;
        if (line.len > 0 && *line.p != ' ' && *line.p != '\t') {
            reading.packet.number++;
            reading.packet.utc_us = time_of(&reading, line);
        }
    }
    finish(&reading);
    ws_bytes_free(&reading.bytes);
    return reading.left_out;
}
