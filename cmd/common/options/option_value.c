#include "cmd/common/options/option_value.h"

#include "cmd/common/exit.h"
#include "cmd/common/options/secret.h"
#include "cmd/common/options/usage_error.h"
#include "cmd/common/units.h"

#include <assert.h>
#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

bool options_own(struct options *options, char *text)
{
    char **grown =
        text ? realloc(options->owned, (options->owned_count + 1) * sizeof *grown) : NULL;
    if (!grown) {
        secret_free(text);
        return options_no_memory(options);
    }
    options->owned = grown;
    options->owned[options->owned_count++] = text;
    return true;
}

static bool bad_value(struct options *options, const struct option_found *found, const char *value,
                      const char *expected)
{
    if (found->row->flags & OPTION_SECRET)
        return options_refuse(options, "%s: expected %s", found->said, expected);
    return options_refuse(options, "%s: '%s' is not %s", found->said, value, expected);
}

static bool bad_number(struct options *options, const struct option_found *found, const char *value,
                       enum units_result result, enum units_kind kind)
{
    if (result == UNITS_RANGE && kind != UNITS_PORT)
        return options_refuse(options, "%s: '%s' is too large", found->said, value);
    return bad_value(options, found, value, units_expected(kind));
}

/* Is a number with a unit within the bounds of its row? */
static bool in_bounds(struct options *options, const struct option_found *found, const char *value,
                      uint64_t number)
{
    const struct option_row *row = found->row;
    bool small = number < row->min;
    if (!small && (row->max == 0 || number <= row->max))
        return true;
    char text[UNITS_TEXT_MAX];
    uint64_t bound = small ? row->min : row->max;
    if (row->kind == OPTION_KIND_DURATION)
        units_format_duration((int64_t)bound, text, sizeof text);
    else if (row->kind == OPTION_KIND_SIZE)
        units_format_size(bound, text, sizeof text);
    else
        snprintf(text, sizeof text, "%llu", (unsigned long long)bound);
    return options_refuse(options, "%s: '%s' is too %s: at %s %s is allowed", found->said, value,
                          small ? "small" : "large", small ? "least" : "most", text);
}

static bool set_choice(struct options *options, const struct option_found *found, int *field,
                       const char *value)
{
    int place = 0;
    size_t len = strlen(value);
    for (const char *p = found->row->choices;; place++) {
        size_t n = strcspn(p, "|");
        if (n == len && memcmp(p, value, n) == 0) {
            *field = place;
            return true;
        }
        if (!p[n])
            break;
        p += n + 1;
    }
    char expected[512] = "one of ";
    size_t used = strlen(expected);
    for (const char *p = found->row->choices; *p && used < sizeof expected - 3; p++) {
        expected[used++] = *p == '|' ? ',' : *p;
        if (*p == '|')
            expected[used++] = ' ';
    }
    expected[used] = '\0';
    return bad_value(options, found, value, expected);
}

static bool append(struct options *options, struct option_list *list, const char *value)
{
    const char **items = realloc(list->items, (list->count + 1) * sizeof *items);
    if (!items)
        return options_no_memory(options);
    list->items = items;
    list->items[list->count++] = value;
    return true;
}

/* Stores an argument as text: resolves a secret, and refuses line breaks in an HTTP header. */
static bool set_string(struct options *options, const struct option_found *found,
                       const char **field, const char *value)
{
    if (found->row->flags & OPTION_SECRET) {
        char why[512];
        char *secret = secret_resolve(value, why, sizeof why);
        if (!secret) {
            bool unreadable = value[0] == '@' && errno != 0;
            options_refuse(options, "%s: %s", found->said, why);
            if (unreadable) /* as with any other file: no mistake in the words */
                options->status = WS_EXIT_FAILURE;
            return false;
        }
        if (!options_own(options, secret))
            return false;
        bool from_file = value[0] == '@' && strcmp(value, "@-") != 0;
        options->secret_file[found->index] = from_file ? value : NULL;
        value = secret;
    }
    if ((found->row->flags & OPTION_HEADER) && strpbrk(value, "\r\n"))
        return options_refuse(options, "%s: a line break cannot go into an HTTP header",
                              found->said);
    *field = value;
    return true;
}

/* FNV-1a, over the NUL too, so that "a" "b" is not "ab". */
static void note_said(uint64_t *digest, const char *text)
{
    *digest = (*digest ^ 0xcbf29ce484222325) * 0x100000001b3;
    for (; text; text++) {
        *digest = (*digest ^ (uint8_t)*text) * 0x100000001b3;
        if (!*text)
            return;
    }
}

static bool set_duration(struct options *options, const struct option_found *found, int64_t *field,
                         const char *value)
{
    int64_t us = 0;
    enum units_result result = found->row->flags & OPTION_NEVER
                                   ? units_duration_or_never(value, &us)
                                   : units_duration(value, &us);
    if (result != UNITS_OK)
        return bad_number(options, found, value, result, UNITS_DURATION);
    if (us != UNITS_NEVER && !in_bounds(options, found, value, (uint64_t)us))
        return false;
    *field = us;
    return true;
}

/* A SIZE or a COUNT. */
static bool set_quantity(struct options *options, const struct option_found *found, uint64_t *field,
                         const char *value)
{
    bool size = found->row->kind == OPTION_KIND_SIZE;
    uint64_t number = 0;
    enum units_result result = size ? units_size(value, &number) : units_count(value, &number);
    if (result != UNITS_OK)
        return bad_number(options, found, value, result, size ? UNITS_SIZE : UNITS_COUNT);
    if (!in_bounds(options, found, value, number))
        return false;
    *field = number;
    return true;
}

static bool set_number(struct options *options, const struct option_found *found, unsigned *field,
                       const char *value)
{
    const struct option_row *row = found->row;
    uint64_t most = row->max ? row->max : UINT_MAX, number = 0;
    if (units_count(value, &number) != UNITS_OK || number < row->min || number > most) {
        char expected[80];
        snprintf(expected, sizeof expected, "a whole number from %llu to %llu",
                 (unsigned long long)row->min, (unsigned long long)most);
        return bad_value(options, found, value, expected);
    }
    *field = (unsigned)number;
    return true;
}

static bool set_port(struct options *options, const struct option_found *found, uint16_t *field,
                     const char *value)
{
    enum units_result result = units_port(value, field);
    return result == UNITS_OK || bad_number(options, found, value, result, UNITS_PORT);
}

static bool call(struct options *options, const struct option_found *found, const char *value)
{
    const char *text = NULL;
    if (value && !set_string(options, found, &text, value))
        return false;
    note_said(&options->said[found->index], text);
    const char *expected = found->row->call(options, found->row, found->table->settings, text);
    return !expected || bad_value(options, found, text ? text : "", expected);
}

bool options_apply(struct options *options, const struct option_found *found, const char *value)
{
    const struct option_row *row = found->row;
    void *field = (char *)found->table->settings + row->offset;
    const char *text = NULL;

    if (!value && options_argument(row) == OPTION_ARG_OPTIONAL)
        value = row->implied;
    options->given[found->index] = 1;
    switch (row->kind) {
    case OPTION_KIND_FLAG:
        *(bool *)field = true;
        return true;
    case OPTION_KIND_LEVEL:
        ++*(unsigned *)field;
        return true;
    case OPTION_KIND_SET:
        *(int *)field = row->set;
        return true;
    case OPTION_KIND_CALL:
        return call(options, found, value);
    case OPTION_KIND_STRING:
        return set_string(options, found, field, value);
    case OPTION_KIND_LIST:
        return set_string(options, found, &text, value) && append(options, field, text);
    case OPTION_KIND_DURATION:
        return set_duration(options, found, field, value);
    case OPTION_KIND_SIZE:
    case OPTION_KIND_COUNT:
        return set_quantity(options, found, field, value);
    case OPTION_KIND_NUMBER:
        return set_number(options, found, field, value);
    case OPTION_KIND_PORT:
        return set_port(options, found, field, value);
    case OPTION_KIND_CHOICE:
        return set_choice(options, found, field, value);
    case OPTION_KIND_HELP:
    case OPTION_KIND_VERSION:
    case OPTION_KIND_PRINT:
    case OPTION_KIND_GROUP:
        break;
    }
    assert(false); /* unreachable: headings and help set nothing */
    return false;
}

void options_clear(struct options *options, const struct option_found *found)
{
    bool *flag = (bool *)(void *)((char *)found->table->settings + found->row->offset);
    options->given[found->index] = 1;
    *flag = false;
}
