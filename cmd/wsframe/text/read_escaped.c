#include "cmd/wsframe/text/read_escaped.h"

#include "cmd/common/hex.h"
#include "cmd/wsframe/read/detect_bytes.h"
#include "cmd/wsframe/text/dump_row.h"

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
    bool trace;       /* of system calls */
    size_t call_line; /* where the last one begins, and how many of its bytes were read */
    uint64_t call_taken;
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

/* --- calls, as strace shows them --- */

/* A line that calls a function which sends or receives. */
struct call {
    bool known;
    enum piece_side side;
    size_t line; /* where it begins */
    bool
        traced; /* a call of the system: its first argument is a number, its result is at the end */
    bool failed;    /* the result is -1 */
    uint64_t total; /* the result: how many bytes went; UINT64_MAX: it does not say */
};

/* What follows the last " = " of a line. */
static void result_of(struct call *call, const uint8_t *line, size_t len)
{
    size_t i = len;
    call->total = UINT64_MAX;
    while (i >= 3 && memcmp(line + i - 3, " = ", 3) != 0)
        i--;
    if (i < 3 || i == len)
        return;
    call->failed = line[i] == '-';
    if (isdigit(line[i]))
        for (call->total = 0; i < len && isdigit(line[i]) && call->total < UINT32_MAX; i++)
            call->total = call->total * 10 + (unsigned)(line[i] - '0');
}

/* The place after the name of a function in a line, where its arguments follow or go on; NULL. */
static const uint8_t *after_name(const uint8_t *line, size_t len, const char *name)
{
    static const char resumed[] = " resumed>";
    size_t n = strlen(name), more = sizeof resumed - 1;
    for (size_t from = 0; from < len;) {
        const uint8_t *found = memmem(line + from, len - from, name, n);
        if (!found)
            break;
        from = (size_t)(found - line) + n;
        if (from < len && line[from] == '(')
            return line + from;
        if (len - from >= more && memcmp(line + from, resumed, more) == 0)
            return line + from;
    }
    return NULL;
}

/* The call that the string at `at` is an argument of. */
static struct call call_of(const uint8_t *text, size_t len, size_t at)
{
    static const char *const names[] = {"sendto",   "write",    "send",     "sendmsg", "writev",
                                        "pwrite64", "sendmmsg", "recvfrom", "read",    "recv",
                                        "recvmsg",  "readv",    "pread64",  "recvmmsg"};
    enum { SENDING = 7 };
    struct call call = {.line = at, .total = UINT64_MAX};
    while (call.line > 0 && text[call.line - 1] != '\n')
        call.line--;
    const uint8_t *line = text + call.line, *end = memchr(text + at, '\n', len - at);
    size_t before = at - call.line;
    for (size_t i = 0; i < sizeof names / sizeof *names && !call.known; i++) {
        const uint8_t *next = after_name(line, before, names[i]);
        if (!next)
            continue;
        call.known = true;
        call.side = i < SENDING ? PIECE_ONE : PIECE_OTHER;
        call.traced = *next == ' ' || isdigit(next[1]);
    }
    if (call.traced)
        result_of(&call, line, (end ? (size_t)(end - text) : len) - call.line);
    return call;
}

/* Does a text show calls of the system, of which those that send and receive have the bytes? */
static bool is_trace(const uint8_t *text, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        if (text[i] != '"')
            continue;
        struct call call = call_of(text, len, i);
        if (call.traced && (call.total != UINT64_MAX || call.failed))
            return true;
        const uint8_t *end = memchr(text + i, '\n', len - i); /* one string a line says it */
        i = end ? (size_t)(end - text) : len;
    }
    return false;
}

/* The length that a traced call says of the string which ends at `at`; UINT64_MAX: none. */
static uint64_t vector_length(const uint8_t *text, size_t len, size_t at)
{
    static const char word[] = ", iov_len=";
    size_t n = sizeof word - 1;
    uint64_t value = 0;
    if (len - at >= 3 && memcmp(text + at, "...", 3) == 0)
        at += 3;
    if (len - at <= n || memcmp(text + at, word, n) != 0)
        return UINT64_MAX;
    for (at += n; at < len && isdigit(text[at]) && value < UINT32_MAX; at++)
        value = value * 10 + (unsigned)(text[at] - '0');
    return value;
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

/* Is the string at `at` an address of a call, and no data? */
static bool is_address(const uint8_t *text, size_t at)
{
    static const char *const words[] = {"inet_addr(", "sun_path=", "inet_pton(AF_INET6, ",
                                        "sun_path=@"};
    for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
        size_t n = strlen(words[i]);
        if (at >= n && memcmp(text + at - n, words[i], n) == 0)
            return true;
    }
    return false;
}

/* Reads the dump of strace -e write after the line of a call, in place of its string. False if
 * there is none. */
static bool read_dump_after(struct reading *reading, size_t at, size_t before)
{
    static const char mark[] = " | ";
    struct line rest = {(const char *)reading->text + at, reading->len - at}, line;
    struct dump_row row;
    bool found = false;
    line_next(&rest, &line); /* the rest of the call */
    while (line_next(&rest, &line) && line.len > 3 && memcmp(line.p, mark, 3) == 0) {
        struct line inner = {line.p + 3, line.len - 3};
        if (dump_row(inner, 16, true, &row) != ROW_BYTES)
            break;
        if (!found)
            reading->out->bytes->len -= ws_bytes_len(reading->out->bytes) - before;
        found = true;
        bytes_add(&reading->out->bytes, row.bytes, row.len);
    }
    return found;
}

/* What a call that was traced says of its string, which was read from `before` on and ends at `at`:
 * how much of it went, and how much is not shown. */
static void take_call(struct reading *reading, size_t at, size_t before, const struct call *call,
                      struct piece *piece)
{
    bool cut = reading->len - at >= 3 && memcmp(reading->text + at, "...", 3) == 0;
    if (call->traced && cut && read_dump_after(reading, at, before))
        cut = false;
    uint64_t shown = ws_bytes_len(reading->out->bytes) - before, whole = call->total;
    if (reading->call_line != call->line) {
        reading->call_line = call->line;
        reading->call_taken = 0;
    }
    if (!call->traced || (whole == UINT64_MAX && !call->failed)) {
        piece->missing = cut; /* how many is not known */
        return;
    }
    uint64_t length = vector_length(reading->text, reading->len, at);
    whole = call->failed || whole < reading->call_taken ? 0 : whole - reading->call_taken;
    if (length < whole)
        whole = length;
    if (whole < shown)
        reading->out->bytes->len -= (size_t)(shown - whole);
    else if (cut)
        piece->missing = whole - shown;
    reading->call_taken += whole;
}

/* Reads the string that begins at `*at`, after its quote. */
static bool read_next_quoted(struct reading *reading, size_t *at, uint8_t quote, bool *apart)
{
    size_t start = *at - 1, n = quoted_len(reading, *at, quote);
    struct call call = call_of(reading->text, reading->len, start);
    struct piece piece = {.side = call.side};
    /* Strings that follow each other are one. Others, as an access log has them, count with
     * escapes only, but those of strace. */
    bool is_other = *apart && !call.known && count(reading->text + *at, n, false) == 0;
    if (is_other || (reading->trace && (!call.known || is_address(reading->text, start)))) {
        *at += n + 1;
        return true;
    }
    *apart = false;
    size_t before = ws_bytes_len(reading->out->bytes);
    if (!read_bytea(reading, at, n) && !read_string(reading, at, quote))
        return false;
    take_call(reading, *at, before, &call, &piece);
    if (ws_bytes_len(reading->out->bytes) > before)
        pieces_end(reading->out, piece);
    return true;
}

static bool read_quoted(struct reading *reading)
{
    size_t at = 0;
    bool apart = false; /* a word stands between this string and the one before */
    reading->call_line = SIZE_MAX;
    reading->trace = is_trace(reading->text, reading->len);
    while (at < reading->len) {
        uint8_t c = reading->text[at++];
        if (!is_quote(c) || (reading->trace && c != '"')) {
            bool prefix = at < reading->len && is_quote(reading->text[at]); /* b"" */
            apart |= isalnum(c) && !prefix;
        } else if (!read_next_quoted(reading, &at, c, &apart)) {
            return false;
        }
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
