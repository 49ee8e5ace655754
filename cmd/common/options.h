/*
 * options: the one table of a tool's command line, and the parser that it drives.
 *
 * A tool declares a struct of settings and a table of rows; the parser, --help, the hidden
 * --print-options, and from that the completion files and the check of the manual page, all work
 * from the rows. Each tool's main calls it, and so does whoever reads a configuration file.
 *
 *     struct settings {
 *         struct options_common common;
 *         uint16_t port;
 *         int64_t wait; // microseconds
 *     };
 *     static const struct option_row rows[] = {
 *         {OPTION_GROUP("Listening")},
 *         {.name = "port", .letters = "p", OPTION_PORT(struct settings, port),
 *          .help = "listen on this port; 0 picks a free one"},
 *         {.name = "wait", OPTION_DURATION(struct settings, wait), .flags = OPTION_RELOADABLE,
 *          .help = "wait this long for more"},
 *     };
 *
 *     struct settings settings = {.port = 8080, .wait = 2000000}; // the defaults
 *     struct option_table tables[] = {
 *         {OPTION_ROWS(rows), &settings, NULL},
 *         {OPTION_ROWS(options_common_rows), &settings.common, NULL},
 *     };
 *     struct options options = {.tool = "tool", .usage = "tool [OPTION]... URL", .tables = tables,
 *                               .table_count = 2};
 *     if (!options_parse(&options, argc, argv))
 *         return options.status; // --help, --version or a fault that was told
 *     … options.args[0 .. options.arg_count - 1] …
 *     options_free(&options);
 *
 * Rules, as in GNU tools: --long=V, --long V, bundled letters, "--" ends options, options may
 * follow other words. An optional argument needs "=" and has no short form. Names are never
 * abbreviated. An option given twice counts the last time, unless it collects into a list.
 */
#ifndef CMD_COMMON_OPTIONS_H
#define CMD_COMMON_OPTIONS_H

#include "cmd/common/option_row.h"
#include "cmd/common/usage_error.h"

#include <stdbool.h>
#include <stddef.h>

/* The rows of struct options_common; to be the last table of a tool. */
enum { OPTIONS_COMMON_COUNT = 8 };
extern const struct option_row options_common_rows[OPTIONS_COMMON_COUNT];

/*
 * Parses argv[1 .. argc - 1] into the settings of the tables. argv must live as long as the
 * settings are used. False where the tool has to end with `options->status`: 0 after --help,
 * --version and --print-options; 2 after a fault, which was told in one line; 1 without memory or
 * where the help could not be written. Calls exit_set_tool.
 */
bool options_parse(struct options *options, int argc, char **argv);

/*
 * Sets one option by its long name, as a line of a configuration file does; `value` is NULL where
 * there is none, and copied. `where` ("FILE:LINE") begins the message in place of "option". A flag
 * may be given "true" and "yes", or "false" and "no", which leave it alone. False after a fault,
 * with `options->status`.
 */
bool options_set(struct options *options, const char *where, const char *name, const char *value);

/* Was the option given, under any of its names? `name` is its first. */
bool options_given(const struct options *options, const char *name);

/* Do two parsings of the same tables, whose settings may be others, agree on the option at `index`
 * (option_found)? */
bool options_same(const struct options *a, const struct options *b, size_t index);

/* Frees what belongs to `options`: resolved secrets, values from options_set, list
 * items. */
void options_free(struct options *options);

#endif
