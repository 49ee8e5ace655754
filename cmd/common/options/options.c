#include "cmd/common/options/options.h"

#include "cmd/common/exit.h"
#include "cmd/common/options/help.h"
#include "cmd/common/options/option_getopt.h"
#include "cmd/common/options/option_value.h"
#include "cmd/common/options/secret.h"
#include "cmd/common/options/suggest.h"

#include <assert.h>
#include <regex.h>
#include <stdlib.h>
#include <string.h>

const struct option_row options_common_rows[OPTIONS_COMMON_COUNT] = {
    {OPTION_GROUP("General")},
    {.name = "quiet",
     .letters = "q",
     OPTION_FLAG(struct options_common, quiet),
     .help = "print only data and errors"},
    {.name = "verbose",
     .letters = "v",
     OPTION_LEVEL(struct options_common, verbose),
     .help = "print handshake and close; -vv every frame's header too, -vvv payloads in hex"},
    {.name = "color",
     OPTION_CHOICE(struct options_common, color, "auto|always|never"),
     .help = "use colour on a terminal, always or never; the variable NO_COLOR is honoured"},
    {.name = "no-color",
     OPTION_SET(struct options_common, color, COLOR_NEVER),
     .help = "disable colour, as --color=never does"},
    {.name = "help",
     .letters = "h",
     .kind = OPTION_KIND_HELP,
     .flags = OPTION_OPTIONAL,
     .like = "^all$",
     .implied = "",
     .help = "print what is used most; with =all every option"},
    {.name = "version", .letters = "V", .kind = OPTION_KIND_VERSION, .help = "print the version"},
    {.name = "print-options",
     .kind = OPTION_KIND_PRINT,
     .flags = OPTION_HIDDEN,
     .help = "print the table of options for programs"},
};

bool options_given(const struct options *options, const char *name)
{
    struct option_found found;
    const struct option_row *other;
    return options_find_name(options, name, strlen(name), &found, &other) &&
           options->given[found.index];
}

const char *options_secret_file(const struct options *options, const char *name)
{
    struct option_found found;
    const struct option_row *other;
    return options_find_name(options, name, strlen(name), &found, &other)
               ? options->secret_file[found.index]
               : NULL;
}

bool options_same(const struct options *a, const struct options *b, size_t index)
{
    struct option_found in_a = {0}, in_b = {0};
    while (options_next(a, &in_a) && options_next(b, &in_b) && in_a.index < index)
        ;
    if (in_a.row->kind == OPTION_KIND_CALL)
        return a->said[index] == b->said[index];
    return options_equal(in_a.row, in_a.table->settings, in_b.table->settings);
}

/* Help ends the parsing: the arguments after it are not looked at. */
static bool take(struct options *options, const struct option_found *found, const char *value)
{
    switch (found->row->kind) {
    case OPTION_KIND_HELP:
        if (value && strcmp(value, "all") != 0)
            return options_refuse(options, "%s: '%s' is not all", found->said, value);
        options->status = help_print(options, value != NULL);
        return false;
    case OPTION_KIND_VERSION:
        options->status = help_version(options);
        return false;
    case OPTION_KIND_PRINT:
        options->status = help_print_options(options);
        return false;
    default:
        return options_apply(options, found, value);
    }
}

/* The most similar long name that applies, or NULL; in a file only names that set something. Stored
 * in `name`. */
static const char *nearest(const struct options *options, bool in_file, const char *wanted,
                           char *name, size_t size)
{
    struct suggest search;
    struct option_found at = {0};
    suggest_begin(&search, wanted);
    name[0] = '\0';
    while (options_next(options, &at)) {
        if (at.row->kind == OPTION_KIND_GROUP || !options_applies(options, at.row) ||
            (at.row->flags & OPTION_HIDDEN) || (in_file && at.row->kind >= OPTION_KIND_HELP))
            continue;
        const char *const lists[] = {at.row->name, at.row->aliases};
        for (size_t l = 0; l < 2; l++) {
            for (const char *p = lists[l]; p && *p;) {
                char word[64];
                size_t n = strcspn(p, " ");
                snprintf(word, sizeof word, "%.*s", (int)n, p);
                search.best = NULL;
                suggest_offer(&search, word);
                if (search.best)
                    snprintf(name, size, "%s", word);
                p += n + (p[n] != '\0');
            }
        }
    }
    return name[0] ? name : NULL;
}

/* What to write instead of an option of another program, where words are needed; or NULL. */
static const char *known_elsewhere(const struct options *options, const char *name)
{
    for (const struct option_elsewhere *row = options->elsewhere; row && row->name; row++)
        if (strcmp(row->name, name) == 0)
            return row->instead;
    return NULL;
}

/* The name that this tool has for an option of another program; NULL when it has none. */
static const char *foreign(const struct options *options, const char *name)
{
    const char *ours = NULL;
    for (size_t i = 0; (ours = suggest_foreign(name, i)); i++)
        if (options_find(options, ours))
            return ours;
    return NULL;
}

static bool unknown_name(struct options *options, const char *where, const char *name, size_t len,
                         const struct option_row *other)
{
    char wanted[64], near[64];
    const char *place = where ? where : "", *colon = where ? ": " : "", *dashes = where ? "" : "--";
    snprintf(wanted, sizeof wanted, "%.*s", (int)len, name);
    if (other)
        return options_refuse(options, "%s%soption '%s%s' belongs to '%s', not to '%s'", place,
                              colon, dashes, wanted, other->only, options->subcommand);
    const char *instead = known_elsewhere(options, wanted), *ours = foreign(options, wanted);
    if (instead)
        options_refuse(options, "%s%sunknown option '%s%s': %s", place, colon, dashes, wanted,
                       instead);
    else if (ours)
        options_refuse(options, "%s%sunknown option '%s%s': here it is '%s%s'", place, colon,
                       dashes, wanted, dashes, ours);
    else if (nearest(options, where != NULL, wanted, near, sizeof near))
        options_refuse(options, "%s%sunknown option '%s%s' (did you mean '%s%s'?)", place, colon,
                       dashes, wanted, dashes, near);
    else
        options_refuse(options, "%s%sunknown option '%s%s'", place, colon, dashes, wanted);
    if (!where)
        options_point_to_help(options);
    return false;
}

static bool unknown_letter(struct options *options, char letter, const struct option_row *other)
{
    struct option_found found;
    const struct option_row *ignored;
    char swapped = (char)(letter ^ 0x20);
    if (other)
        return options_refuse(options, "option '-%c' belongs to '%s', not to '%s'", letter,
                              other->only, options->subcommand);
    if (options_find_letter(options, swapped, &found, &ignored))
        options_refuse(options, "unknown option '-%c' (did you mean '-%c'?)", letter, swapped);
    else
        options_refuse(options, "unknown option '-%c'", letter);
    options_point_to_help(options);
    return false;
}

static bool missing(struct options *options, const struct option_found *found)
{
    return options_refuse(options, "%s needs a value: %s", found->said,
                          options_metavar(found->row));
}

/* Is `word` a long option with one dash, as Go's flags are written? "-ca" may be two letters. */
static bool lacks_dash(const struct options *options, const char *word)
{
    struct option_found found;
    const struct option_row *other;
    size_t len = strcspn(word + 1, "=");
    return (len > 2 || (len > 1 && word[1 + len])) &&
           options_find_name(options, word + 1, len, &found, &other);
}

static bool refuse_one_dash(struct options *options, const char *word)
{
    options_refuse(options, "option '%s': a long name takes two dashes, as in '-%s'", word, word);
    options_point_to_help(options);
    return false;
}

/* Sets an option without an argument as the text says that was given with it. */
static bool take_switch(struct options *options, const struct option_found *found, const char *text)
{
    if (strcmp(text, "true") == 0 || strcmp(text, "yes") == 0)
        return take(options, found, NULL);
    if (strcmp(text, "false") != 0 && strcmp(text, "no") != 0)
        return options_refuse(options, "%s takes no value", found->said);
    if (found->row->kind == OPTION_KIND_FLAG)
        options_clear(options, found);
    return true;
}

/* `next` is the word after an option whose argument is optional, and needs "=". If it looks like
 * that argument, it is not taken for something else in silence. */
static bool meant_as_argument(struct options *options, const struct option_found *found,
                              const char *next)
{
    regex_t like;
    if (!next || !found->row->like || regcomp(&like, found->row->like, REG_EXTENDED | REG_NOSUB))
        return false;
    bool meant = regexec(&like, next, 0, NULL, 0) == 0;
    regfree(&like);
    if (meant)
        options_refuse(options, "%s: write --%s=%s", found->said, found->row->name, next);
    return meant;
}

/* Handles a long option, as `word` spells it: getopt_long() accepts abbreviations, the tools do
 * not. `value` is the argument that getopt_long() found; `missing_value`: a required one is
 * missing. */
static bool take_long(struct options *options, const char *word, const char *next,
                      const char *value, bool missing_value)
{
    const char *name = word + 2;
    size_t len = strcspn(name, "=");
    struct option_found found;
    const struct option_row *other;
    if (!options_find_name(options, name, len, &found, &other))
        return unknown_name(options, NULL, name, len, other);
    char said[96];
    snprintf(said, sizeof said, "option '--%.*s'", (int)len, name);
    found.said = said;
    if (missing_value)
        return missing(options, &found);
    if (options_argument(found.row) == OPTION_ARG_NONE && name[len])
        return take_switch(options, &found, name + len + 1);
    if (!value && meant_as_argument(options, &found, next))
        return false;
    return take(options, &found, value);
}

/* Handles a short option. */
static bool take_letter(struct options *options, const char *next, char letter, const char *value,
                        bool missing_value)
{
    struct option_found found;
    const struct option_row *other;
    if (!options_find_letter(options, letter, &found, &other))
        return unknown_letter(options, letter, other);
    char said[32];
    snprintf(said, sizeof said, "option '-%c'", letter);
    found.said = said;
    if (missing_value)
        return missing(options, &found);
    if (!value && meant_as_argument(options, &found, next))
        return false;
    return take(options, &found, value);
}

/* Asserts the rules for tables; a violation is a programming error. */
static void check_tables(const struct options *options)
{
    struct option_found at = {0};
    size_t count = 0;
    while (options_next(options, &at)) {
        count++;
        assert(count <= OPTIONS_MAX && at.row->help);
        if (at.row->kind == OPTION_KIND_GROUP)
            continue;
        assert(at.row->name);
        assert(at.row->kind != OPTION_KIND_CALL || at.row->call);
        assert(at.row->kind != OPTION_KIND_CHOICE || at.row->choices);
        assert(!(at.row->flags & OPTION_OPTIONAL) || at.row->implied ||
               at.row->kind == OPTION_KIND_CALL);
        if (!options_applies(options, at.row) || (!options->subcommand && at.row->only))
            continue;
        struct option_found first;
        const struct option_row *other;
        assert(options_find_name(options, at.row->name, strlen(at.row->name), &first, &other) &&
               first.index == at.index);
        for (const char *p = at.row->letters; p && *p; p++)
            assert(!options_has_letter(at.table, at.row, *p) ||
                   (options_find_letter(options, *p, &first, &other) && first.index == at.index));
    }
    (void)count;
}

/* getopt_long() has returned -1 with words left. Is the next one a lone "-", where musl's stops?
 * glibc's reports it as a word. */
static bool stopped_at_dash(const struct options *options, const char *word, bool moved)
{
    return !options->stop_at_word && !moved && strcmp(word, "-") == 0;
}

/* Reads options up to "--", the end, or the first word if that ends them. Moves the words to the
 * front of argv, in order, over options that have been read. */
static bool read_options(struct options *options, const struct option_getopt *getopt, int argc,
                         char **argv, int *kept)
{
    optind = 0; /* restarts getopt_long(), in glibc and in musl */
    opterr = 0;
    for (int at = 1;; at = optind) {
        int c = getopt_long(argc, argv, getopt->letters, getopt->longs, NULL);
        if (c == -1) {
            if (optind >= argc || !stopped_at_dash(options, argv[optind], optind != at))
                return true;
            argv[(*kept)++] = argv[optind++];
            continue;
        }
        if (c == 1) {
            argv[(*kept)++] = optarg;
            continue;
        }
        const char *word = argv[at];
        bool is_long = word[0] == '-' && word[1] == '-';
        bool failed = c == '?' || c == ':';
        const char *next = optind < argc && optind > at ? argv[optind] : NULL;
        if (!is_long && lacks_dash(options, word))
            return refuse_one_dash(options, word);
        if (!(is_long ? take_long(options, word, next, optarg, c == ':')
                      : take_letter(options, next, (char)(failed ? optopt : c), optarg, c == ':')))
            return false;
    }
}

bool options_parse(struct options *options, int argc, char **argv)
{
    struct option_getopt getopt;
    int kept = 1;
    check_tables(options);
    exit_set_tool(options->tool);
    options->status = WS_EXIT_OK;
    optind = 1;
    bool ok = option_getopt_init(&getopt, options)
                  ? argc < 1 || read_options(options, &getopt, argc, argv, &kept)
                  : options_no_memory(options);
    option_getopt_free(&getopt);
    if (!ok)
        return false;
    for (int i = optind; i < argc; i++)
        argv[kept++] = argv[i];
    if (argc > 0)
        argv[kept] = NULL;
    options->args = argc > 0 ? argv + 1 : argv;
    options->arg_count = kept - 1;
    return true;
}

bool options_set(struct options *options, const char *where, const char *name, const char *value)
{
    struct option_found found;
    const struct option_row *other;
    bool known = options_find_name(options, name, strlen(name), &found, &other);
    if (!known || found.row->kind >= OPTION_KIND_HELP)
        return unknown_name(options, where, name, strlen(name), other);
    char said[512];
    snprintf(said, sizeof said, "%s: option '%s'", where, name);
    found.said = said;
    if (options_argument(found.row) == OPTION_ARG_NONE)
        return take_switch(options, &found, value ? value : "true");
    if (!value && options_argument(found.row) == OPTION_ARG_NEEDED)
        return missing(options, &found);
    if (value) {
        char *copy = strdup(value);
        if (!options_own(options, copy))
            return false;
        value = copy;
    }
    return take(options, &found, value);
}

void options_free(struct options *options)
{
    struct option_found at = {0};
    while (options_next(options, &at)) {
        if (at.row->kind != OPTION_KIND_LIST)
            continue;
        struct option_list *list =
            (struct option_list *)(void *)((char *)at.table->settings + at.row->offset);
        free(list->items);
        *list = (struct option_list){0};
    }
    for (size_t i = 0; i < options->owned_count; i++)
        secret_free(options->owned[i]);
    free(options->owned);
    options->owned = NULL;
    options->owned_count = 0;
}
