#include "cmd/common/options/help.h"

#include "cmd/common/exit.h"
#include <ws/version.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

enum {
    WIDTH_LEAST = 80,
    WIDTH_MOST = 100,
    INDENT = 2,
    COLUMN = 32, /* where explanations begin */
};

/* What every tool's --help ends its options with. */
static const char general[] = "quiet verbose help version";

static FILE *output(const struct options *options)
{
    return options->out ? options->out : stdout;
}

static int width_of(FILE *out)
{
    struct winsize size;
    int fd = fileno(out);
    if (fd < 0 || ioctl(fd, TIOCGWINSZ, &size) != 0 || size.ws_col < WIDTH_LEAST)
        return WIDTH_LEAST;
    return size.ws_col > WIDTH_MOST ? WIDTH_MOST : size.ws_col;
}

static int finish(const struct options *options)
{
    FILE *out = output(options);
    errno = 0;
    if ((fflush(out) == 0 && !ferror(out)) || errno == EPIPE)
        return WS_EXIT_OK;
    exit_warn("cannot write to standard output: %m");
    return WS_EXIT_FAILURE;
}

/* Words of `text` from column `at` on, wrapped to begin at COLUMN. */
static void wrap(FILE *out, const char *text, int at, int width)
{
    bool first = true;
    while (*text) {
        int len = (int)strcspn(text, " ");
        if (!first && at + 1 + len > width) {
            fprintf(out, "\n%*s", COLUMN, "");
            at = COLUMN;
            first = true;
        }
        fprintf(out, "%s%.*s", first ? "" : " ", len, text);
        at += len + !first;
        first = false;
        text += len;
        while (*text == ' ')
            text++;
    }
    fputc('\n', out);
}

/* The letters of a row that its table enables, NUL-terminated. */
static void letters_of(const struct option_found *at, char letters[16])
{
    size_t n = 0;
    for (const char *p = at->row->letters; p && *p && n < 15; p++)
        if (options_has_letter(at->table, at->row, *p))
            letters[n++] = *p;
    letters[n] = '\0';
}

/* " (also -n, --no-check)" for the names that do not go into the first column. */
static void add_others(const struct option_row *row, const char *letters, char *text, size_t size)
{
    const char *before = " (also ";
    size_t len = strlen(text);
    for (const char *p = letters[0] ? letters + 1 : letters; *p && len < size; p++) {
        len += (size_t)snprintf(text + len, size - len, "%s-%c", before, *p);
        before = ", ";
    }
    for (const char *p = row->aliases; p && *p && len < size;) {
        int n = (int)strcspn(p, " ");
        len += (size_t)snprintf(text + len, size - len, "%s--%.*s", before, n, p);
        before = ", ";
        p += n + (p[n] != '\0');
    }
    if (before[0] == ',' && len < size)
        snprintf(text + len, size - len, ")");
}

/* ": a, b, c" for "a|b|c". */
static void add_choices(const char *choices, char *text, size_t size)
{
    const char *before = ": ";
    size_t len = strlen(text);
    for (const char *p = choices; *p && len < size;) {
        int n = (int)strcspn(p, "|");
        len += (size_t)snprintf(text + len, size - len, "%s%.*s", before, n, p);
        before = ", ";
        p += n + (p[n] != '\0');
    }
}

/* The levels of --verbose are each tool's own. */
static const char *help_of(const struct options *options, const struct option_row *row)
{
    bool verbose = options->verbose && strcmp(row->name, "verbose") == 0;
    return verbose ? options->verbose : row->help;
}

static void print_row(FILE *out, const struct options *options, const struct option_found *at,
                      int width)
{
    const struct option_row *row = at->row;
    const char *metavar = options_metavar(row);
    char letters[16], names[256], text[1024];
    letters_of(at, letters);
    const char *optional = options_argument(row) == OPTION_ARG_OPTIONAL ? "[" : "";
    snprintf(names, sizeof names, "%*s%s%.1s%s--%s%s%s%s%s", INDENT, "", letters[0] ? "-" : "  ",
             letters, letters[0] ? ", " : "  ", row->name, optional, *metavar ? "=" : "", metavar,
             *optional ? "]" : "");
    snprintf(text, sizeof text, "%s", help_of(options, row));
    /* A metavar of its own hides the choices: list them after the text. */
    if (row->choices && strcmp(metavar, row->choices) != 0)
        add_choices(row->choices, text, sizeof text);
    add_others(row, letters, text, sizeof text);
    int len = (int)strlen(names);
    fputs(names, out);
    if (len > COLUMN - 2)
        fprintf(out, "\n%*s", COLUMN, "");
    else
        fprintf(out, "%*s", COLUMN - len, "");
    wrap(out, text, COLUMN, width);
}

/* The heading above a row; "" where there is none. */
static const char *group_of(const struct option_table *table, const struct option_row *row)
{
    while (row-- > table->rows)
        if (row->kind == OPTION_KIND_GROUP)
            return row->help;
    return "";
}

/* Prints a heading and its rows, which may be spread over several tables. */
static void print_group(const struct options *options, const char *group, int width)
{
    FILE *out = output(options);
    struct option_found at = {0};
    bool begun = false;
    while (options_next(options, &at)) {
        if (at.row->kind == OPTION_KIND_GROUP || (at.row->flags & OPTION_HIDDEN) ||
            !options_applies(options, at.row) || strcmp(group_of(at.table, at.row), group) != 0)
            continue;
        if (!begun)
            fprintf(out, "\n%s%s", group, *group ? ":\n" : "");
        begun = true;
        print_row(out, options, &at, width);
    }
}

/* Was the same heading printed before? */
static bool seen_before(const struct options *options, const struct option_found *heading)
{
    struct option_found at = {0};
    while (options_next(options, &at) && at.index < heading->index)
        if (at.row->kind == OPTION_KIND_GROUP && strcmp(at.row->help, heading->row->help) == 0)
            return true;
    return false;
}

/* Prints all options, by group. */
static void print_groups(const struct options *options, int width)
{
    print_group(options, "", width);
    struct option_found at = {0};
    while (options_next(options, &at))
        if (at.row->kind == OPTION_KIND_GROUP && !seen_before(options, &at))
            print_group(options, at.row->help, width);
}

/* Prints a heading and the rows of these names, blanks between them, in their order. */
static void print_named(const struct options *options, const char *heading, const char *names,
                        int width)
{
    fprintf(output(options), "\n%s:\n", heading);
    for (const char *p = names; *p;) {
        size_t len = strcspn(p, " ");
        struct option_found at;
        const struct option_row *other;
        if (options_find_name(options, p, len, &at, &other))
            print_row(output(options), options, &at, width);
        p += len + (p[len] != '\0');
    }
}

static unsigned count_shown(const struct options *options)
{
    struct option_found at = {0};
    unsigned count = 0;
    while (options_next(options, &at))
        count += at.row->kind != OPTION_KIND_GROUP && !(at.row->flags & OPTION_HIDDEN) &&
                 options_applies(options, at.row);
    return count;
}

int help_print(const struct options *options, bool all)
{
    FILE *out = output(options);
    int width = width_of(out);
    const char *label = "Usage: ";
    for (const char *p = options->usage; p && *p;) {
        int len = (int)strcspn(p, "\n");
        fprintf(out, "%s%.*s\n", label, len, p);
        label = "       ";
        p += len + (p[len] != '\0');
    }
    if (options->about)
        fprintf(out, "%s\n", options->about);
    if (all || !options->first) {
        print_groups(options, width);
    } else {
        print_named(options, "Used most", options->first, width);
        print_named(options, "General", general, width);
        fprintf(out, "\nAll %u options: %s%s%s --help=all, and the manual, %s(1).\n",
                count_shown(options), options->tool, options->subcommand ? " " : "",
                options->subcommand ? options->subcommand : "", options->tool);
    }
    if (options->tail)
        fprintf(out, "\n%s\n", options->tail);
    return finish(options);
}

int help_version(const struct options *options)
{
    fprintf(output(options), "%s (libws) %s\n", options->tool, WS_VERSION);
    return finish(options);
}

static void print_flags(FILE *out, const struct option_row *row)
{
    const struct {
        bool set;
        const char *name;
    } flags[] = {{(row->flags & OPTION_RELOADABLE) != 0, "reloadable"},
                 {(row->flags & OPTION_SECRET) != 0, "secret"},
                 {row->kind == OPTION_KIND_LIST || row->kind == OPTION_KIND_LEVEL ||
                      (row->flags & OPTION_REPEAT),
                  "repeatable"},
                 {(row->flags & OPTION_HIDDEN) != 0, "hidden"}};
    const char *before = "";
    for (size_t i = 0; i < sizeof flags / sizeof *flags; i++) {
        if (!flags[i].set)
            continue;
        fprintf(out, "%s%s", before, flags[i].name);
        before = " ";
    }
}

int help_print_options(const struct options *options)
{
    static const char *const arguments[] = {"none", "needed", "optional"};
    FILE *out = output(options);
    struct option_found at = {0};
    if (options->subcommands || options->stop_at_word)
        fprintf(out, "\t\t\t\t\t\t%s\t\t%s\t\n", options->subcommands ? options->subcommands : "",
                options->stop_at_word ? "command" : "");
    while (options_next(options, &at)) {
        const struct option_row *row = at.row;
        if (row->kind == OPTION_KIND_GROUP || !options_applies(options, row))
            continue;
        char letters[16];
        letters_of(&at, letters);
        fprintf(out, "%s\t%s\t%s\t%s\t%s\t%s\t%s\t%s\t", row->name, letters,
                row->aliases ? row->aliases : "", arguments[options_argument(row)],
                options_metavar(row), group_of(at.table, row), row->only ? row->only : "",
                row->choices ? row->choices : "");
        print_flags(out, row);
        fprintf(out, "\t%s\n", help_of(options, row));
    }
    return finish(options);
}
