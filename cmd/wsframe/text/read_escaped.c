#include "cmd/wsframe/text/read_escaped.h"

#include "cmd/common/hex.h"
#include "cmd/wsframe/read/detect_bytes.h"

#include <ctype.h>
#include <string.h>

enum notation { NOTATION_BACKSLASH, NOTATION_DECIMAL, NOTATION_PERCENT };

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

/* \x{81} of Perl, \u{81} of JavaScript. */
static size_t braces(const uint8_t *p, size_t len, int *byte)
{
    const uint8_t *end = memchr(p + 3, '}', len - 3 < 8 ? len - 3 : 8);
    *byte = end && end > p + 3 ? number(p + 3, (size_t)(end - p - 3), 16) : -1;
    return end ? (size_t)(end + 1 - p) : 3;
}

/* Are the numbers after backslashes decimal, as in Lua? Octal ones have no 8 and no 9. */
static bool has_decimals(const uint8_t *text, size_t len)
{
    for (size_t i = 0; i + 3 < len; i++)
        if (text[i] == '\\' && isdigit(text[i + 1]) && isdigit(text[i + 2]) &&
            isdigit(text[i + 3]) && (text[i + 1] > '3' || text[i + 2] > '7' || text[i + 3] > '7'))
            return true;
    return false;
}

/* Reads an escape at the beginning. Returns its length, 0 if there is none; `*byte` is -1 if it
 * stands for no byte. */
static size_t escape(const uint8_t *p, size_t len, enum notation notation, int *byte)
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
                    : text[i] == '\\' &&
                          (text[i + 1] == 'x' || text[i + 1] == 'u' ||
                           (text[i + 1] >= '0' && text[i + 1] <= '9' && isdigit(text[i + 2]))))
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
    enum notation notation;
    bool latin1; /* characters from U+0080 to U+00FF are bytes */
    struct pieces *out;
    struct read_error *error;
};

static bool fail(struct reading *reading, size_t at, const char *what)
{
    *reading->error = read_error_at(reading->text, at, what);
    return false;
}

/* The length of a character from U+0080 to U+00FF in UTF-8; 0 for any other. */
static size_t latin1(const uint8_t *p, size_t len, int *byte)
{
    if (len < 2 || (p[0] & 0xFE) != 0xC2 || (p[1] & 0xC0) != 0x80)
        return 0;
    *byte = (p[0] & 3) << 6 | (p[1] & 0x3F);
    return 2;
}

/* Reads from `*at` up to the closing quote, or to the end of the line for quote 0. */
static bool read_string(struct reading *reading, size_t *at, uint8_t quote)
{
    const uint8_t *text = reading->text;
    while (*at < reading->len && text[*at] != quote && (quote || text[*at] != '\n')) {
        int byte;
        size_t n = escape(text + *at, reading->len - *at, reading->notation, &byte);
        if (n == 0)
            byte = text[*at];
        if (n == 0 && reading->latin1)
            n = latin1(text + *at, reading->len - *at, &byte);
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

static bool is_quote(uint8_t c)
{
    return c == '"' || c == '\'' || c == '`';
}

/* The length of the string at `at`, up to its closing quote. */
static size_t quoted_len(const struct reading *reading, size_t at, uint8_t quote)
{
    size_t end = at;
    while (end < reading->len && reading->text[end] != quote)
        end += reading->text[end] == '\\' ? 2 : 1;
    return (end < reading->len ? end : reading->len) - at;
}

/* Reads a bytea of PostgreSQL, which is \x and all digits. False if this is none. */
static bool read_bytea(struct reading *reading, size_t *at, size_t len)
{
    enum { LEAST = 8 };
    const uint8_t *p = reading->text + *at;
    size_t digits = 2;
    while (digits < len && hex_digit((char)p[digits]) >= 0)
        digits++;
    if (len < LEAST || len % 2 != 0 || digits < len || p[0] != '\\' || p[1] != 'x')
        return false;
    for (size_t i = 2; i < len; i += 2)
        bytes_byte(&reading->out->bytes, (uint8_t)number(p + i, 2, 16));
    *at += len + 1;
    return true;
}

static bool read_quoted(struct reading *reading)
{
    size_t at = 0;
    bool apart = false; /* a word stands between this string and the one before */
    while (at < reading->len) {
        uint8_t c = reading->text[at++];
        if (!is_quote(c)) {
            bool prefix = at < reading->len && is_quote(reading->text[at]); /* b"" */
            apart |= isalnum(c) && !prefix;
            continue;
        }
        struct piece piece = {0};
        bool side_known = side_of(reading->text, at - 1, &piece);
        /* Strings that follow each other are one. Others, as an access log has them, count with
         * escapes only, but those of strace. */
        size_t n = quoted_len(reading, at, c);
        if (apart && !side_known && count(reading->text + at, n, false) == 0) {
            at += n + 1;
            continue;
        }
        apart = false;
        size_t before = ws_bytes_len(reading->out->bytes);
        if (!read_bytea(reading, &at, n) && !read_string(reading, &at, c))
            return false;
        /* strace writes three dots after a string that it has cut. */
        if (reading->len - at >= 3 && memcmp(reading->text + at, "...", 3) == 0)
            piece.missing = 1;
        if (ws_bytes_len(reading->out->bytes) > before)
            pieces_end(reading->out, piece);
    }
    return true;
}

/* Where the first escape of a line is; `len` if it has none. */
static size_t first_escape(const struct reading *reading, size_t at, size_t len)
{
    size_t i = 0;
    int byte;
    while (i < len && escape(reading->text + at + i, len - i, reading->notation, &byte) == 0)
        i++;
    return i;
}

/* Reads lines without quotes. Where a label stands before the first escape, as a tracer prints it,
 * each line has one, and lines without escapes are no bytes: no frame begins with a character. */
static bool read_lines(struct reading *reading)
{
    bool begun = false, labelled = false;
    for (size_t at = 0; at < reading->len;) {
        const uint8_t *line = reading->text + at, *end = memchr(line, '\n', reading->len - at);
        size_t len = end ? (size_t)(end - line) : reading->len - at;
        size_t label = first_escape(reading, at, len);
        if (!begun && label < len) {
            begun = true;
            labelled = label > 0 && strchr(" \t:=", line[label - 1]);
        }
        if (labelled || (!begun && reading->notation != NOTATION_PERCENT))
            at += label;
        if (at < reading->len && !read_string(reading, &at, 0))
            return false;
    }
    pieces_end(reading->out, (struct piece){0});
    return true;
}

static bool read_strings(struct reading *reading)
{
    bool quoted = reading->notation != NOTATION_PERCENT && is_quoted(reading->text, reading->len);
    if (!(quoted ? read_quoted(reading) : read_lines(reading)))
        return false;
    if (ws_bytes_len(reading->out->bytes) > 0)
        return true;
    return fail(reading, 0, "there is no string");
}

/* Does the text have characters beyond ASCII, and none of them beyond U+00FF? */
static bool has_latin1(const uint8_t *text, size_t len)
{
    bool found = false;
    int byte;
    for (size_t i = 0; i < len; i++) {
        if (text[i] < 0x80)
            continue;
        if (latin1(text + i, len - i, &byte) == 0)
            return false;
        found = true;
        i++;
    }
    return found;
}

static bool holds_frames(struct pieces *pieces)
{
    return detect_convincing(bytes_data(pieces->bytes), ws_bytes_len(pieces->bytes));
}

bool read_escaped(const uint8_t *text, size_t len, struct pieces *out, struct read_error *error)
{
    struct reading reading = {.text = text, .len = len, .out = out, .error = error};
    if (count(text, len, false) == 0 && count(text, len, true) > 0)
        reading.notation = NOTATION_PERCENT;
    else if (has_decimals(text, len))
        reading.notation = NOTATION_DECIMAL;
    bool read = read_strings(&reading);
    /* JavaScript and Python show a string of bytes with characters, others bytes with UTF-8. */
    if (read && has_latin1(text, len) && !holds_frames(out)) {
        struct pieces other = {0};
        reading.latin1 = true;
        reading.out = &other;
        if (read_strings(&reading) && holds_frames(&other)) {
            pieces_free(out);
            *out = other;
        } else {
            pieces_free(&other);
        }
    }
    return read;
}
