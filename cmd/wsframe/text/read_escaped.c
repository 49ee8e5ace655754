#include "cmd/wsframe/text/read_escaped.h"

#include "cmd/common/hex.h"
#include "cmd/wsframe/read/detect_bytes.h"
#include "cmd/wsframe/read/progress.h"
#include "cmd/wsframe/text/dump_row.h"
#include "cmd/wsframe/text/escape.h"
#include "cmd/wsframe/text/trace_call.h"

#include <ctype.h>
#include <string.h>

bool read_escaped_has(const uint8_t *text, size_t len)
{
    return escape_count(text, len, false) > 0 || escape_count(text, len, true) >= 2;
}

/* --- strings --- */

/* How far a string without quotes goes, where it stands among other words. */
enum extent { EXTENT_LINE, EXTENT_WORD, EXTENT_ESCAPES };

struct reading {
    const uint8_t *text;
    size_t len;
    enum notation notation;
    bool trace;       /* of system calls */
    int fd;           /* of the last one that was taken; -1: of none yet */
    bool any_fd;      /* all are taken */
    size_t call_line; /* where the last one begins, and how many of its bytes were read */
    uint64_t call_taken;
    struct trace_call last_call; /* of the string before */
    bool latin1;                 /* characters from U+0080 to U+00FF are bytes */
    enum extent extent;
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
        size_t n = escape_read(text + *at, reading->len - *at, reading->notation, &byte);
        if (n == 0)
            byte = text[*at];
        if (n == 0 && reading->latin1)
            n = latin1(text + *at, reading->len - *at, &byte);
        if (byte < 0)
            return fail(reading, *at, "this escape stands for no byte");
        if (byte != ESCAPE_NO_BYTE && (quote || byte != '\r' || n > 0))
            bytes_byte(&reading->out->bytes, (uint8_t)byte);
        *at += n > 0 ? n : 1;
    }
    if (quote && *at == reading->len)
        return fail(reading, *at, "the string has no end");
    *at += *at < reading->len;
    return true;
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
        if (end < len && escape_count(text + i, end - i, false) > 0)
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
        bytes_byte(&reading->out->bytes,
                   (uint8_t)(hex_digit((char)p[i]) << 4 | hex_digit((char)p[i + 1])));
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
static void take_call(struct reading *reading, size_t at, size_t before,
                      const struct trace_call *call, struct piece *piece)
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
    uint64_t length = trace_vector_length(reading->text, reading->len, at);
    whole = call->failed || whole < reading->call_taken ? 0 : whole - reading->call_taken;
    if (length < whole)
        whole = length;
    if (whole < shown)
        reading->out->bytes->len -= (size_t)(shown - whole);
    else if (cut)
        piece->missing = whole - shown;
    reading->call_taken += whole;
}

/* Repeats the last byte as often as gdb says after a string: '\\000' <repeats 20 times>. False if
 * that is too much. */
static bool repeat(struct reading *reading, size_t *at)
{
    static const char mark[] = " <repeats ", after[] = " times>";
    const uint8_t *p = reading->text + *at;
    size_t len = reading->len - *at, n = sizeof mark - 1, times = 0;
    size_t before = ws_bytes_len(reading->out->bytes);
    if (len <= n || memcmp(p, mark, n) != 0 || before == 0)
        return true;
    while (n < len && isdigit(p[n]) && times <= BYTES_REPEATED_MAX)
        times = times * 10 + (size_t)(p[n++] - '0');
    if (times + before > BYTES_REPEATED_MAX)
        return fail(reading, *at, bytes_repeated_too_often);
    if (len - n < sizeof after - 1 || memcmp(p + n, after, sizeof after - 1) != 0)
        return true;
    bytes_repeat_last(&reading->out->bytes, times);
    *at += n + sizeof after - 1;
    return true;
}

/* The length of what gdb has in place of a quote before bytes that end inside a character. */
static size_t incomplete_length(const struct reading *reading, size_t at)
{
    static const char mark[] = "<incomplete sequence ";
    size_t n = sizeof mark - 1;
    return reading->len - at > n && memcmp(reading->text + at, mark, n) == 0 ? n : 0;
}

/* Are the bytes of a traced call from `before` on what the program says to its peer? A program
 * reads libraries and files too, which do not begin as frames do. */
static bool is_of_connection(struct reading *reading, const struct trace_call *call, size_t before)
{
    const uint8_t *data = bytes_data(reading->out->bytes) + before;
    size_t len = ws_bytes_len(reading->out->bytes) - before;
    if (reading->any_fd || (reading->fd >= 0 && (call->fd == reading->fd || call->fd < 0)))
        return true;
    if (!detect_plausible(data, len))
        return false;
    reading->fd = call->fd;
    return true;
}

/* Reads the string that begins at `*at`, after its quote. */
static bool read_next_quoted(struct reading *reading, size_t *at, uint8_t quote, bool *apart)
{
    size_t start = *at - 1, n = quoted_len(reading, *at, quote);
    struct trace_call call = trace_call_of(reading->text, reading->len, start, &reading->last_call);
    reading->last_call = call;
    struct piece piece = {.side = call.side};
    /* Strings that follow each other are one. Others, as an access log has them, count with
     * escapes only, but those of strace. */
    bool is_other = *apart && !call.known && escape_count(reading->text + *at, n, false) == 0;
    if (is_other || (reading->trace && (!call.known || is_address(reading->text, start)))) {
        *at += n + 1;
        return true;
    }
    *apart = false;
    size_t before = ws_bytes_len(reading->out->bytes);
    if (!read_bytea(reading, at, n) && !read_string(reading, at, quote))
        return false;
    if (!repeat(reading, at))
        return false;
    take_call(reading, *at, before, &call, &piece);
    if (reading->trace && call.traced && !is_of_connection(reading, &call, before) &&
        reading->out->bytes)
        reading->out->bytes->len = before;
    if (ws_bytes_len(reading->out->bytes) > before)
        pieces_end(reading->out, piece);
    return true;
}

static bool read_all_quoted(struct reading *reading)
{
    size_t at = 0;
    bool apart = false; /* a word stands between this string and the one before */
    reading->call_line = SIZE_MAX;
    reading->last_call = (struct trace_call){0};
    reading->fd = -1;
    while (at < reading->len) {
        size_t incomplete = incomplete_length(reading, at);
        if (incomplete > 0) {
            at += incomplete;
            if (!read_string(reading, &at, '>'))
                return false;
            pieces_end(reading->out, (struct piece){0});
            continue;
        }
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

static bool read_quoted(struct reading *reading)
{
    reading->trace = trace_is(reading->text, reading->len);
    reading->any_fd = false;
    bool read = read_all_quoted(reading);
    if (!read || !reading->trace || ws_bytes_len(reading->out->bytes) > 0)
        return read;
    reading->any_fd = true;
    return read_all_quoted(reading);
}

/* Where the first escape of a line is; `len` if it has none. */
static size_t first_escape(const struct reading *reading, size_t at, size_t len)
{
    size_t i = 0;
    int byte;
    while (i < len && escape_read(reading->text + at + i, len - i, reading->notation, &byte) == 0)
        i++;
    return i;
}

/* Reads a bytea that stands alone in the rest of a line, as in the last column of a table. */
static bool read_bytea_of_line(struct reading *reading, size_t *at, size_t len)
{
    size_t n = len;
    while (n > 0 && isspace(reading->text[*at + n - 1]))
        n--;
    if (!read_bytea(reading, at, n))
        return false;
    *at += len - n;
    return true;
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
        if (labelled || !begun)
            at += label;
        size_t rest = (size_t)(line + len - (reading->text + at));
        if (at < reading->len && !read_bytea_of_line(reading, &at, rest) &&
            !read_string(reading, &at, 0))
            return false;
    }
    pieces_end(reading->out, (struct piece){0});
    return true;
}

/* Reads what stands with escapes: up to white space, or the escapes alone. */
static bool read_runs(struct reading *reading)
{
    const uint8_t *text = reading->text;
    bool inside = false;
    for (size_t at = 0; at < reading->len;) {
        int byte;
        size_t n = escape_read(text + at, reading->len - at, reading->notation, &byte);
        bool ends = isspace(text[at]) || strchr("\"`<>", text[at]) ||
                    (text[at] == '&' && reading->notation == NOTATION_PERCENT);
        inside = n > 0 || (inside && reading->extent == EXTENT_WORD && !ends);
        if (n > 0 && byte < 0)
            return fail(reading, at, "this escape stands for no byte");
        if (inside && (n == 0 || byte != ESCAPE_NO_BYTE))
            bytes_byte(&reading->out->bytes, n > 0 ? (uint8_t)byte : text[at]);
        at += n > 0 ? n : 1;
    }
    pieces_end(reading->out, (struct piece){0});
    return true;
}

/* Are all bytes escapes? A word says so that is made of them only, from the first escape on. */
static bool is_all_escapes(const struct reading *reading)
{
    size_t at = first_escape(reading, 0, reading->len), n = 1;
    int byte;
    while (at < reading->len && n > 0) {
        n = escape_read(reading->text + at, reading->len - at, reading->notation, &byte);
        at += n;
    }
    return at == reading->len || isspace(reading->text[at]);
}

static bool read_strings(struct reading *reading)
{
    bool quoted = reading->notation != NOTATION_PERCENT && is_quoted(reading->text, reading->len);
    if (!(reading->extent != EXTENT_LINE ? read_runs(reading)
          : quoted                       ? read_quoted(reading)
                                         : read_lines(reading)))
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

/* Are these whole frames, and nothing after them? */
static bool are_whole(struct pieces *pieces)
{
    struct progress progress = {0};
    progress_advance(&progress, bytes_data(pieces->bytes), ws_bytes_len(pieces->bytes));
    return ws_bytes_len(pieces->bytes) > 0 && progress_at_boundary(&progress);
}

/* Reads all strings in another way, and replaces `out` where they are frames, or `anyway`. True if
 * it did. */
static bool read_again(struct reading *reading, struct pieces *out,
                       bool (*are_frames)(struct pieces *pieces))
{
    struct pieces other = {0};
    reading->out = &other;
    if (read_strings(reading) && (!are_frames || are_frames(&other))) {
        pieces_free(out);
        *out = other;
        return true;
    }
    pieces_free(&other);
    return false;
}

/* Reads again what has words beside it, which the first reading took for bytes. */
static void leave_words_out(struct reading *reading, struct pieces *out)
{
    reading->extent = EXTENT_WORD;
    if (read_again(reading, out, are_whole))
        return;
    reading->extent = EXTENT_ESCAPES;
    if (read_again(reading, out, are_whole))
        return;
    if (!is_all_escapes(reading))
        reading->extent = EXTENT_WORD; /* an URL has no blanks */
    if (reading->extent == EXTENT_ESCAPES || reading->notation == NOTATION_PERCENT)
        read_again(reading, out, NULL);
}

bool read_escaped(const uint8_t *text, size_t len, struct pieces *out, struct read_error *error)
{
    struct read_error later; /* the first reading says what is wrong */
    struct reading reading = {.text = text, .len = len, .out = out, .error = error};
    if (escape_count(text, len, false) == 0 && escape_count(text, len, true) > 0) {
        reading.notation = NOTATION_PERCENT;
        reading.extent = EXTENT_WORD; /* a blank is %20 or + */
    } else if (escape_has_decimals(text, len))
        reading.notation = NOTATION_DECIMAL;
    if (!read_strings(&reading))
        return false;
    reading.error = &later;
    /* JavaScript and Python show a string of bytes with characters, others bytes with UTF-8. */
    reading.latin1 = true;
    if (!holds_frames(out) && has_latin1(text, len) && read_again(&reading, out, holds_frames))
        return true;
    reading.latin1 = false;
    bool quoted = reading.notation != NOTATION_PERCENT && is_quoted(text, len);
    if (!quoted && !are_whole(out))
        leave_words_out(&reading, out);
    return true;
}
