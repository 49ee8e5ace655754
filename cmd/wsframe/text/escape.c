#include "cmd/wsframe/text/escape.h"

#include "cmd/common/hex.h"

#include <ctype.h>
#include <string.h>

/* The value of `n` digits, or -1. */
static int number(const uint8_t *p, size_t n, unsigned base)
{
    unsigned value = 0;
    for (size_t i = 0; i < n; i++) {
        int digit = hex_digit((char)p[i]);
        if (digit < 0 || digit >= (int)base)
            return -1;
        value = value * base + (unsigned)digit;
    }
    return value <= 0xFF ? (int)value : -1;
}

/* The escapes of one character. */
static int letter(uint8_t c)
{
    static const char letters[] = "abfnrtve0", values[] = "\a\b\f\n\r\t\v\x1b\0";
    const char *found = c ? strchr(letters, c) : NULL;
    return found ? (uint8_t)values[found - letters] : -1;
}

/* The length of \\SOH and its like, by which Haskell names the control characters; 0: no name. */
static size_t name(const uint8_t *p, size_t len, int *byte)
{
    static const char names[][4] = {"NUL", "SOH", "STX", "ETX", "EOT", "ENQ", "ACK", "BEL", "BS",
                                    "HT",  "LF",  "VT",  "FF",  "CR",  "SO",  "SI",  "DLE", "DC1",
                                    "DC2", "DC3", "DC4", "NAK", "SYN", "ETB", "CAN", "EM",  "SUB",
                                    "ESC", "FS",  "GS",  "RS",  "US",  "DEL"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        size_t n = strlen(names[i]);
        if (len > n && memcmp(p + 1, names[i], n) == 0) {
            *byte = i == sizeof names / sizeof *names - 1 ? 0x7F : (int)i;
            return n + 1;
        }
    }
    return 0;
}

/* \x{81} of Perl, \u{81} of JavaScript. */
static size_t braces(const uint8_t *p, size_t len, int *byte)
{
    const uint8_t *end = memchr(p + 3, '}', len - 3 < 8 ? len - 3 : 8);
    *byte = end && end > p + 3 ? number(p + 3, (size_t)(end - p - 3), 16) : -1;
    return end ? (size_t)(end + 1 - p) : 3;
}

bool escape_has_decimals(const uint8_t *text, size_t len)
{
    for (size_t i = 0; i + 3 < len; i++)
        if (text[i] == '\\' && isdigit(text[i + 1]) && isdigit(text[i + 2]) &&
            isdigit(text[i + 3]) && (text[i + 1] > '3' || text[i + 2] > '7' || text[i + 3] > '7'))
            return true;
    return false;
}

size_t escape_read(const uint8_t *p, size_t len, enum notation notation, int *byte)
{
    if (notation == NOTATION_PERCENT) {
        *byte = p[0] == '%' && len >= 3 ? number(p + 1, 2, 16) : -1;
        return *byte >= 0 ? 3 : 0;
    }
    if (p[0] != '\\' || len < 2)
        return 0;
    unsigned base = notation == NOTATION_DECIMAL ? 10 : 8;
    size_t places = 0;
    while (places < 3 && places + 1 < len && number(p + places + 1, 1, base) >= 0)
        places++;
    if (places > 0) {
        *byte = number(p + 1, places, base);
        return places + 1;
    }
    if ((p[1] == 'x' || p[1] == 'u') && len > 3 && p[2] == '{')
        return braces(p, len, byte);
    size_t digits = p[1] == 'x' ? 2 : p[1] == 'u' ? 4 : 0;
    if (digits > 0) {
        *byte = len >= digits + 2 ? number(p + 2, digits, 16) : -1;
        return digits + 2;
    }
    if (notation == NOTATION_DECIMAL &&
        p[1] == '&') { /* between a number and a digit, in Haskell */
        *byte = ESCAPE_NO_BYTE;
        return 2;
    }
    size_t named = notation == NOTATION_DECIMAL ? name(p, len, byte) : 0;
    if (named > 0)
        return named;
    *byte = letter(p[1]);
    if (*byte < 0 && ispunct(p[1]))
        *byte = p[1];
    return 2;
}

size_t escape_count(const uint8_t *text, size_t len, bool percent)
{
    size_t found = 0;
    for (size_t i = 0; i + 2 < len; i++) {
        if (percent ? text[i] == '%' && number(text + i + 1, 2, 16) >= 0
                    : text[i] == '\\' &&
                          (text[i + 1] == 'x' || text[i + 1] == 'u' ||
                           (text[i + 1] >= '0' && text[i + 1] <= '9' && isdigit(text[i + 2]))))
            found++;
    }
    return found;
}
