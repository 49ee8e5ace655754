#include "cmd/wsframe/text/read_log.h"

#include "cmd/common/hex.h"
#include "cmd/wsframe/read/detect_bytes.h"
#include "cmd/wsframe/read/lines.h"

#include <ctype.h>
#include <string.h>

enum { TOGETHER_LEAST = 8 }; /* digits that stand together are a run from so many on */

struct run {
    size_t from, len; /* in the line */
    size_t bytes;
    char separator; /* 0: none */
};

static bool is_pair(struct line line, size_t at)
{
    return at + 1 < line.len && hex_digit(line.p[at]) >= 0 && hex_digit(line.p[at + 1]) >= 0;
}

static size_t prefix(struct line line, size_t at)
{
    bool marked = at + 2 < line.len && line.p[at] == '0' && (line.p[at + 1] | 0x20) == 'x';
    return marked && hex_digit(line.p[at + 2]) >= 0 ? 2 : 0;
}

static bool is_word(char c)
{
    return isalnum((uint8_t)c) || c == '_' || (c & 0x80);
}

static bool is_separator(char c)
{
    return c && strchr(" \t,;:-", c);
}

/* Is this one digit, as of a byte below 16 that is not padded? */
static bool is_single(struct line line, size_t at)
{
    return at < line.len && hex_digit(line.p[at]) >= 0 &&
           (at + 1 == line.len || !is_word(line.p[at + 1]));
}

/* The place after the separator at `i`: after a comma there may be a blank, and a second one after
 * eight bytes. */
static size_t after_separator(struct line line, size_t i, const struct run *run)
{
    bool wide = strchr(",;:", line.p[i]) || (line.p[i] == ' ' && run->bytes == 8);
    i++;
    while (wide && i < line.len && line.p[i] == ' ')
        i++;
    return i;
}

/* The end of words of the same length, of two or four bytes each, whose first one ends at `i`: as
 * of NSData and objdump. The last one may be shorter. */
static size_t groups_end(struct line line, size_t i, struct run *run)
{
    size_t size = run->bytes, more = size;
    while ((size == 2 || size == 4) && more == size && i < line.len && line.p[i] == ' ') {
        size_t at = i + 1;
        for (more = 0; more < size && is_pair(line, at); more++)
            at += 2;
        bool ends = at == line.len || !is_word(line.p[at]);
        /* A short one in the middle: these are words of another kind. */
        bool last = at + 1 >= line.len || line.p[at] != ' ' || hex_digit(line.p[at + 1]) < 0;
        if (more == 0 || !ends || (more < size && !last))
            break;
        run->bytes += more;
        i = at;
    }
    return i;
}

/* How many digits the byte at `i` has: two, or one after a separator; 0: there is no byte. */
static size_t digits_of_byte(struct line line, size_t i, const struct run *run)
{
    bool later = run->bytes > 0 && run->separator > 1;
    return later && is_single(line, i) ? 1 : is_pair(line, i) ? 2 : 0;
}

/* The end of a run that begins at `at`: the offset after it, or `at` if there is none. */
static size_t run_end(struct line line, size_t at, struct run *run)
{
    size_t end = at, i = at, singles = 0, digits;
    bool prefixed = prefix(line, at) > 0;
    *run = (struct run){.from = at, .separator = 1};
    while (run->separator == 0 || prefixed == (prefix(line, i) > 0)) {
        i += prefix(line, i);
        digits = digits_of_byte(line, i, run);
        if (digits == 0)
            break;
        i += digits;
        singles = digits == 1 ? singles + 1 : 0;
        run->bytes++;
        bool apart = i == line.len || !is_word(line.p[i]);
        /* One digit is a byte where others follow, or nothing. */
        if (apart && (digits == 2 || i == line.len)) {
            end = i;
            singles = 0;
        } else if (!apart && run->separator != 1 && run->separator != 0) {
            return at; /* a word that only begins like a run */
        }
        char separator = apart && i < line.len ? line.p[i] : '\0';
        if (run->separator == 1)
            run->separator = separator;
        if (i == line.len || separator != run->separator || (separator && !is_separator(separator)))
            break;
        if (separator)
            i = after_separator(line, i, run);
    }
    run->bytes -= singles;
    /* Digits without separators end where the word does. */
    if (run->separator == 0 && (i < line.len && is_word(line.p[i])))
        return at;
    if (run->separator == 0)
        end = groups_end(line, i, run);
    run->len = end - at;
    return end;
}

/* 17:43:13 and 2026-01-31, which are pairs too. */
static bool is_time(struct line line, const struct run *run)
{
    size_t end = run->from + run->len;
    /* 11/28 10:20 */
    if (run->from > 0 && line.p[run->from - 1] == '/' && end < line.len && line.p[end] == ':')
        return true;
    if (run->separator == ':' && run->bytes <= 3)
        return true;
    return run->separator == '-' && run->bytes <= 4 && end < line.len &&
           (line.p[end] == 'T' || line.p[end] == ' ');
}

/* Is a run better than another one? Digits that stand together may be an address: they count only
 * where no run has separators, or two or three numbers that may be anything. */
static bool is_better(const struct run *run, bool apart, const struct run *best, bool best_apart)
{
    enum { FEW = 4, MANY = 8 };
    if (apart == best_apart)
        return run->bytes >= best->bytes;
    const struct run *together = apart ? best : run, *other = apart ? run : best;
    bool address = together->bytes < MANY || other->bytes >= FEW;
    return apart == address;
}

/* The best run of a line; the last of the longest ones. */
static struct run longest(struct line line)
{
    struct run best = {0}, run;
    bool best_apart = false;
    for (size_t at = 0; at < line.len; at++) {
        if (at > 0 && is_word(line.p[at - 1]))
            continue;
        size_t end = run_end(line, at, &run);
        if (end == at)
            continue;
        bool apart = is_separator(run.separator) && run.bytes > 1;
        bool counts = apart ? !is_time(line, &run) : run.bytes * 2 >= TOGETHER_LEAST;
        if (counts && is_better(&run, apart, &best, best_apart)) {
            best = run;
            best_apart = apart;
        }
        at = end - 1;
    }
    return best;
}

/* The run of a line, at the column of the run of the line before where there is one: the last line
 * may have a single byte. */
static struct run next_run(struct line line, const struct run *last)
{
    struct run run;
    size_t at = last->from;
    if (last->bytes > 1 && is_separator(last->separator) && at < line.len &&
        (at == 0 || !is_word(line.p[at - 1])) && run_end(line, at, &run) > at &&
        (run.separator == last->separator || run.bytes == 1))
        return run;
    return longest(line);
}

/* The line above a dump that numbers its columns: 00 01 02 ... 0F. */
static bool is_ruler(struct line line, const struct run *run)
{
    if (run->bytes < 8 || run->separator != ' ')
        return false;
    for (size_t i = 0; i < run->bytes; i++) {
        size_t at = run->from + 3 * i + 1;
        if (at >= line.len || line.p[at - 1] != '0' || hex_digit(line.p[at]) != (int)(i % 16))
            return false;
    }
    return true;
}

static void add(struct line line, const struct run *run, struct pieces *out)
{
    size_t end = run->from + run->len;
    for (size_t i = run->from; i < end;) {
        i += prefix(line, i);
        if (is_pair(line, i)) {
            bytes_byte(&out->bytes,
                       (uint8_t)(hex_digit(line.p[i]) << 4 | hex_digit(line.p[i + 1])));
            i += 2;
        } else if (is_single(line, i)) {
            bytes_byte(&out->bytes, (uint8_t)hex_digit(line.p[i++]));
        } else {
            i++;
        }
    }
}

/* Does a time, 12:00 or 12:00:00, stand before the run? */
static bool has_time_before(struct line line, const struct run *run)
{
    for (size_t i = 0; i + 5 <= run->from; i++)
        if (isdigit((uint8_t)line.p[i]) && isdigit((uint8_t)line.p[i + 1]) &&
            line.p[i + 2] == ':' && isdigit((uint8_t)line.p[i + 3]) &&
            isdigit((uint8_t)line.p[i + 4]))
            return true;
    return false;
}

/* An empty ping, pong, close or message of a server: two bytes that are numbers too. They are
 * believed at the end of a line with a time, as logs have them. */
static bool is_empty_frame(struct line line, const struct run *run, const uint8_t *data, size_t len)
{
    static const uint8_t firsts[] = {0x81, 0x82, 0x88, 0x89, 0x8A};
    struct line after = {line.p + run->from + run->len, line.len - run->from - run->len};
    line_skip_blanks(&after);
    return len == 2 && memchr(firsts, data[0], sizeof firsts) && data[1] == 0 && after.len == 0 &&
           run->separator == ' ' && has_time_before(line, run);
}

/* Digits that stand together, numbers, and addresses of network cards may be anything: they need
 * whole frames. */
static bool believable(struct line line, const struct run *run, const uint8_t *data, size_t len)
{
    bool apart = is_separator(run->separator) && run->bytes > 1;
    bool card = run->separator == ':' && run->bytes == 6, letters = prefix(line, run->from) > 0;
    for (size_t i = 0; i < run->len; i++)
        letters |= isalpha((uint8_t)line.p[run->from + i]) != 0;
    if (is_empty_frame(line, run, data, len))
        return true;
    return apart && letters && !card ? detect_plausible(data, len) : detect_convincing(data, len);
}

/* The place after a run where the line ends in two characters of which one is a hex digit and one
 * is not, as 3g: the offset of the latter in the line, or 0. */
static size_t mistake_after(struct line line, const struct run *run)
{
    size_t at = run->from + run->len + 1;
    if (run->bytes < 2 || at + 2 != line.len || line.p[at - 1] != run->separator ||
        !isalnum((uint8_t)line.p[at]) || !isalnum((uint8_t)line.p[at + 1]))
        return 0;
    bool first = hex_digit(line.p[at]) >= 0, second = hex_digit(line.p[at + 1]) >= 0;
    return first == second ? 0 : first ? at + 1 : at;
}

/* Does a run end in one digit, and have two in each byte before it? */
static bool is_cut(struct line line, const struct run *run)
{
    size_t end = run->from + run->len;
    if (run->bytes < 3 || run->separator == 0 || prefix(line, run->from) > 0)
        return false;
    for (size_t i = 0; i + 1 < run->bytes; i++)
        if (!is_pair(line, run->from + 3 * i))
            return false;
    return run->len == 3 * (run->bytes - 1) + 1 && is_single(line, end - 1);
}

static bool fail(const uint8_t *text, const char *at, struct read_error *error)
{
    *error = read_error_at(text, (size_t)(at - (const char *)text), "expected two hex digits");
    return false;
}

bool read_log(const uint8_t *text, size_t len, struct pieces *out, struct read_error *error,
              const char **note)
{
    struct line rest = {(const char *)text, len}, line;
    struct run run = {0};
    bool first = true;
    *note = NULL;
    while (line_next(&rest, &line)) {
        struct line indented = line;
        line_skip_blanks(&indented);
        run = next_run(line, &run);
        if (run.bytes == 0 || is_ruler(line, &run))
            continue;
        size_t before = ws_bytes_len(out->bytes);
        add(line, &run, out);
        if (first && !believable(line, &run, bytes_data(out->bytes) + before,
                                 ws_bytes_len(out->bytes) - before)) {
            out->bytes->len = before;
            break;
        }
        first = false;
        size_t mistake = mistake_after(line, &run);
        if (error && mistake > 0)
            return fail(text, line.p + mistake, error);
        *note = is_cut(line, &run) ? pieces_cut_byte : NULL;
        pieces_end(out, (struct piece){.side = *indented.p == '<' ? PIECE_OTHER : PIECE_ONE});
    }
    if (first && error)
        *error = (struct read_error){.line = 1, .what = "there is no run of hex digits"};
    return !first;
}
