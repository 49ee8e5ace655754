#include "cmd/common/hex.h"

#include <ws/utf8.h>

#include <stdbool.h>
#include <string.h>

static const char digits[] = "0123456789abcdef";

/* "00" to "ff", one after the other. */
#define SIXTEEN(d)                                                                                 \
    d "0" d "1" d "2" d "3" d "4" d "5" d "6" d "7" d "8" d "9" d "a" d "b" d "c" d "d" d "e" d "f"
static const char pairs[] = SIXTEEN("0") SIXTEEN("1") SIXTEEN("2") SIXTEEN("3") SIXTEEN("4")
    SIXTEEN("5") SIXTEEN("6") SIXTEEN("7") SIXTEEN("8") SIXTEEN("9") SIXTEEN("a") SIXTEEN("b")
        SIXTEEN("c") SIXTEEN("d") SIXTEEN("e") SIXTEEN("f");

int hex_digit(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    if (c >= 'A' && c <= 'F')
        return c - 'A' + 10;
    return -1;
}

static bool is_space(char c)
{
    return c == ' ' || (c >= '\t' && c <= '\r');
}

enum hex_result hex_parse(const char *text, size_t len, uint8_t *out, size_t size, size_t *out_len,
                          size_t *at)
{
    enum hex_result result = HEX_OK;
    size_t i = 0, n = 0;
    bool word = false; /* inside a word, where 0x is not allowed */
    while (i < len) {
        if (is_space(text[i])) {
            word = false;
            i++;
            continue;
        }
        if (!word && text[i] == '0' && i + 1 < len && (text[i + 1] | 0x20) == 'x') {
            i += 2;
            if (i == len || hex_digit(text[i]) < 0) {
                result = HEX_BAD_DIGIT;
                break;
            }
        }
        word = true;
        int high = hex_digit(text[i]);
        if (high < 0) {
            result = HEX_BAD_DIGIT;
            break;
        }
        if (i + 1 == len || is_space(text[i + 1])) {
            result = HEX_ODD;
            break;
        }
        int low = hex_digit(text[i + 1]);
        if (low < 0) {
            result = HEX_BAD_DIGIT;
            i++;
            break;
        }
        if (n == size) {
            result = HEX_TOO_LONG;
            break;
        }
        out[n++] = (uint8_t)(high << 4 | low);
        i += 2;
    }
    *out_len = n;
    if (result != HEX_OK && at)
        *at = i;
    return result;
}

const char *hex_problem(enum hex_result result)
{
    switch (result) {
    case HEX_OK:
        return "";
    case HEX_BAD_DIGIT:
        return "expected a hex digit";
    case HEX_ODD:
        return "the second digit of a pair is missing";
    case HEX_TOO_LONG:
        break;
    }
    return "too many bytes";
}

size_t hex_format(const void *data, size_t len, char separator, char *out, size_t size)
{
    const uint8_t *p = data;
    size_t step = separator ? 3 : 2;
    if (size == 0)
        return 0;
    size_t most = separator ? size / 3 : (size - 1) / 2;
    if (len > most)
        len = most;
    for (size_t i = 0; i < len; i++) {
        memcpy(out + step * i, pairs + 2 * p[i], 2);
        if (separator && i + 1 < len)
            out[3 * i + 2] = separator;
    }
    size_t n = len == 0 ? 0 : separator ? 3 * len - 1 : 2 * len;
    out[n] = '\0';
    return n;
}

/* Length of the character at `p` if it can be shown unchanged, else 0. */
static size_t showable(const uint8_t *p, size_t len)
{
    if (p[0] < 0x80)
        return (p[0] >= 0x20 && p[0] != 0x7F) || p[0] == '\t';
    size_t need = p[0] >= 0xF0 ? 4 : p[0] >= 0xE0 ? 3 : 2;
    if (need > len || !ws_utf8_valid(p, need))
        return 0;
    if (p[0] == 0xC2 && p[1] < 0xA0)
        return 0; /* C1: U+0080 to U+009F */
    /* U+061C, U+200E, U+200F, U+202A to U+202E and U+2066 to U+2069 change the direction of the
     * text beside them. */
    if (p[0] == 0xD8 && p[1] == 0x9C)
        return 0;
    if (p[0] == 0xE2 && ((p[1] == 0x80 && (p[2] == 0x8E || p[2] == 0x8F)) ||
                         (p[1] == 0x80 && p[2] >= 0xAA && p[2] <= 0xAE) ||
                         (p[1] == 0x81 && p[2] >= 0xA6 && p[2] <= 0xA9)))
        return 0;
    return need;
}

size_t hex_escape(const void *data, size_t len, unsigned flags, char *out, size_t size,
                  size_t *used)
{
    const uint8_t *p = data;
    size_t i = 0, n = 0;
    while (i < len && size > 0) {
        /* What is copied as it is: a byte of `out` stays for the final NUL. */
        size_t copied = hex_run(p + i, len - i < size - n - 1 ? len - i : size - n - 1, '\\');
        memcpy(out + n, p + i, copied);
        n += copied;
        i += copied;
        if (i == len)
            break;
        char escaped[4];
        size_t taken = showable(p + i, len - i), written;
        const void *from = p + i;
        if (taken == 1 && p[i] == '\\' && (flags & HEX_ESCAPE_BACKSLASH)) {
            from = "\\\\";
            written = 2;
        } else if (p[i] == '\t' && (flags & HEX_ESCAPE_TAB)) {
            from = "\\t";
            written = 2;
        } else if (taken > 0) {
            written = taken;
        } else if (p[i] == '\n' || p[i] == '\r') {
            taken = 1;
            if (p[i] == '\n' && (flags & HEX_KEEP_NEWLINE)) {
                written = 1;
            } else {
                from = p[i] == '\n' ? "\\n" : "\\r";
                written = 2;
            }
        } else {
            taken = 1;
            escaped[0] = '\\';
            escaped[1] = 'x';
            escaped[2] = digits[p[i] >> 4];
            escaped[3] = digits[p[i] & 15];
            from = escaped;
            written = 4;
        }
        if (size - n <= written)
            break;
        memcpy(out + n, from, written);
        n += written;
        i += taken;
    }
    if (size > 0)
        out[n] = '\0';
    if (used)
        *used = i;
    return n;
}
