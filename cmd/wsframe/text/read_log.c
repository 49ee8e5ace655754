#include "cmd/wsframe/text/read_log.h"

#include "cmd/wsframe/read/detect_bytes.h"
#include "cmd/wsframe/read/log_run.h"
#include "cmd/wsframe/read/progress.h"

#include <ctype.h>
#include <string.h>

/* Does a time, 12:00 or 12:00:00, stand before the run? */
static bool has_time_before(struct line line, const struct log_run *run)
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
static bool is_empty_frame(struct line line, const struct log_run *run, const uint8_t *data,
                           size_t len)
{
    static const uint8_t firsts[] = {0x81, 0x82, 0x88, 0x89, 0x8A};
    struct line after = {line.p + run->from + run->len, line.len - run->from - run->len};
    line_skip_blanks(&after);
    return len == 2 && memchr(firsts, data[0], sizeof firsts) && data[1] == 0 && after.len == 0 &&
           run->separator == ' ' && has_time_before(line, run);
}

/* Digits that stand together, numbers, and addresses of network cards may be anything: they need
 * whole frames. */
static bool believable(struct line line, const struct log_run *run, const uint8_t *data, size_t len)
{
    bool looks_like_bytes = log_run_is_apart(run) && log_run_has_letters(line, run);
    if (is_empty_frame(line, run, data, len))
        return true;
    if (log_run_is_card(line, run))
        return false;
    if (log_run_missing(line, run) > 0 && detect_begun(data, len))
        return true;
    return looks_like_bytes ? detect_plausible(data, len) : detect_convincing(data, len);
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
    struct log_run run;
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

/* A hash of what stands before a run, where all words with a digit in them are alike, such as times
 * and numbers, and how much is blank does not count. */
static uint64_t prefix_hash(struct line line, const struct log_run *run)
{
    uint64_t hash = 0xcbf29ce484222325; /* FNV-1a */
    bool blank = false;
    for (size_t i = 0; i < run->from;) {
        size_t end = i;
        bool number = false;
        while (end < run->from && log_run_is_word(line.p[end]))
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
    struct log_run run = {0};
    size_t count = 0;
    while (line_next(&rest, &line)) {
        run = log_run_next(line, &run);
        if (run.bytes == 0 || log_run_is_ruler(line, &run))
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
    if (log_run_is_card(first.line, &first.run))
        return false;
    for (size_t i = from; i < count && ws_bytes_len(group.bytes) < GROUP_BYTES_MAX; i++) {
        struct entry entry = get(entries, i);
        if (entry.prefix == first.prefix &&
            log_run_is_apart(&entry.run) == log_run_is_apart(&first.run))
            log_run_add(entry.line, &entry.run, &group.bytes);
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
            log_run_add(entry.line, &entry.run, &one.bytes);
            const uint8_t *data = bytes_data(one.bytes);
            if (believable(entry.line, &entry.run, data, ws_bytes_len(one.bytes)) ||
                group_convinces(entries, first, count))
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
static bool belongs(const struct entry *entry, const struct log_run *last, const uint8_t *data,
                    size_t len, const struct progress *progress)
{
    bool alike = log_run_is_apart(&entry->run) == log_run_is_apart(last) &&
                 (!log_run_is_apart(last) || entry->run.separator == last->separator);
    bool boundary = progress_at_boundary(progress);
    if (log_run_is_card(entry->line, &entry->run))
        return false;
    if (is_empty_frame(entry->line, &entry->run, data, len) || detect_convincing(data, len))
        return true;
    /* Digits that stand together may be anything. */
    return alike && !entry->run.is_short && log_run_is_apart(last) &&
           (!boundary || progress_begins(data, len));
}

bool read_log(const uint8_t *text, size_t len, struct pieces *out, struct read_error *error,
              const char **note)
{
    struct ws_bytes *entries = NULL;
    struct prefixes taken = {0};
    struct progress progress[2] = {0};
    size_t count = find_entries(text, len, &entries), first = first_believed(entries, count);
    struct log_run last = {0};
    bool failed = false;
    *note = NULL;
    for (size_t i = first; i < count && !failed; i++) {
        struct entry entry = get(entries, i);
        size_t before = ws_bytes_len(out->bytes);
        log_run_add(entry.line, &entry.run, &out->bytes);
        const uint8_t *data = bytes_data(out->bytes) + before;
        size_t n = ws_bytes_len(out->bytes) - before;
        bool inside = !progress_at_boundary(&progress[entry.other]);
        bool same =
            is_in(&taken, entry.prefix) && (!entry.run.is_short || inside) &&
            (entry.run.bytes == 1 || log_run_is_apart(&entry.run) == log_run_is_apart(&last));
        if (i > first && !same && !belongs(&entry, &last, data, n, &progress[entry.other])) {
            out->bytes->len = before;
            continue;
        }
        put_in(&taken, entry.prefix);
        progress_advance(&progress[entry.other], data, n);
        last = entry.run.bytes > 1 ? entry.run : last;
        size_t mistake = log_run_mistake(entry.line, &entry.run);
        if (error && mistake > 0)
            failed = !fail(text, entry.line.p + mistake, error);
        *note = log_run_is_cut(entry.line, &entry.run) ? pieces_cut_byte : NULL;
        pieces_end(out, (struct piece){.side = entry.other ? PIECE_OTHER : PIECE_ONE,
                                       .missing = log_run_missing(entry.line, &entry.run)});
    }
    if (first == count && error)
        *error = (struct read_error){.line = 1, .what = "there is no run of hex digits"};
    ws_bytes_free(&entries);
    return first < count && !failed;
}
