#include "cmd/wsframe/text/read_log.h"

#include "cmd/common/hex.h"
#include "cmd/wsframe/read/detect_bytes.h"
#include "cmd/wsframe/read/lines.h"
#include "cmd/wsframe/read/progress.h"

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
    return c && strchr(" \t,;:-|", c);
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
        (at == 0 || !is_word(line.p[at - 1])) && run_end(line, at, &run) > at) {
        struct run best = longest(line);
        bool inside = best.from < at && best.from + best.len > at && prefix(line, best.from) > 0;
        if (run.bytes > 1 && run.separator == last->separator && !inside)
            return run;
        bool other = best.bytes > 1 && best.separator == last->separator;
        return run.bytes == 1 && !other ? run : best;
    }
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

/* --- which runs belong together --- */

/* A line with its run. */
struct entry {
    struct line line;
    struct run run;
    uint64_t prefix; /* of what stands before the run */
    bool other;      /* its bytes went in the other direction */
};

enum {
    SEEN_MAX = 64,         /* prefixes that are remembered */
    GROUP_BYTES_MAX = 8192 /* bytes of lines with the same prefix that are looked at */
};

struct prefixes {
    uint64_t list[SEEN_MAX];
    size_t count;
};

static bool is_in(const struct prefixes *prefixes, uint64_t prefix)
{
    for (size_t i = 0; i < prefixes->count; i++)
        if (prefixes->list[i] == prefix)
            return true;
    return false;
}

static void put_in(struct prefixes *prefixes, uint64_t prefix)
{
    if (prefixes->count < SEEN_MAX && !is_in(prefixes, prefix))
        prefixes->list[prefixes->count++] = prefix;
}

static bool is_apart(const struct run *run)
{
    return is_separator(run->separator) && run->bytes > 1;
}

/* A hash of what stands before a run, where all words with a digit in them are alike, such as times
 * and numbers, and how much is blank does not count. */
static uint64_t prefix_hash(struct line line, const struct run *run)
{
    uint64_t hash = 0xcbf29ce484222325; /* FNV-1a */
    bool blank = false;
    for (size_t i = 0; i < run->from;) {
        size_t end = i;
        bool number = false;
        while (end < run->from && is_word(line.p[end]))
            number |= isdigit((uint8_t)line.p[end++]) != 0;
        if (end == i && isblank((uint8_t)line.p[i])) {
            blank = true;
            i++;
            continue;
        }
        end += end == i;
        if (blank)
            hash = (hash ^ ' ') * 0x100000001b3;
        blank = false;
        for (size_t at = i; at < end; at++)
            if (!number || at == i)
                hash = (hash ^ (number ? '#' : (uint8_t)line.p[at])) * 0x100000001b3;
        i = end;
    }
    return hash;
}

/* Does the line begin with "<" as the mark of a direction, and not of HTML? */
static bool is_marked_other(struct line line)
{
    static const char *const tags[] = {"<pre", "<code", "<samp", "<p>", "<td>", "<div"};
    line_skip_blanks(&line);
    for (size_t i = 0; i < sizeof tags / sizeof *tags; i++)
        if (line.len >= strlen(tags[i]) && memcmp(line.p, tags[i], strlen(tags[i])) == 0)
            return false;
    return line.len > 0 && *line.p == '<';
}

/* The lines with a run of the text. */
static size_t find_entries(const uint8_t *text, size_t len, struct ws_bytes **out)
{
    struct line rest = {(const char *)text, len}, line;
    struct run run = {0};
    size_t count = 0;
    while (line_next(&rest, &line)) {
        run = next_run(line, &run);
        if (run.bytes == 0 || is_ruler(line, &run))
            continue;
        struct entry entry = {.line = line,
                              .run = run,
                              .prefix = prefix_hash(line, &run),
                              .other = is_marked_other(line)};
        bytes_add(out, &entry, sizeof entry);
        count++;
    }
    return count;
}

static struct entry get(struct ws_bytes *entries, size_t index)
{
    struct entry entry;
    memcpy(&entry, bytes_data(entries) + index * sizeof entry, sizeof entry);
    return entry;
}

/* Are the runs of the lines with this one's prefix, from it on, whole frames? */
static bool group_convinces(struct ws_bytes *entries, size_t from, size_t count)
{
    struct pieces group = {0};
    struct entry first = get(entries, from);
    for (size_t i = from; i < count && ws_bytes_len(group.bytes) < GROUP_BYTES_MAX; i++) {
        struct entry entry = get(entries, i);
        if (entry.prefix == first.prefix && is_apart(&entry.run) == is_apart(&first.run))
            add(entry.line, &entry.run, &group);
    }
    bool convinces = detect_convincing(bytes_data(group.bytes), ws_bytes_len(group.bytes));
    pieces_free(&group);
    return convinces;
}

/* The number of the first line whose run is believed: it may be the first of all for less than
 * another one. `count` if there is none. */
static size_t first_believed(struct ws_bytes *entries, size_t count)
{
    struct prefixes refused = {0};
    struct pieces one = {0};
    size_t first = 0;
    for (; first < count && refused.count < SEEN_MAX; first++) {
        struct entry entry = get(entries, first);
        if (first == 0) {
            add(entry.line, &entry.run, &one);
            if (believable(entry.line, &entry.run, bytes_data(one.bytes), ws_bytes_len(one.bytes)))
                break;
        } else if (!is_in(&refused, entry.prefix) && group_convinces(entries, first, count)) {
            break;
        }
        put_in(&refused, entry.prefix);
    }
    pieces_free(&one);
    return refused.count == SEEN_MAX ? count : first;
}

/* Does a run with another prefix than those before belong to them? It begins a frame, or goes on
 * where one is incomplete. */
static bool belongs(const struct entry *entry, const struct run *last, const uint8_t *data,
                    size_t len, const struct progress *progress)
{
    bool alike = is_apart(&entry->run) == is_apart(last) &&
                 (!is_apart(last) || entry->run.separator == last->separator);
    bool boundary = progress_at_boundary(progress);
    if (is_empty_frame(entry->line, &entry->run, data, len) || detect_convincing(data, len))
        return true;
    /* Digits that stand together may be anything. */
    return alike && is_apart(last) && (!boundary || progress_begins(data, len));
}

bool read_log(const uint8_t *text, size_t len, struct pieces *out, struct read_error *error,
              const char **note)
{
    struct ws_bytes *entries = NULL;
    struct prefixes taken = {0};
    struct progress progress[2] = {0};
    size_t count = find_entries(text, len, &entries), first = first_believed(entries, count);
    struct run last = {0};
    bool failed = false;
    *note = NULL;
    for (size_t i = first; i < count && !failed; i++) {
        struct entry entry = get(entries, i);
        size_t before = ws_bytes_len(out->bytes);
        add(entry.line, &entry.run, out);
        const uint8_t *data = bytes_data(out->bytes) + before;
        size_t n = ws_bytes_len(out->bytes) - before;
        bool same = is_in(&taken, entry.prefix) &&
                    (entry.run.bytes == 1 || is_apart(&entry.run) == is_apart(&last));
        if (i > first && !same && !belongs(&entry, &last, data, n, &progress[entry.other])) {
            out->bytes->len = before;
            continue;
        }
        put_in(&taken, entry.prefix);
        progress_advance(&progress[entry.other], data, n);
        last = entry.run.bytes > 1 ? entry.run : last;
        size_t mistake = mistake_after(entry.line, &entry.run);
        if (error && mistake > 0)
            failed = !fail(text, entry.line.p + mistake, error);
        *note = is_cut(entry.line, &entry.run) ? pieces_cut_byte : NULL;
        pieces_end(out, (struct piece){.side = entry.other ? PIECE_OTHER : PIECE_ONE});
    }
    if (first == count && error)
        *error = (struct read_error){.line = 1, .what = "there is no run of hex digits"};
    ws_bytes_free(&entries);
    return first < count && !failed;
}
