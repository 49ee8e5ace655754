#include "cmd/wsframe/text/read_escaped.h"

#include "cmd/common/hex.h"
#include "cmd/wsframe/read/lines.h"

#include <ctype.h>
#include <string.h>

/* --- escapes --- */

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

/* Reads an escape at the beginning. Returns its length, 0 if there is none; `*byte` is -1 if it
 * stands for no byte. */
static size_t escape(const uint8_t *p, size_t len, bool percent, int *byte)
{
    if (percent) {
        *byte = p[0] == '%' && len >= 3 ? number(p + 1, 2, 16) : -1;
        return *byte >= 0 ? 3 : 0;
    }
    if (p[0] != '\\' || len < 2)
        return 0;
    size_t octal = 0;
    while (octal < 3 && octal + 1 < len && p[octal + 1] >= '0' && p[octal + 1] <= '7')
        octal++;
    if (octal > 0) {
        *byte = number(p + 1, octal, 8);
        return octal + 1;
    }
    size_t digits = p[1] == 'x' ? 2 : p[1] == 'u' ? 4 : 0;
    if (digits > 0) {
        *byte = len >= digits + 2 ? number(p + 2, digits, 16) : -1;
        return digits + 2;
    }
    *byte = letter(p[1]);
    if (*byte < 0 && ispunct(p[1]))
        *byte = p[1];
    return 2;
}

static size_t count(const uint8_t *text, size_t len, bool percent)
{
    size_t found = 0;
    for (size_t i = 0; i + 2 < len; i++) {
        if (percent ? text[i] == '%' && number(text + i + 1, 2, 16) >= 0
                    : text[i] == '\\' && (text[i + 1] == 'x' || text[i + 1] == 'u' ||
                                          (text[i + 1] >= '0' && text[i + 1] <= '3')))
            found++;
    }
    return found;
}

bool read_escaped_has(const uint8_t *text, size_t len)
{
    return count(text, len, false) > 0 || count(text, len, true) >= 2;
}

/* --- strings --- */

struct reading {
    const uint8_t *text;
    size_t len;
    bool percent;
    struct pieces *out;
    struct read_error *error;
};

static bool fail(struct reading *reading, size_t at, const char *what)
{
    *reading->error = read_error_at(reading->text, at, what);
    return false;
}

/* Reads from `*at` up to the closing quote, or to the end of the line for quote 0. */
static bool read_string(struct reading *reading, size_t *at, uint8_t quote)
{
    const uint8_t *text = reading->text;
    while (*at < reading->len && text[*at] != quote && (quote || text[*at] != '\n')) {
        int byte;
        size_t n = escape(text + *at, reading->len - *at, reading->percent, &byte);
        if (n == 0)
            byte = text[*at];
        if (byte < 0)
            return fail(reading, *at, "this escape stands for no byte");
        if (quote || byte != '\r' || n > 0)
            bytes_byte(&reading->out->bytes, (uint8_t)byte);
        *at += n > 0 ? n : 1;
    }
    if (quote && *at == reading->len)
        return fail(reading, *at, "the string has no end");
    *at += *at < reading->len;
    return true;
}

/* What a line that calls a function says of the direction: as strace shows it. */
static bool side_of(const uint8_t *text, size_t at, struct piece *piece)
{
    static const char *const calls[] = {"sendto(",   "write(", "send(", "sendmsg(",
                                        "recvfrom(", "read(",  "recv(", "recvmsg("};
    size_t line = at;
    while (line > 0 && text[line - 1] != '\n')
        line--;
    for (size_t i = 0; i < sizeof calls / sizeof *calls; i++)
        if (memmem(text + line, at - line, calls[i], strlen(calls[i]))) {
            piece->side = i < 4 ? PIECE_ONE : PIECE_OTHER;
            return true;
        }
    return false;
}

/* Is a string with an escape in it in quotes? */
static bool is_quoted(const uint8_t *text, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        if (text[i] != '"' && text[i] != '\'' && text[i] != '`')
            continue;
        size_t end = i + 1;
        while (end < len && text[end] != text[i])
            end += text[end] == '\\' ? 2 : 1;
        if (end < len && count(text + i, end - i, false) > 0)
            return true;
    }
    return false;
}

static bool read_quoted(struct reading *reading)
{
    size_t at = 0;
    while (at < reading->len) {
        uint8_t c = reading->text[at++];
        if (c != '"' && c != '\'' && c != '`')
            continue;
        struct piece piece = {0};
        side_of(reading->text, at - 1, &piece);
        size_t before = ws_bytes_len(reading->out->bytes);
        if (!read_string(reading, &at, c))
            return false;
        /* strace writes three dots after a string that it has cut. */
        if (reading->len - at >= 3 && memcmp(reading->text + at, "...", 3) == 0)
            piece.missing = 1;
        if (ws_bytes_len(reading->out->bytes) > before)
            pieces_end(reading->out, piece);
    }
    return true;
}

bool read_escaped(const uint8_t *text, size_t len, struct pieces *out, struct read_error *error)
{
    struct reading reading = {.text = text, .len = len, .out = out, .error = error};
    reading.percent = count(text, len, false) == 0 && count(text, len, true) > 0;
    if (!reading.percent && is_quoted(text, len)) {
        if (!read_quoted(&reading))
            return false;
    } else {
        for (size_t at = 0; at < len;)
            if (!read_string(&reading, &at, 0))
                return false;
        pieces_end(out, (struct piece){0});
    }
    if (ws_bytes_len(out->bytes) > 0)
        return true;
    return fail(&reading, 0, "there is no string");
}
