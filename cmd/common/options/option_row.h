/*
 * option_row: the rows of option tables, the tables of a tool, and functions that find rows.
 *
 * Tools declare rows through options.h. The parser, the help and the comparison of settings walk
 * them with the functions here, which have no state.
 */
#ifndef CMD_COMMON_OPTIONS_OPTION_ROW_H
#define CMD_COMMON_OPTIONS_OPTION_ROW_H

#include "cmd/common/color.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

struct options;
struct option_row;

enum option_kind {
    OPTION_KIND_GROUP,    /* not an option: the heading of the rows after it */
    OPTION_KIND_FLAG,     /* bool: becomes true */
    OPTION_KIND_LEVEL,    /* unsigned: one more each time */
    OPTION_KIND_SET,      /* int or enum: becomes row->set */
    OPTION_KIND_CALL,     /* row->call decides */
    OPTION_KIND_STRING,   /* const char *: the argument */
    OPTION_KIND_LIST,     /* struct option_list: one more each time */
    OPTION_KIND_DURATION, /* int64_t, microseconds */
    OPTION_KIND_SIZE,     /* uint64_t, bytes */
    OPTION_KIND_COUNT,    /* uint64_t */
    OPTION_KIND_NUMBER,   /* unsigned, without a unit */
    OPTION_KIND_PORT,     /* uint16_t */
    OPTION_KIND_CHOICE,   /* int or enum: the place in row->choices, from 0 */
    OPTION_KIND_HELP,     /* HELP and the kinds after it set nothing; command line only */
    OPTION_KIND_VERSION,
    OPTION_KIND_PRINT,
};

enum option_flags {
    OPTION_OPTIONAL = 1,   /* the argument may be missing: row->implied is used then */
    OPTION_RELOADABLE = 2, /* may change while the tool runs */
    OPTION_SECRET = 4,     /* STRING: secret.h resolves the argument, which is never shown */
    OPTION_HEADER = 8,     /* STRING, LIST, CALL: goes into an HTTP head; no CR, LF or NUL */
    OPTION_NEVER = 16,     /* DURATION: "-1" is allowed and gives UNITS_NEVER */
    OPTION_HIDDEN = 32,    /* not in --help */
    OPTION_REPEAT = 64,    /* CALL: collects; lists and levels do by themselves */
    OPTION_TYPED = 128,    /* allowed on the command line only, not in a file */
};

struct option_list {
    const char **items; /* borrowed from argv, or options' own */
    size_t count;
};

/*
 * Parses an option's argument. `value` is NULL for an option without an argument, and for an
 * omitted optional argument without `implied`. It lives as long as argv or, from options_set(), as
 * `options`. Returns NULL, or a description of a valid argument: "HOST:PORT:ADDRESS".
 */
typedef const char *option_call(struct options *options, const struct option_row *row,
                                void *settings, const char *value);

struct option_row {
    const char *name;    /* without dashes */
    const char *aliases; /* other long names, blanks between them, or NULL */
    const char *letters; /* short names, of which --help shows the first; or NULL */
    enum option_kind kind;
    unsigned flags;
    size_t offset;       /* in the table's settings */
    const char *metavar; /* NULL: the kind's default. A CALL without one takes no argument */
    const char *only;    /* the subcommands that have it, separated by blanks; NULL: all */
    const char *choices; /* CHOICE: "auto|always|never". Others: for completion and --help */
    const char *like;    /* OPTIONAL: what an argument looks like, an extended regular expression,
                          * to notice one that was typed after a blank; or NULL */
    const char *implied; /* OPTIONAL: the default argument; NULL only for a CALL */
    uint64_t min, max;   /* of a number, in the unit of the field; max 0: no limit */
    int set;             /* SET */
    option_call *call;   /* CALL */
    const char *help;    /* one sentence that begins with a verb or a noun, no full stop */
};

/* The fields of a row that say where an argument is stored; a field of another type is a compile
 * error. */
#define OPTION_GROUP(heading) .kind = OPTION_KIND_GROUP, .help = (heading)
#define OPTION_FLAG(type, field)                                                                   \
    .kind = OPTION_KIND_FLAG, .offset = OPTION_OFFSET_(type, field, bool)
#define OPTION_LEVEL(type, field)                                                                  \
    .kind = OPTION_KIND_LEVEL, .offset = OPTION_OFFSET_(type, field, unsigned)
#define OPTION_SET(type, field, value)                                                             \
    .kind = OPTION_KIND_SET, .offset = OPTION_ENUM_(type, field), .set = (value)
#define OPTION_CALL(function) .kind = OPTION_KIND_CALL, .call = (function)
#define OPTION_STRING(type, field)                                                                 \
    .kind = OPTION_KIND_STRING, .offset = OPTION_OFFSET_(type, field, const char *)
#define OPTION_LIST(type, field)                                                                   \
    .kind = OPTION_KIND_LIST, .offset = OPTION_OFFSET_(type, field, struct option_list)
#define OPTION_DURATION(type, field)                                                               \
    .kind = OPTION_KIND_DURATION, .offset = OPTION_OFFSET_(type, field, int64_t)
#define OPTION_SIZE(type, field)                                                                   \
    .kind = OPTION_KIND_SIZE, .offset = OPTION_OFFSET_(type, field, uint64_t)
#define OPTION_COUNT(type, field)                                                                  \
    .kind = OPTION_KIND_COUNT, .offset = OPTION_OFFSET_(type, field, uint64_t)
#define OPTION_NUMBER(type, field, least, most)                                                    \
    .kind = OPTION_KIND_NUMBER, .offset = OPTION_OFFSET_(type, field, unsigned), .min = (least),   \
    .max = (most)
#define OPTION_PORT(type, field)                                                                   \
    .kind = OPTION_KIND_PORT, .offset = OPTION_OFFSET_(type, field, uint16_t)
#define OPTION_CHOICE(type, field, list)                                                           \
    .kind = OPTION_KIND_CHOICE, .offset = OPTION_ENUM_(type, field), .choices = (list)

#define OPTION_CHECKED_(type, field, condition)                                                    \
    (offsetof(type, field) + 0 * sizeof(char[(condition) ? 1 : -1]))
#define OPTION_OFFSET_(type, field, wanted)                                                        \
    OPTION_CHECKED_(type, field,                                                                   \
                    __builtin_types_compatible_p(__typeof__(((type *)0)->field), wanted))
#define OPTION_ENUM_(type, field)                                                                  \
    OPTION_CHECKED_(type, field,                                                                   \
                    sizeof(((type *)0)->field) == sizeof(int) &&                                   \
                        !__builtin_types_compatible_p(__typeof__(((type *)0)->field), float))

/* Rows and the settings that they fill in. Tools may share rows. */
struct option_table {
    const struct option_row *rows;
    size_t count;
    void *settings;
    const char *letters; /* the letters that this tool enables; NULL: all */
};

/* The first two fields of an option_table. */
#define OPTION_ROWS(rows) (rows), sizeof(rows) / sizeof *(rows)

/* The options of every tool: --color, --no-color, --quiet, --verbose, --help, --version. */
struct options_common {
    enum color_when color;
    bool quiet;
    unsigned verbose;
};

/* An option of other programs, for the message that refuses it. */
struct option_elsewhere {
    const char *name;    /* without dashes; NULL ends a list */
    const char *instead; /* what to write, or why there is no such option: a clause, no full stop */
};

enum { OPTIONS_MAX = 256 }; /* rows of all tables of a tool together */

struct options {
    /* Set by the tool; all borrowed. */
    const char *tool;
    const char *usage;   /* one or more lines, each as printed after "Usage: " */
    const char *about;   /* printed below the usage; or NULL */
    const char *first;   /* names of the ten options that --help shows; NULL: it shows all */
    const char *tail;    /* at the end of --help: examples, exit status; or NULL */
    const char *verbose; /* the help of --verbose; NULL: what options_common_rows has */
    const struct option_table *tables;
    size_t table_count;
    const struct option_elsewhere *elsewhere; /* or NULL */
    const char *subcommands;                  /* separated by blanks, the default first; or NULL */
    const char *subcommand; /* options of other subcommands are refused; NULL: --help shows all */
    bool stop_at_word;      /* the first word that is not an option ends the options */
    FILE *out, *err;        /* NULL: stdout, stderr */

    /* Set by options_parse. */
    /* The words that are not options, NULL-terminated. They point into argv, which is reordered. */
    char **args;
    int arg_count;
    int status; /* the exit code when options_parse() returned false */

    /* Private. */
    uint8_t given[OPTIONS_MAX];
    uint64_t said[OPTIONS_MAX];           /* CALL: a digest of all arguments */
    const char *secret_file[OPTIONS_MAX]; /* secrets that came from "@FILE": that argument */
    char **owned;
    size_t owned_count;
};

/* A row, found in one of a tool's tables. */
struct option_found {
    const struct option_table *table;
    const struct option_row *row;
    size_t index;     /* over all tables */
    const char *said; /* its name in messages: "option '--port'", "FILE:LINE: option 'port'" */
};

/* Advances to the next row of all tables, headings included; start with all zero. False after the
 * last. */
bool options_next(const struct options *options, struct option_found *at);

/* Finds a long name or alias of `len` bytes among the rows that apply to the subcommand. If only
 * another subcommand has it, returns false and sets `*other` to its row (else to NULL). */
bool options_find_name(const struct options *options, const char *name, size_t len,
                       struct option_found *found, const struct option_row **other);

/* The same for a short name. */
bool options_find_letter(const struct options *options, char letter, struct option_found *found,
                         const struct option_row **other);

/* The row of a long name or an alias, in `options->subcommand`; NULL when there is none. */
const struct option_row *options_find(const struct options *options, const char *name);

/* True if two settings of the same table have the same value for `row`. Always true for a CALL,
 * whose field is unknown here; options_same() (options.h) compares its arguments. */
bool options_equal(const struct option_row *row, const void *a, const void *b);

enum option_argument { OPTION_ARG_NONE, OPTION_ARG_NEEDED, OPTION_ARG_OPTIONAL };
enum option_argument options_argument(const struct option_row *row);

/* The argument's name in --help; "" if the option has none. */
const char *options_metavar(const struct option_row *row);

/* Does the subcommand have this row? */
bool options_applies(const struct options *options, const struct option_row *row);

/* Is `letter` an enabled short name of `row` in `table`? */
bool options_has_letter(const struct option_table *table, const struct option_row *row,
                        char letter);

#endif
