/*
 * options: the parser of command lines, driven by a tool's option table.
 *
 * A tool declares a struct of settings and a table of rows. The parser, --help and the hidden
 * --print-options (from which the completion files and the check of the manual are made) all use
 * the rows. Each tool's main calls it, and config.c for configuration files.
 *
 *     struct settings {
 *         struct options_common common;
 *         uint16_t port;
 *         int64_t wait_us;
 *     };
 *     static const struct option_row rows[] = {
 *         {OPTION_GROUP("Listening")},
 *         {.name = "port", .letters = "p", OPTION_PORT(struct settings, port),
 *          .help = "listen on this port; 0 picks a free one"},
 *         {.name = "wait", OPTION_DURATION(struct settings, wait_us), .flags = OPTION_RELOADABLE,
 *          .help = "wait this long for more"},
 *     };
 *
 *     struct settings settings = {.port = 8080, .wait_us = SECONDS(2)}; // defaults
 *     struct option_table tables[] = {
 *         {OPTION_ROWS(rows), &settings, NULL},
 *         {OPTION_ROWS(options_common_rows), &settings.common, NULL},
 *     };
 *     struct options options = {.tool = "tool", .usage = "tool [OPTION]... URL", .tables = tables,
 *                               .table_count = 2};
 *     if (!options_parse(&options, argc, argv))
 *         return options.status; // --help, --version or an error, after its message
 *     … options.args[0 .. options.arg_count - 1] …
 *     options_free(&options);
 *
 * Rules, as in GNU tools: --long=V, --long V, bundled letters, "--" ends options, options may
 * follow other words. An optional argument needs "=" and has no short form. Names cannot be
 * abbreviated. The last value of a repeated option counts, unless it collects a list.
 */
#ifndef CMD_COMMON_OPTIONS_OPTIONS_H
#define CMD_COMMON_OPTIONS_OPTIONS_H

#include "cmd/common/options/option_row.h"
#include "cmd/common/options/usage_error.h"

#include <stdbool.h>
#include <stddef.h>

/* The rows of struct options_common; a tool's last table. */
enum { OPTIONS_COMMON_COUNT = 8 };
extern const struct option_row options_common_rows[OPTIONS_COMMON_COUNT];

/*
 * Parses argv[1 .. argc - 1] into the settings of the tables. argv must live as long as the
 * settings are used. False when the tool has to exit with `options->status`: 0 after --help,
 * --version and --print-options; 2 after a usage error, with a message of one line; 1 when memory
 * runs out or the help cannot be written. Calls exit_set_tool().
 */
bool options_parse(struct options *options, int argc, char **argv);

/*
 * Sets one option by its long name, as a line of a configuration file does. `value` is copied, or
 * NULL if there is none. `where` ("FILE:LINE") begins error messages. The value of a flag may be
 * "true" or "yes", or "false" or "no", on the command line too. False after an error message, with
 * `options->status`.
 */
bool options_set(struct options *options, const char *where, const char *name, const char *value);

/* Was the option given, under any of its names? `name` is its long name. */
bool options_given(const struct options *options, const char *name);

/* The argument "@FILE" of a secret that was read from a file, for programs that read it again;
 * NULL for others. Lives as long as the settings. */
const char *options_secret_file(const struct options *options, const char *name);

/* True if two parse results of the same tables have the same value for the option at `index`
 * (option_found). */
bool options_same(const struct options *a, const struct options *b, size_t index);

/* Frees the memory that `options` owns: resolved secrets, values from options_set(), list items. */
void options_free(struct options *options);

#endif
