#include "cmd/wsbench/payload/template.h"

#include "cmd/common/file.h"
#include "cmd/common/units.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum kind { KIND_TEXT, KIND_SEQ, KIND_CONN, KIND_UUID, KIND_RAND, KIND_NOW_US, KIND_LINE };

struct template_part {
    enum kind kind;
    struct ws_bytes *text; /* TEXT; LINE: the file, owned */
    size_t *lines;         /* LINE: where each begins, and one more for the end; owned */
    size_t line_count;
    uint64_t least, most; /* RAND */
};

enum { FILE_MOST = 256 << 20 };

/* --- parsing --- */

static bool read_lines(struct template_part *part, const char *file, char *problem, size_t size)
{
    if (!file_read(file, FILE_MOST, NULL, FILE_NO_END, &part->text))
        return false; /* which it has said */
    size_t len = ws_bytes_len(part->text);
    const uint8_t *data = len ? ws_bytes_data(part->text) : NULL;
    for (size_t i = 0; i < len; i++)
        part->line_count += data[i] == '\n' || i == len - 1;
    part->lines = calloc(part->line_count + 1, sizeof *part->lines);
    if (!part->lines || part->line_count == 0) {
        snprintf(problem, size, "%s has no lines", file);
        return false;
    }
    size_t line = 0;
    for (size_t i = 0; i < len; i++)
        if (data[i] == '\n' || i == len - 1)
            part->lines[++line] = i + 1;
    return true;
}

static bool read_range(struct template_part *part, const char *text)
{
    char *end;
    part->least = strtoull(text, &end, 10);
    if (end == text || *end != '-' || !strspn(end + 1, "0123456789"))
        return false;
    part->most = strtoull(end + 1, &end, 10);
    return *end == '\0' && part->least <= part->most && part->most < UINT64_MAX;
}

/* Could it be meant as a place: a word, with blanks around it or an argument? '{{"a":1}}' could
 * not. */
static bool looks_like_place(const char *name)
{
    static const char word[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_";
    name += strspn(name, " ");
    size_t len = strspn(name, word);
    const char *end = name + len + strspn(name + len, " ");
    return len > 0 && (*end == '\0' || name[len] == ':');
}

enum place { PLACE_NONE, PLACE_FOUND, PLACE_BAD };

/* Reads what is between the braces. PLACE_NONE: it is text. */
static enum place read_place(struct template_part *part, const char *name, char *problem,
                             size_t size)
{
    static const char *const names[] = {
        [KIND_SEQ] = "seq", [KIND_CONN] = "conn", [KIND_UUID] = "uuid", [KIND_NOW_US] = "now_us"};
    for (int kind = 0; kind <= KIND_NOW_US; kind++) {
        if (names[kind] && strcmp(names[kind], name) == 0) {
            part->kind = (enum kind)kind;
            return PLACE_FOUND;
        }
    }
    if (strncmp(name, "rand:", 5) == 0) {
        part->kind = KIND_RAND;
        if (!read_range(part, name + 5))
            snprintf(problem, size, "{{%s}} has no range such as 1-100", name);
        return *problem ? PLACE_BAD : PLACE_FOUND;
    }
    if (strncmp(name, "line:", 5) == 0) {
        part->kind = KIND_LINE;
        return read_lines(part, name + 5, problem, size) ? PLACE_FOUND : PLACE_BAD;
    }
    if (!looks_like_place(name))
        return PLACE_NONE;
    snprintf(problem, size,
             "'{{%s}}' is none of {{seq}}, {{conn}}, {{uuid}}, {{rand:1-100}}, {{now_us}} and "
             "{{line:FILE}}",
             name);
    return PLACE_BAD;
}

static struct template_part *add(struct template *t)
{
    struct template_part *parts = realloc(t->parts, (t->count + 1) * sizeof *parts);
    if (!parts)
        return NULL;
    t->parts = parts;
    parts[t->count] = (struct template_part){.kind = KIND_TEXT};
    return &parts[t->count++];
}

static bool add_text(struct template *t, const char *text, size_t len)
{
    struct template_part *last = t->count ? &t->parts[t->count - 1] : NULL;
    if (len == 0)
        return true;
    if (!last || last->kind != KIND_TEXT)
        last = add(t);
    return last && ws_bytes_append(&last->text, text, len);
}

bool template_parse(struct template *t, const char *text, size_t len, char *problem, size_t size)
{
    const char *end = text + len;
    *t = (struct template){0};
    *problem = '\0';
    while (text < end) {
        char name[512] = "";
        const char *open = memmem(text, (size_t)(end - text), "{{", 2);
        const char *close = open ? memmem(open, (size_t)(end - open), "}}", 2) : NULL;
        struct template_part place = {0};
        if (close && (size_t)(close - open) < sizeof name)
            snprintf(name, sizeof name, "%.*s", (int)(close - open - 2), open + 2);
        enum place what = *name ? read_place(&place, name, problem, size) : PLACE_NONE;
        bool found = what == PLACE_FOUND;
        const char *text_end = found ? open : close ? close + 2 : end;
        bool added = add_text(t, text, (size_t)(text_end - text));
        struct template_part *part = found && added ? add(t) : NULL;
        if (part)
            *part = place;
        if (what == PLACE_BAD || !added || (found && !part)) {
            ws_bytes_free(&place.text);
            free(place.lines);
            if (what != PLACE_BAD)
                snprintf(problem, size, "out of memory");
            return false;
        }
        text = found ? close + 2 : text_end;
    }
    return true;
}

void template_free(struct template *t)
{
    for (size_t i = 0; i < t->count; i++) {
        ws_bytes_free(&t->parts[i].text);
        free(t->parts[i].lines);
    }
    free(t->parts);
    *t = (struct template){0};
}

bool template_varies(const struct template *t)
{
    return t->count > 1 || (t->count == 1 && t->parts[0].kind != KIND_TEXT);
}

/* --- expanding --- */

/* splitmix64 */
static uint64_t next(uint64_t *random)
{
    uint64_t z = *random += UINT64_C(0x9e3779b97f4a7c15);
    z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
    return z ^ z >> 31;
}

static bool put_number(struct ws_bytes **out, uint64_t number)
{
    char text[24];
    int len = snprintf(text, sizeof text, "%" PRIu64, number);
    return ws_bytes_append(out, text, (size_t)len);
}

static bool put_uuid(struct ws_bytes **out, uint64_t *random)
{
    char text[40];
    uint64_t a = next(random), b = next(random);
    int len = snprintf(text, sizeof text, "%08" PRIx32 "-%04x-4%03x-%04x-%012" PRIx64,
                       (uint32_t)(a >> 32), (unsigned)(a >> 16 & 0xffff), (unsigned)(a & 0xfff),
                       (unsigned)(b >> 48 & 0x3fff) | 0x8000u, b & UINT64_C(0xffffffffffff));
    return ws_bytes_append(out, text, (size_t)len);
}

static bool put_line(struct ws_bytes **out, const struct template_part *part, uint64_t number)
{
    size_t line = (size_t)(number % part->line_count);
    const uint8_t *data = ws_bytes_data(part->text) + part->lines[line];
    size_t len = part->lines[line + 1] - part->lines[line];
    while (len > 0 && (data[len - 1] == '\n' || data[len - 1] == '\r'))
        len--;
    return ws_bytes_append(out, data, len);
}

bool template_expand(const struct template *t, const struct template_values *values,
                     struct ws_bytes **out)
{
    bool ok = true;
    for (size_t i = 0; i < t->count && ok; i++) {
        const struct template_part *part = &t->parts[i];
        switch (part->kind) {
        case KIND_TEXT:
            ok = ws_bytes_append(out, ws_bytes_data(part->text), ws_bytes_len(part->text));
            break;
        case KIND_SEQ:
            ok = put_number(out, values->seq);
            break;
        case KIND_CONN:
            ok = put_number(out, values->conn);
            break;
        case KIND_UUID:
            ok = put_uuid(out, values->random);
            break;
        case KIND_RAND:
            ok = put_number(out,
                            part->least + next(values->random) % (part->most - part->least + 1));
            break;
        case KIND_NOW_US:
            ok = put_number(out, (uint64_t)units_now_utc());
            break;
        case KIND_LINE:
            ok = put_line(out, part, values->conn + values->seq);
            break;
        }
    }
    return ok;
}
