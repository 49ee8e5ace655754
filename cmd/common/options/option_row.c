#include "cmd/common/options/option_row.h"

#include <string.h>

/* Is `word` of `len` bytes one of the words of `list`? */
static bool listed(const char *list, const char *separator, const char *word, size_t len)
{
    while (list && *list) {
        size_t n = strcspn(list, separator);
        if (n == len && memcmp(list, word, n) == 0)
            return true;
        list += n + (list[n] != '\0');
    }
    return false;
}

bool options_applies(const struct options *options, const struct option_row *row)
{
    return !options->subcommand || !row->only ||
           listed(row->only, " ", options->subcommand, strlen(options->subcommand));
}

bool options_has_letter(const struct option_table *table, const struct option_row *row, char letter)
{
    return letter && row->letters && strchr(row->letters, letter) &&
           (!table->letters || strchr(table->letters, letter));
}

const char *options_metavar(const struct option_row *row)
{
    switch (row->kind) {
    case OPTION_KIND_STRING:
    case OPTION_KIND_LIST:
        return row->metavar ? row->metavar : row->choices ? row->choices : "STRING";
    case OPTION_KIND_DURATION:
        return row->metavar ? row->metavar : "T";
    case OPTION_KIND_SIZE:
        return row->metavar ? row->metavar : "SIZE";
    case OPTION_KIND_COUNT:
    case OPTION_KIND_NUMBER:
    case OPTION_KIND_PORT:
        return row->metavar ? row->metavar : "N";
    case OPTION_KIND_CHOICE:
        return row->metavar ? row->metavar : row->choices;
    case OPTION_KIND_CALL:
        return row->metavar ? row->metavar : "";
    case OPTION_KIND_HELP:
        return "all";
    default:
        return "";
    }
}

enum option_argument options_argument(const struct option_row *row)
{
    if (!*options_metavar(row))
        return OPTION_ARG_NONE;
    return row->flags & OPTION_OPTIONAL ? OPTION_ARG_OPTIONAL : OPTION_ARG_NEEDED;
}

bool options_next(const struct options *options, struct option_found *at)
{
    size_t next = at->row ? at->index + 1 : 0, before = 0;
    for (size_t t = 0; t < options->table_count; t++) {
        const struct option_table *table = &options->tables[t];
        if (next < before + table->count) {
            at->table = table;
            at->row = &table->rows[next - before];
            at->index = next;
            return true;
        }
        before += table->count;
    }
    return false;
}

static bool named(const struct option_row *row, const char *name, size_t len)
{
    return row->kind != OPTION_KIND_GROUP &&
           (listed(row->name, " ", name, len) || listed(row->aliases, " ", name, len));
}

/* Finds the row of a long name; if only another subcommand has it, sets `*other` to its row. */
bool options_find_name(const struct options *options, const char *name, size_t len,
                       struct option_found *found, const struct option_row **other)
{
    *found = (struct option_found){0};
    *other = NULL;
    while (options_next(options, found)) {
        if (!named(found->row, name, len))
            continue;
        if (options_applies(options, found->row))
            return true;
        *other = found->row;
    }
    return false;
}

bool options_find_letter(const struct options *options, char letter, struct option_found *found,
                         const struct option_row **other)
{
    *found = (struct option_found){0};
    *other = NULL;
    while (options_next(options, found)) {
        if (!options_has_letter(found->table, found->row, letter))
            continue;
        if (options_applies(options, found->row))
            return true;
        *other = found->row;
    }
    return false;
}

const struct option_row *options_find(const struct options *options, const char *name)
{
    struct option_found found;
    const struct option_row *other;
    return options_find_name(options, name, strlen(name), &found, &other) ? found.row : NULL;
}

static bool equal_text(const char *a, const char *b)
{
    return a == b || (a && b && strcmp(a, b) == 0);
}

bool options_equal(const struct option_row *row, const void *a, const void *b)
{
    const void *x = (const char *)a + row->offset, *y = (const char *)b + row->offset;
    switch (row->kind) {
    case OPTION_KIND_FLAG:
        return *(const bool *)x == *(const bool *)y;
    case OPTION_KIND_LEVEL:
    case OPTION_KIND_NUMBER:
        return *(const unsigned *)x == *(const unsigned *)y;
    case OPTION_KIND_SET:
    case OPTION_KIND_CHOICE:
        return *(const int *)x == *(const int *)y;
    case OPTION_KIND_DURATION:
        return *(const int64_t *)x == *(const int64_t *)y;
    case OPTION_KIND_SIZE:
    case OPTION_KIND_COUNT:
        return *(const uint64_t *)x == *(const uint64_t *)y;
    case OPTION_KIND_PORT:
        return *(const uint16_t *)x == *(const uint16_t *)y;
    case OPTION_KIND_STRING: {
        const char *const *p = x, *const *q = y;
        return equal_text(*p, *q);
    }
    case OPTION_KIND_LIST: {
        const struct option_list *p = x, *q = y;
        if (p->count != q->count)
            return false;
        for (size_t i = 0; i < p->count; i++)
            if (!equal_text(p->items[i], q->items[i]))
                return false;
        return true;
    }
    default:
        return true;
    }
}
