#include "cmd/common/options/option_getopt.h"

#include <stdlib.h>
#include <string.h>

/* The number of long names of the rows, and of their bytes with a NUL each. */
static size_t count_names(const struct options *options, size_t *bytes)
{
    struct option_found at = {0};
    size_t count = 0;
    *bytes = 0;
    while (options_next(options, &at)) {
        const char *const lists[] = {at.row->name, at.row->aliases};
        for (size_t l = 0; at.row->kind != OPTION_KIND_GROUP && l < 2; l++) {
            for (const char *p = lists[l]; p && *p; p += strcspn(p, " "), p += *p == ' ')
                count++;
            *bytes += lists[l] ? strlen(lists[l]) + 1 : 0;
        }
    }
    return count;
}

/* Adds every word of `list`; copies the names to `*text`, which it advances. */
static struct option *add_names(struct option *row, const char *list, int has_arg, char **text)
{
    while (list && *list) {
        size_t len = strcspn(list, " ");
        *row++ = (struct option){*text, has_arg, NULL, OPTION_GETOPT_LONG};
        memcpy(*text, list, len);
        (*text)[len] = '\0';
        *text += len + 1;
        list += len + (list[len] == ' ');
    }
    return row;
}

static int has_arg(const struct option_row *row)
{
    switch (options_argument(row)) {
    case OPTION_ARG_NEEDED:
        return required_argument;
    case OPTION_ARG_OPTIONAL:
        return optional_argument;
    default:
        return no_argument;
    }
}

static void add_letters(struct option_getopt *getopt, const struct option_found *at)
{
    size_t len = strlen(getopt->letters);
    for (const char *p = at->row->letters; p && *p; p++) {
        if (!options_has_letter(at->table, at->row, *p) || strchr(getopt->letters + 2, *p))
            continue;
        getopt->letters[len++] = *p;
        if (has_arg(at->row) == required_argument)
            getopt->letters[len++] = ':';
        getopt->letters[len] = '\0';
    }
}

bool option_getopt_init(struct option_getopt *getopt, const struct options *options)
{
    struct option_found at = {0};
    size_t bytes, count = count_names(options, &bytes);
    *getopt = (struct option_getopt){.longs = calloc(count + 1, sizeof *getopt->longs),
                                     .names = malloc(bytes + 1)};
    if (!getopt->longs || !getopt->names)
        return false;
    memcpy(getopt->letters, options->stop_at_word ? "+:" : "-:", 3);
    struct option *row = getopt->longs;
    char *text = getopt->names;
    while (options_next(options, &at)) {
        if (at.row->kind == OPTION_KIND_GROUP || !options_applies(options, at.row))
            continue;
        row = add_names(row, at.row->name, has_arg(at.row), &text);
        row = add_names(row, at.row->aliases, has_arg(at.row), &text);
        add_letters(getopt, &at);
    }
    return true;
}

void option_getopt_free(struct option_getopt *getopt)
{
    free(getopt->longs);
    free(getopt->names);
}
